"""`outbox recover`: what a crash left behind."""

from __future__ import annotations

from pathlib import Path

import click

from outbox.command_line import EXIT_OK, EXIT_WORK_REMAINS, json_option, print_json
from outbox.commands.opened import opened
from outbox.settings import OutboxSettings

_SHOWN = 20


@click.command()
@click.option(
    "--salvage",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="NEW",
    help="Instead: read what can be read of a damaged outbox into a new file.",
)
@json_option
def recover(*, target: Path | None, as_json: bool) -> int:
    """Finish or sweep what a crash left behind; generators and worker do so themselves when they start.

    A file that somebody changed by hand in between is kept and told: exit code 4. A parked list that cannot be (an
    event held behind one that is not parked) is rebuilt from the log and the decisions, and that is listed as well.

    \b
    Examples:
      outbox recover
      outbox recover --salvage outbox-new.db
    """
    if target is not None:
        return _salvage(target, as_json=as_json)
    with opened(publish=True) as box:
        found = box.recovered
        mended = box.mend_parked()
    if as_json:
        print_json(
            {
                "published": list(found.published),
                "swept": found.swept,
                "conflicts": list(found.conflicts),
                "lost": list(found.lost),
                "blocked": list(found.blocked),
                "others": list(found.others),
                "parked": list(mended),
            }
        )
    else:
        for path in found.published:
            click.echo(f"published  {path}")
        if found.swept:
            click.echo(f"swept      {found.swept} staged files that no event names")
        for path in found.conflicts:
            click.echo(f"conflict   {path}: changed by hand since, kept; `generate sync` takes the change over")
        for path in found.lost:
            click.echo(f"lost       {path}: its bytes are gone; run its generator again")
        for path in found.blocked:
            click.echo(f"blocked    {path}: cannot be written; clear its place, then run this again")
        for path in found.others:
            click.echo(f"left       {path}: staged for another outbox, or for a copy of this one, which finishes it")
        click.echo(_mended(mended), nl=bool(mended))
        if found.nothing and not mended:
            click.echo("nothing to recover")
    return EXIT_WORK_REMAINS if found.conflicts or found.lost or found.blocked else EXIT_OK


def _mended(seqs: tuple[int, ...]) -> str:
    if not seqs:
        return ""
    shown = ", ".join(map(str, seqs[:_SHOWN])) + (", …" if len(seqs) > _SHOWN else "")
    return f"parked     the list was made anew for {len(seqs):,} events: {shown}"


def _salvage(target: Path, *, as_json: bool) -> int:
    # Imported here: the usual recovery does not need it.
    from outbox.ops.salvage import salvage  # noqa: PLC0415

    found = salvage(OutboxSettings.from_env().outbox_path, target.absolute())
    if as_json:
        plain = {"events": found.events, "lost": list(found.lost), "lost_acts": found.lost_acts, "path": str(target)}
        print_json(plain)
    else:
        click.echo(f"{found.events:,} events saved to {target}")
        if found.lost:
            click.echo(f"{len(found.lost):,} could not be read: {', '.join(map(str, found.lost[:20]))}")
            click.echo("append them again with `generate import` on the course folders", err=True)
        if found.lost_acts:
            click.echo(f"{found.lost_acts:,} entries of the audit trail could not be read: see `outbox parked list`")
        click.echo(f"set OUTBOX_PATH={target} to use it; keep the damaged file", err=True)
    return EXIT_WORK_REMAINS if found.lost or found.lost_acts else EXIT_OK
