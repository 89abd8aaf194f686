"""`outbox parked`: what the database did not take, and what a person decides about it."""

from __future__ import annotations

import json
from typing import Any

import click

from outbox import audit, resolve
from outbox.command_line import json_option, print_json
from outbox.commands.opened import opened
from outbox.errors import ParkedConflict
from outbox.parked import ParkedEvent
from outbox.readable import as_data, as_fields
from outbox.terminal import one_line

_reason = click.option("--reason", required=True, help="Why; kept in the audit trail.")


@click.group()
def parked() -> None:
    """List and resolve what the database did not take.

    A parked event is itself at fault; held ones wait behind it, so that order is kept. Resolve the parked one
    and they follow by themselves.

    \b
    Examples:
      outbox parked list
      outbox parked show 42
    """


@parked.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List parked and held events, in order.

    \b
    Example:
      outbox parked list --json | jq '.[].seq'
    """
    with opened(reading=True) as box:
        rows = box.parked.list()
    if as_json:
        print_json([row.as_dict() for row in rows])
        return
    for row in rows:
        click.echo(_line(row))
    if not rows:
        click.echo("nothing is parked", err=True)


@parked.command()
@click.argument("seq", type=click.IntRange(min=1))
@json_option
def show(*, seq: int, as_json: bool) -> None:
    """Show one parked event: why, what waits for it, its payload, and what was decided so far.

    \b
    Example:
      outbox parked show 42
    """
    with opened(reading=True) as box:
        row = box.parked.find(seq)
        if row is None:
            raise ParkedConflict(f"event {seq} is not parked: `outbox parked list` shows those that are")
        event = box.event(seq)
        waiting = [other.seq for other in box.parked.held_behind(seq)]
        history = [record.as_dict() for record in audit.trail(box.connection, seq=seq)]
    found = {
        **row.as_dict(),
        "held_behind_it": waiting,
        "payload": as_data(row.payload_json or event.payload_json),
        "audit": history,
    }
    if as_json:
        print_json(found)
        return
    for key, value in found.items():
        click.echo(f"{key:<15} {_plain(value)}")


@parked.command()
@click.argument("seq", type=click.IntRange(min=1))
@click.option("--reason", help="Why; kept in the audit trail.")
def retry(*, seq: int, reason: str | None) -> None:
    """Try a parked event again as it is: its cause was mended elsewhere.

    \b
    Example:
      outbox parked retry 42
    """
    with opened() as box:
        resolve.retry(box, seq, reason)
    _told(seq, "is tried again")


@parked.command()
@click.argument("seq", type=click.IntRange(min=1))
@click.option("--file", "source", type=click.File(encoding="utf-8"), help="The whole new payload as JSON ('-': stdin).")
@click.option(
    "--set", "fields", multiple=True, metavar="FIELD=JSON", help="Replace one field, for example title='\"X\"'."
)
@_reason
def edit(*, seq: int, source: Any, fields: tuple[str, ...], reason: str) -> None:
    """Apply a parked event with a corrected payload; the original stays in the log.

    Without --file and --set it opens $EDITOR.

    \b
    Examples:
      outbox parked edit 42 --set 'sequence_order=3' --reason 'was 99999'
      outbox parked edit 42 --reason 'title was empty'
    """
    with opened() as box:
        row = box.parked.find(seq)
        current = as_fields((row.payload_json if row else None) or box.event(seq).payload_json)
        click.echo(resolve.edit(box, seq, _edited(current, source, fields), reason))
    _told(seq, "is applied as edited")


@parked.command()
@click.argument("seq", type=click.IntRange(min=1))
@_reason
def discard(*, seq: int, reason: str) -> None:
    """Never apply a parked event; what is held behind it goes on without it.

    \b
    Example:
      outbox parked discard 42 --reason 'draft that nobody wants'
    """
    with opened() as box:
        resolve.discard(box, seq, reason)
    _told(seq, "is discarded")


@parked.command()
@click.argument("seq", type=click.IntRange(min=1))
@_reason
def supersede(*, seq: int, reason: str) -> None:
    """Apply a parked event with the text that its file has now.

    \b
    Example:
      outbox parked supersede 42 --reason 'file was repaired'
    """
    with opened(publish=True) as box:
        click.echo(resolve.supersede(box, seq, reason))
    _told(seq, "is applied with its file as it is now")


def _edited(current: dict[str, Any], source: Any, fields: tuple[str, ...]) -> dict[str, Any]:
    if source is not None:
        text = source.read()
    elif fields:
        for assignment in fields:
            name, separator, value = assignment.partition("=")
            if not separator:
                raise click.BadParameter(f"{assignment!r} is not FIELD=JSON", param_hint="--set")
            current[name] = _json(value, f"--set {name}")
        return current
    else:
        text = click.edit(json.dumps(current, ensure_ascii=False, indent=2), extension=".json") or ""
        if not text.strip():
            raise click.UsageError("nothing was edited; the event stays parked")
    edited = _json(text, "the payload")
    if not isinstance(edited, dict):
        raise click.UsageError("a payload is a JSON object")
    return edited


def _json(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as exc:
        raise click.UsageError(f"{what} is not JSON: {exc}") from exc


def _line(row: ParkedEvent) -> str:
    place = f"{row.seq:>8}  {row.state.value:<9}  {row.type:<24} {row.verdict:<11} {row.sqlstate or '-':<6}"
    return f"{place} {one_line(row.reason)}"


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else one_line(value)


def _told(seq: int, what: str) -> None:
    click.echo(f"event {seq} {what} by the worker, and what is held behind it follows", err=True)
