"""`outbox events` and `outbox show`: what the log says."""

from __future__ import annotations

import json
from uuid import UUID

import click

from outbox.catalogue.event import Event
from outbox.catalogue.readable import as_data, named
from outbox.command_line import SEQ, TEXT, json_option, print_json
from outbox.commands.opened import opened
from outbox.outbox import Outbox
from outbox.terminal import one_line

_DEFAULT_LIMIT = 20


@click.command()
@click.option("--type", "event_type", metavar="TYPE", type=TEXT, help="Only this type, for example content.upserted.")
@click.option("--aggregate", metavar="UUID", type=click.UUID, help="Only the events of this aggregate.")
@click.option(
    "--after", metavar="SEQ", type=click.IntRange(0, SEQ.max), help="Begin after this seq (default: the newest)."
)
@click.option("--limit", type=SEQ, default=_DEFAULT_LIMIT, show_default=True, help="At most so many.")
@click.option("--follow", is_flag=True, help="Then wait for more, until Ctrl-C.")
@json_option
def events(
    *, event_type: str | None, aggregate: UUID | None, after: int | None, limit: int, follow: bool, as_json: bool
) -> None:
    """List events, oldest first: the newest ones, or those after a seq.

    With --json one JSON object a line, without the payload (`outbox show` prints that).

    \b
    Examples:
      outbox events --type content.upserted
      outbox events --after 0 --limit 1000 --json
      outbox events --follow
    """
    with opened(reading=True) as box:
        found = _select(box, event_type, aggregate, after, limit)
        for event in found:
            _print(event, as_json=as_json)
        if follow:
            start = found[-1].seq if found else box.last_seq
            for event in box.events(after=start, event_type=event_type, aggregate_id=aggregate, follow=True):
                _print(event, as_json=as_json)


@click.command()
@click.argument("seq", type=SEQ)
@json_option
def show(*, seq: int, as_json: bool) -> None:
    """Show one event, payload and all.

    \b
    Examples:
      outbox show 42
      outbox show 42 --json | jq -r .payload.body
    """
    with opened(reading=True) as box:
        event = box.event(seq)
        if as_json:
            print_json(event.as_dict())
            return
        for key, value in event.as_dict(payload=False).items():
            click.echo(f"{key:<15} {', '.join(value) or '-' if isinstance(value, list) else value}")
        click.echo("payload")
        click.echo(json.dumps(as_data(event.payload_json), ensure_ascii=False, indent=2))


def _select(box: Outbox, event_type: str | None, aggregate: UUID | None, after: int | None, limit: int) -> list[Event]:
    if after is not None:
        return box.read(after=after, limit=limit, event_type=event_type, aggregate_id=aggregate)
    if aggregate is not None:
        return [*box.events(event_type=event_type, aggregate_id=aggregate)][-limit:]
    return box.tail(limit=limit, event_type=event_type)


def _print(event: Event, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(event.as_dict(payload=False), ensure_ascii=False))
        return
    key = named(event.type, event.payload_json) or event.aggregate_id
    click.echo(f"{event.seq:>8}  {event.occurred_at:%Y-%m-%d %H:%M:%S}  {event.type:<24} {one_line(key)}")
