"""`outbox export`: the log as JSON Lines."""

from __future__ import annotations

import json
from typing import TextIO

import click

from outbox.commands.opened import opened


@click.command()
@click.option("--after", type=click.IntRange(min=0), default=0, show_default=True, help="Begin behind this seq.")
@click.option("--type", "event_type", metavar="TYPE", help="Only this type.")
@click.option("--output", type=click.File("w", encoding="utf-8"), default="-", help="File to write (default: stdout).")
def export(*, after: int, event_type: str | None, output: TextIO) -> None:
    """Write the log, payloads and all, one JSON object a line.

    It reads in short steps: a slow reader of its output never keeps the WAL from being cut back.

    \b
    Example:
      outbox export | gzip > log.jsonl.gz
    """
    # In another encoding than UTF-8 a raw letter would be no JSON any more.
    ascii_only = "utf" not in (getattr(output, "encoding", None) or "utf-8").lower()
    with opened() as box:
        while found := box.read(after=after, event_type=event_type):
            output.writelines(json.dumps(event.as_dict(), ensure_ascii=ascii_only) + "\n" for event in found)
            after = found[-1].seq
