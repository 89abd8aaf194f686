"""`python -m benchmarks.load`: one log as long as is asked for, and a fleet of outboxes into one database."""

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from benchmarks.load.fleet import fleets
from benchmarks.load.growth import grown
from benchmarks.load.kept import Row, keep
from benchmarks.load.steady import rates
from benchmarks.machine import described, machine

PARTS = ("log", "fleet", "steady")


@click.command()
@click.option("--events", default=20_000, show_default=True, type=click.IntRange(min=1_000), help="In the one log.")
@click.option("--outboxes", default=2, show_default=True, type=click.IntRange(min=1, max=50), help="In the fleet.")
@click.option("--fleet-events", default=2_000, show_default=True, type=click.IntRange(min=500), help="In all of them.")
@click.option("--most-rate", default=100, show_default=True, type=click.IntRange(min=25), help="Events/s, steadily.")
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="Measure only this; may be repeated.")
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Keep the figures in this file.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Work on the disk of this folder: about 2 KB are needed for each event of the log.",
)
def main(
    events: int,
    outboxes: int,
    fleet_events: int,
    most_rate: int,
    only: tuple[str, ...],
    file: Path | None,
    folder: Path | None,
) -> None:
    """Load an outbox and a database until something gives; prints a JSON object for each part.

    The defaults end in about a minute. 10,000,000 events and 50 outboxes take an hour and 20 GB.
    """
    with tempfile.TemporaryDirectory(prefix="load-", dir=folder) as here:
        found = machine(Path(here))
        click.echo(described(found), err=True)
        parts: dict[str, Callable[[], Iterator[Row]]] = {
            "log": lambda: grown(Path(here), events),
            "fleet": lambda: fleets(Path(here) / "fleet", outboxes, fleet_events),
            "steady": lambda: rates(Path(here) / "steady", outboxes, most_rate),
        }
        for name in PARTS:
            if name in only or not only:
                click.echo(json.dumps({name: keep(file, found, name, parts[name]())}, ensure_ascii=False))


if __name__ == "__main__":
    main()
