"""`outbox import`: what `outbox export` wrote, into this outbox."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from tempfile import TemporaryFile
from typing import IO, BinaryIO, cast

import click

from outbox.command_line import EXIT_FAILED, EXIT_OK, json_option, print_json
from outbox.ops.taking_in import TakenIn, take_in
from outbox.outbox import Outbox
from outbox.settings import OutboxSettings

_GZIP = b"\x1f\x8b"


@click.command("import")
@click.argument("source", metavar="FILE", type=click.File("rb"))
@json_option
def import_(*, source: BinaryIO, as_json: bool) -> int:
    """Take in what `outbox export` wrote: of a clone, a salvage or another host.

    Each event is appended again if it is new, and listed if it is not: it is here already, it says what stands
    here, or it is older than that. Importing a file again appends nothing. FILE may be compressed with gzip; '-' is
    stdin. Where OUTBOX_PATH names no outbox yet, one is made.

    \b
    Examples:
      outbox import log.jsonl
      ssh other-host outbox export --files | outbox import -
    """
    settings = OutboxSettings.from_env()
    with (
        _unpacked(source) as lines,
        Outbox.open(
            settings.outbox_path, content_root=settings.content_root, payload_limit_bytes=settings.payload_limit_bytes
        ) as box,
    ):
        done = take_in(box, _lines(lines), _lines(lines), source=getattr(source, "name", "-"))
    if as_json:
        print_json(asdict(done))
    else:
        _show(done)
    for failure in done.failures:
        click.echo(f"error: {failure}", err=True)
    return EXIT_FAILED if done.failures else EXIT_OK


def _show(done: TakenIn) -> None:
    click.echo(f"{done.appended:,} events appended")
    click.echo(f"{done.here:,} are here already, {done.unchanged:,} say what stands here")
    if done.older_events:
        click.echo(f"{done.older_events:,} are older than what stands here about the same thing, and were left out:")
        for line in done.older:
            click.echo(f"  {line}")
    if done.files:
        click.echo(f"{len(done.files):,} files published")
    for path in done.kept:
        click.echo(f"kept: {path} was changed here; to replace it, move it away and run this again")


@contextmanager
def _unpacked(source: BinaryIO) -> Iterator[IO[bytes]]:
    """A file that can be read twice, whatever it was: a pipe, or compressed."""
    with TemporaryFile() as spool:
        shutil.copyfileobj(source, spool)
        spool.seek(0)
        if spool.read(len(_GZIP)) != _GZIP:
            yield spool
            return
        spool.seek(0)
        with gzip.open(spool) as unpacked:
            yield cast("IO[bytes]", unpacked)


def _lines(lines: IO[bytes]) -> Iterator[bytes]:
    lines.seek(0)
    yield from lines
