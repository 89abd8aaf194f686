"""`outbox parked`: what the database did not take, and what a person decides about it."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click

from outbox.catalogue.event import Event
from outbox.catalogue.readable import as_data, as_fields, named
from outbox.command_line import EXIT_FAILED, EXIT_OK, SEQ, TEXT, json_option, print_json
from outbox.commands.opened import opened
from outbox.errors import ParkedConflict
from outbox.notes import audit
from outbox.notes.parked import ParkedEvent, ParkedState
from outbox.ops import resolve
from outbox.outbox import Outbox
from outbox.terminal import beside, one_line

PREVIEWED = 10
PAGE = 500
_reason = click.option("--reason", type=TEXT, required=True, help="Why; kept in the audit trail.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which parked events a command is about."""

    seqs: tuple[int, ...]
    everything: bool
    yes: bool
    event_type: str | None
    sqlstate: str | None
    course: str | None
    since: dt.datetime | None

    @property
    def filters(self) -> bool:
        """Whether a condition is given."""
        return any(one is not None for one in (self.event_type, self.sqlstate, self.course, self.since))

    def picks(self, row: ParkedEvent, event: Event) -> bool:
        """Whether the conditions hold for an event."""
        return (
            self.event_type in {None, row.type}
            and self.sqlstate in {None, row.sqlstate}
            and (self.since is None or row.parked_at >= self.since.replace(tzinfo=self.since.tzinfo or dt.UTC))
            and (self.course is None or _is_of(self.course, event))
        )


def _filters(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--since",
            metavar="TIME",
            type=click.DateTime(),
            help="Only those parked at or after this time (UTC): 2026-11-30, or 2026-11-30T08:15:00.",
        ),
        click.option(
            "--course", metavar="SLUG", type=TEXT, help="Only those of the course whose project has this slug."
        ),
        click.option("--sqlstate", type=TEXT, help="Only those refused with this SQLSTATE."),
        click.option("--type", "event_type", type=TEXT, help="Only events of this type."),
    ):
        command = option(command)
    return command


def _many(command: Callable[..., Any]) -> Callable[..., Any]:
    """Several events: by SEQ, or all that are parked, or those for which conditions hold."""
    command = click.option("--yes", is_flag=True, help="Do not ask, where events are chosen by --all or a condition.")(
        _filters(command)
    )
    command = click.option("--all", "everything", is_flag=True, help="Every parked event.")(command)
    return click.argument("seqs", metavar="[SEQ]...", nargs=-1, type=SEQ)(command)


@click.group()
def parked() -> None:
    """List and resolve what the database did not take.

    A parked event is itself at fault; held ones wait behind it, so that order is kept. Resolve the parked one
    and they follow by themselves.

    \b
    Examples:
      outbox parked list
      outbox parked show 42
      outbox parked retry --all
    """


@parked.command("list")
@_filters
@json_option
def list_(*, as_json: bool, **conditions: Any) -> None:
    """List parked and held events, in order.

    \b
    Examples:
      outbox parked list --json | jq '.[].seq'
      outbox parked list --course pao-caseiro
    """
    choice = Choice(seqs=(), everything=True, yes=True, **conditions)
    shown: list[Any] = []
    with opened(reading=True) as box:
        rows = box.parked.list()
        for row, event in _with_events(box, rows):
            if not choice.filters or (event and choice.picks(row, event)):
                shown.append({**row.as_dict(), "key": _key(event)} if as_json else _line(row, event))
    if as_json:
        print_json(shown)
        return
    if shown:
        click.echo("\n".join(shown))
    else:
        click.echo("nothing is parked" if not rows else f"none of {len(rows)} is chosen by that", err=True)


@parked.command()
@click.argument("seq", type=SEQ)
@json_option
def show(*, seq: int, as_json: bool) -> None:
    """Show one parked event, and why.

    Also what waits for it, its payload, and what was decided so far.

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
        "key": _key(event),
        "held_behind_it": waiting,
        "payload": as_data(row.payload_json or event.payload_json),
        "audit": history,
    }
    if as_json:
        print_json(found)
        return
    for key, value in found.items():
        head, text = f"{key:<15} ", one_line(_plain(value))
        click.echo(head + text if isinstance(value, (dict, list)) else beside(head, text))  # JSON is copied


@parked.command()
@_many
@click.option("--reason", type=TEXT, help="Why; kept in the audit trail.")
def retry(*, reason: str | None, **chosen: Any) -> int:
    """Try parked events again: their cause was mended elsewhere.

    \b
    Examples:
      outbox parked retry 42
      outbox parked retry --sqlstate 23514
    """
    return _decide(Choice(**chosen), "tried again", lambda box, seq: resolve.retry(box, seq, reason))


@parked.command()
@_many
@click.option("--file", "source", type=click.File(encoding="utf-8"), help="The whole new payload as JSON ('-': stdin).")
@click.option(
    "--set",
    "fields",
    type=TEXT,
    multiple=True,
    metavar="FIELD=VALUE",
    help="Replace one field; the value is JSON, or text: title=Bom, sequence_order=3.",
)
@_reason
def edit(*, source: Any, fields: tuple[str, ...], reason: str, **chosen: Any) -> int:
    """Apply parked events with a corrected payload.

    The original stays in the log. Without --file and --set it opens $EDITOR, for one event.

    \b
    Examples:
      outbox parked edit 42 --set sequence_order=3 --reason 'was 99999'
      outbox parked edit 42 --set title=Bom --reason 'title was empty'
      outbox parked edit --course pao-caseiro --set status=draft --reason 'no such status'
    """
    choice = Choice(**chosen)
    if not fields and len(choice.seqs) != 1:
        raise click.UsageError("several events are edited with --set: a payload, or an editor, is for one SEQ")

    def act(box: Outbox, seq: int) -> None:
        row = box.parked.find(seq)
        current = as_fields((row.payload_json if row else None) or box.event(seq).payload_json)
        click.echo(resolve.edit(box, seq, _edited(current, source, fields), reason))

    return _decide(choice, "applied as edited", act)


@parked.command()
@_many
@click.option("--alone", is_flag=True, help="Leave what only adds to it; each is refused then, and parked.")
@_reason
def discard(*, alone: bool, reason: str, **chosen: Any) -> int:
    """Never apply parked events; the rest goes on without them.

    Where one is the first version of its row, the patches, tags and links that only add to it are discarded with it.

    \b
    Examples:
      outbox parked discard 42 --reason 'draft that nobody wants'
      outbox parked discard 42 43 57 --reason 'drafts that nobody wants'
    """

    def act(box: Outbox, seq: int) -> str:
        along = resolve.discard(box, seq, reason, alone=alone)
        return f"with it {_count(len(along))} that only {_adds(along)} to it: {_some(along)}" if along else ""

    def preview(box: Outbox, seq: int) -> str:
        along = () if alone else resolve.additions(box, seq)
        return f"and {_count(len(along))} that only {_adds(along)} to it" if along else ""

    return _decide(Choice(**chosen), "discarded", act, preview=preview)


@parked.command()
@_many
@_reason
def supersede(*, reason: str, **chosen: Any) -> int:
    """Apply parked events with the text that their file has now.

    \b
    Example:
      outbox parked supersede 42 --reason 'file was repaired'
    """

    def act(box: Outbox, seq: int) -> None:
        click.echo(resolve.supersede(box, seq, reason))

    return _decide(Choice(**chosen), "applied with its file as it is now", act, publish=True)


@parked.command()
@click.argument("seqs", metavar="SEQ...", nargs=-1, required=True, type=SEQ)
@_reason
def park(*, seqs: tuple[int, ...], reason: str) -> int:
    """Set aside events that are not delivered yet.

    What does not depend on them goes on. For an event at which the worker stands and that nothing else gets past.
    Decide about it then like about any other.

    \b
    Example:
      outbox parked park 42 --reason 'its trigger is being looked at'
    """
    with opened() as box:
        return _each(box, seqs, "set aside", lambda one: resolve.set_aside(box, one, reason))


def _decide(
    choice: Choice,
    done: str,
    act: Callable[[Outbox, int], str | None],
    *,
    preview: Callable[[Outbox, int], str] = lambda _box, _seq: "",
    publish: bool = False,
) -> int:
    if choice.seqs and (choice.everything or choice.filters):
        raise click.UsageError("say which events: by SEQ, or by --all and conditions")
    if not (choice.seqs or choice.everything or choice.filters):
        raise click.UsageError("say which events: SEQ..., --all, --type, --sqlstate, --course or --since")
    with opened(publish=publish) as box:
        seqs = choice.seqs
        if not seqs:
            chosen = [
                (row, event)
                for row, event in _with_events(box, box.parked.list(state=ParkedState.PARKED))
                if event is not None and choice.picks(row, event)
            ]
            if not chosen:
                click.echo(_none_chosen(box, choice), err=True)
                return EXIT_OK
            for row, event in chosen[:PREVIEWED]:
                click.echo(f"{_line(row, event)}  {preview(box, row.seq)}".rstrip(), err=True)
            if len(chosen) > PREVIEWED:
                click.echo(f"… and {len(chosen) - PREVIEWED:,} more", err=True)
            question = f"{len(chosen):,} parked event{'s are' if len(chosen) > 1 else ' is'} to be {done}: go on?"
            # Who calls it from a script has said --all, or a condition, and is not there to be asked.
            if not choice.yes and sys.stdin.isatty() and not click.confirm(question, err=True):
                raise click.UsageError("nothing was decided")
            seqs = tuple(row.seq for row, _ in chosen)
        return _each(box, tuple(dict.fromkeys(seqs)), done, lambda seq: act(box, seq))


def _none_chosen(box: Outbox, choice: Choice) -> str:
    """Tell why nothing is left to decide: what fits may be decided about, or wait for others."""
    fit = [row for row, event in _with_events(box, box.parked.list()) if event is not None and choice.picks(row, event)]
    held = sum(row.state is ParkedState.HELD for row in fit)
    if not fit:
        return "no parked event is chosen by that: `outbox parked list` shows them"
    return (
        f"nothing is left to decide: of {_count(len(fit))} that fit, {len(fit) - held:,} are decided about and are the "
        f"worker's to carry out, {held:,} are held behind others"
    )


def _each(box: Outbox, seqs: Sequence[int], done: str, act: Callable[[int], str | None]) -> int:
    """Act on each, in one transaction; those that could not be decided are listed, the others are decided."""
    if len(seqs) == 1:
        told = act(seqs[0])
        click.echo(_told(seqs[0], done, told), err=True)
        return EXIT_OK
    found = resolve.each(box, seqs, act)
    for seq, error in found.refused[:PREVIEWED]:
        click.echo(f"error: event {seq}: {error}", err=True)
    if len(found.refused) > PREVIEWED:
        click.echo(f"error: and {len(found.refused) - PREVIEWED:,} more", err=True)
    follows = "" if done == "set aside" else ", and what is held behind them follows"
    click.echo(
        f"{_count(found.decided)} {'is' if found.decided == 1 else 'are'} {done} by the worker{follows}", err=True
    )
    return EXIT_FAILED if found.refused else EXIT_OK


def _edited(current: dict[str, Any], source: Any, fields: tuple[str, ...]) -> dict[str, Any]:
    if source is not None:
        text = source.read()
    elif fields:
        for assignment in fields:
            name, separator, value = assignment.partition("=")
            if not separator:
                raise click.BadParameter(f"{assignment!r} is not FIELD=VALUE", param_hint="--set")
            current[name] = _value(name, value, current.get(name))
        return current
    else:
        text = click.edit(json.dumps(current, ensure_ascii=False, indent=2), extension=".json") or ""
        if not text.strip():
            raise click.UsageError("nothing was edited; the event stays parked")
    edited = _json(text, "the payload")
    if not isinstance(edited, dict):
        raise click.UsageError("a payload is a JSON object")
    return edited


def _value(name: str, text: str, before: Any) -> Any:
    """Read a value as people type it: JSON, or text if it is none, or where the field holds text and gets a number.

    What begins like an object, a list or a quoted text is meant as JSON, and refused if it is none.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        if text[:1] in {"{", "[", '"'}:
            _json(text, f"--set {name}")
        return text
    return text if isinstance(before, str) and isinstance(value, bool | int | float) else value


def _json(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as exc:
        raise click.UsageError(f"{what} is not JSON: {exc}") from exc


def _with_events(box: Outbox, rows: Sequence[ParkedEvent]) -> Iterator[tuple[ParkedEvent, Event | None]]:
    """Yield each row with its event; a page of them at a time is in memory."""
    for start in range(0, len(rows), PAGE):
        some = rows[start : start + PAGE]
        events = {event.seq: event for event in box.read_these([row.seq for row in some])}
        yield from ((row, events.get(row.seq)) for row in some)


def _is_of(course: str, event: Event) -> bool:
    fields = as_fields(event.payload_json)
    slug = str(fields.get("slug", ""))
    return fields.get("project") == course or slug == course or slug.startswith(f"{course}--")


def _key(event: Event | None) -> str | None:
    """The natural key of what the event is about, None if none can be read."""
    return (named(event.type, event.payload_json) or None) if event is not None else None


def _line(row: ParkedEvent, event: Event | None) -> str:
    key = _key(event) or "-"
    when = f"{row.parked_at:%Y-%m-%d %H:%M}"
    text = (
        f"{row.state.value:<9}  {when}  {one_line(row.type):<24} {one_line(key)}  "
        f"{one_line(row.verdict)} {one_line(row.sqlstate or '-')}  {one_line(row.reason)}"
    )
    return beside(f"{row.seq:>8}  ", text)


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)


def _count(number: int) -> str:
    return f"{number:,} event{'' if number == 1 else 's'}"


def _adds(along: Sequence[int]) -> str:
    return "adds" if len(along) == 1 else "add"


def _some(seqs: Iterable[int]) -> str:
    shown = list(seqs)
    return ", ".join(map(str, shown[:PREVIEWED])) + (", …" if len(shown) > PREVIEWED else "")


def _told(seq: int, done: str, also: str | None) -> str:
    follows = "" if done == "set aside" else ", and what is held behind it follows"
    return f"event {seq} is {done} by the worker{follows}" + (f"; {also}" if also else "")
