"""`outbox export`: the log as JSON Lines."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

import click

from outbox.command_line import SEQ, TEXT
from outbox.commands.opened import opened
from outbox.log.durable import sha256_of_bytes
from outbox.outbox import Outbox


@click.command()
@click.option("--after", type=click.IntRange(0, SEQ.max), default=0, show_default=True, help="Begin behind this seq.")
@click.option("--type", "event_type", metavar="TYPE", type=TEXT, help="Only this type.")
@click.option("--files", is_flag=True, help="And the published files, as they were published.")
@click.option("--output", type=click.File("w", encoding="utf-8"), default="-", help="File to write (default: stdout).")
def export(*, after: int, event_type: str | None, files: bool, output: TextIO) -> None:
    """Write the log, payloads and all, one JSON object a line.

    It reads in short steps: a slow reader of its output never keeps the WAL from being cut back. `outbox import`
    takes it in elsewhere. What was decided about events (an edit, a discard) is not in it; how many that are is told.

    \b
    Examples:
      outbox export | gzip > log.jsonl.gz
      outbox export --files --output everything.jsonl
    """
    # In another encoding than UTF-8 a raw letter would be no JSON any more.
    ascii_only = "utf" not in (getattr(output, "encoding", None) or "utf-8").lower()
    written = {"events": 0, "files": 0}
    decided = 0

    def write(what: str, lines: Iterable[dict[str, Any]]) -> None:
        for line in lines:
            output.write(json.dumps(line, ensure_ascii=ascii_only) + "\n")
            written[what] += 1

    with opened(publish=files, reading=not files) as box:
        decisions = box.decisions()

        def events() -> Iterator[dict[str, Any]]:
            nonlocal decided
            for event in box.events(after=after, event_type=event_type):
                decision = decisions.of(event.seq)
                decided += decision is not None and decision.differs
                yield event.as_dict()

        write("events", events())
        if files:
            write("files", _published(box))
    output.flush()
    and_files = f" and {written['files']:,} files" if files else ""
    click.echo(f"{written['events']:,} events{and_files} written", err=True)
    if decided:
        click.echo(
            f"warning: {decided:,} of these events were edited, discarded or set aside here (`outbox parked`), and are "
            "written as they were appended: where they are taken in, that has to be decided again",
            err=True,
        )


def _published(box: Outbox) -> Iterator[dict[str, str]]:
    """Yield the files below CONTENT_ROOT that are as they were published; `generate sync` takes over the others."""
    for known in box.files():
        place = box.place_of(known.path)
        if known.base or not place.is_file():
            continue
        data = place.read_bytes()
        if sha256_of_bytes(data) == known.sha256:
            yield {"file": known.path, "sha256": known.sha256, "data": base64.b64encode(data).decode()}
