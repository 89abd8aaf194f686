"""`python -m benchmarks [THEME]...`: everything measured side by side, five times, as one table."""

import tempfile
from pathlib import Path

import click

from benchmarks import quick as quick_look
from benchmarks import slow_disk
from benchmarks.machine import described, machine
from benchmarks.results import FOLDER, Results, save
from benchmarks.runs import THEMES, measured
from benchmarks.table import table


@click.command()
@click.argument("themes", nargs=-1, type=click.Choice(list(THEMES)))
@click.option("--runs", default=5, show_default=True, type=click.IntRange(min=1), help="Runs of each theme.")
@click.option("--save", "name", metavar="NAME", help="Keep the figures in benchmarks/results/NAME.json as well.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Measure on the disk of this folder.",
)
@click.option(
    "--fsync-ms", type=click.FloatRange(min=0), help="Make each fsync take that much longer, as other disks do."
)
@click.option("--quick", is_flag=True, help="Only compare ratios with benchmarks/baseline.json: 4 if one got worse.")
@click.option("--accept", is_flag=True, help="With --quick: write what is measured as the new baseline.")
@click.option(
    "--slower", metavar="PERCENT", default=0.0, help="With --quick: slow our appends and reads, to see it fail."
)
@click.pass_context
def main(
    context: click.Context,
    themes: tuple[str, ...],
    runs: int,
    name: str | None,
    folder: Path | None,
    fsync_ms: float | None,
    quick: bool,  # noqa: FBT001 - click hands options over by name
    accept: bool,  # noqa: FBT001
    slower: float,
) -> None:
    """Measure THEMEs, all by default: ratios against ceilings and peers, the median of the runs (least .. most).

    A missed target is no failure here, for a busy machine is none: the exit code is 0. With --quick, a ratio that
    got more than 25 % worse than its baseline, in three measurings, is: the exit code is 4.
    """
    if (accept or slower) and not quick:
        raise click.UsageError("--accept and --slower go with --quick")
    if quick and accept:
        quick_look.accept()
        return
    if quick:
        context.exit(quick_look.run(slower=slower))
    if fsync_ms is not None:
        slow_disk.start_over(fsync_ms)
    names = [known for known in THEMES if known in themes or not themes]
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=folder) as here:
        found = Results(machine=machine(Path(here)), themes={})
    for done in measured(names, runs, folder):
        found = Results(machine=found.machine, themes=done)
        if name:
            save(FOLDER / f"{name}.json", found)
    click.echo(described(found.machine))
    click.echo(f"synchronous=FULL; the median of {runs} runs (least .. most)\n")
    click.echo(table(found.findings(), aligned=True), nl=False)


if __name__ == "__main__":
    main()
