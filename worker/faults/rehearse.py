"""Writes what every kind of event writes, with the statements of the relay, and takes it back.

Triggers, rules and policies of the database's owner are code: the catalogue says that they are there, not what they do.
So `worker doctor` and `worker migrate check` try it, in one transaction that is rolled back: what stands in the way of
everybody shows here with its name; what a trigger does to one row alone does not. Nothing stays but some numbers of
sequences.

- *Content*: an audience, a project, a lesson with a tag and a mind are made, changed and taken off again.
- *A project's own types*: their examples, those that make rows first, those that remove some last. The rules of its
  tables are unknown here, so an example that is refused as a value is no finding: it was not shown to go through. What
  the rehearsal did not make itself it neither removes nor unlinks.
- *The inbox*: a recorded event.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import msgspec
import psycopg

from outbox import Event, __version__, ids
from outbox import catalogue as c
from worker.apply.fold import fold
from worker.apply.inbox import row_of, send_recorded
from worker.apply.kept import kept_as_it_was, name_as_stored
from worker.apply.known import Decoded, wanted_by
from worker.apply.projection import ask, send_rows, send_tags
from worker.apply.queries import query
from worker.apply.stamps import Stamps
from worker.apply.transaction import begin, roll_back
from worker.connect.connection import Connection, Limits
from worker.errors import WorkerError
from worker.faults.evidence import explained, is_gone, named
from worker.faults.verdict import Phase, Verdict, judge
from worker.judgement import Judgement

_RECORDED = c.contract_of(c.Recorded).type
_TAKES_OFF = frozenset({c.Does.UNLINKS, c.Does.DELETES, c.Does.REMOVES})
# Nobody is to wait for a rehearsal.
_LIMITS = Limits(statement_timeout_ms=10_000, lock_timeout_ms=2_000, idle_in_transaction_ms=10_000)


class _OnlyOurs(Stamps):
    """The rows of a rehearsal are nobody else's."""

    def __init__(self) -> None:
        """There is no outbox."""

    def made(self, stamp: UUID, newest_applied: UUID | None) -> bool:  # noqa: ARG002
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """How it went.

    Attributes:
        refused: what stands in the way, named; None if nothing does.
        shown: the types of which an event went through.
    """

    refused: Judgement | None
    shown: frozenset[str]


def rehearse(connection: Connection, event_type: str | None = None) -> Rehearsal:
    """Try every kind of statement that the relay sends.

    Args:
        connection: of whoever delivers, outside a transaction; outside one afterwards.
        event_type: try only what can tell about events of this type.

    Raises:
        psycopg.Error: the connection was lost.
    """
    active = c.active().contracts
    own = active.keys() - c.CATALOGUE.contracts.keys()
    groups: list[tuple[frozenset[str], Callable[[Connection], Iterable[str]]]] = [
        (frozenset(c.CATALOGUE.contracts.keys() - {_RECORDED}), _try_content),
        (frozenset(own), _try_own),
        (frozenset({_RECORDED}), _try_inbox),
    ]
    shown: set[str] = set()
    for types, attempt in groups:
        if not types <= active.keys() or not types or (event_type is not None and event_type not in types):
            continue
        try:
            begin(connection, _LIMITS)
            shown |= set(attempt(connection))
            connection.execute("rollback")
        except (psycopg.Error, WorkerError) as error:
            if is_gone(connection, error):
                raise
            roll_back(connection)
            kept = kept_as_it_was(error) if isinstance(error, psycopg.errors.InvalidTextRepresentation) else None
            failure = kept or error
            found = judge(failure, Phase.APPLY)
            tell = named if found.verdict is Verdict.POISON else explained
            refused = tell(connection, failure, found)
            return Rehearsal(refused=refused, shown=frozenset(shown))
    return Rehearsal(refused=None, shown=frozenset(shown))


def _try_content(connection: Connection) -> Iterable[str]:
    mind = connection.execute(query("relay", "any_mind")).fetchone()
    slug = f"outbox-rehearsal-{uuid4().hex}"
    clock = _Ids()
    for payloads in _parts(slug, None if mind is None else str(mind[0])):
        _write(connection, [clock.decoded(payload) for payload in payloads])
    connection.execute("set constraints all immediate")
    return c.CATALOGUE.contracts


def _try_own(connection: Connection) -> Iterator[str]:
    clock = _Ids()
    made: set[tuple[str, str]] = set()
    for contract in _in_order():
        item = clock.decoded(contract.example)
        row = (contract.aggregate_type, item.key)
        if contract.does in _TAKES_OFF and row not in made:
            continue
        connection.execute("savepoint example")
        try:
            changes = _write(connection, [item])
            connection.execute("set constraints all immediate")
        except (psycopg.Error, WorkerError) as error:
            if is_gone(connection, error) or not _is_of_the_example(error):
                raise
            connection.execute("rollback to savepoint example")
            continue
        if changes.inserted:
            made.add(row)
        yield contract.type


def _in_order() -> list[c.Contract]:
    """The project's own types, those that make what others refer to first, and those that remove it last."""
    own = [one for one in c.active().contracts.values() if one.type not in c.CATALOGUE.contracts]
    verbs, tables = list(c.Does), list(c.active().aggregates)
    first = sorted((one for one in own if one.does not in _TAKES_OFF), key=lambda one: verbs.index(one.does))
    last = [one for one in own if one.does in _TAKES_OFF]
    return [*first, *sorted(last, key=lambda one: (verbs.index(one.does), -tables.index(one.aggregate_type)))]


def _is_of_the_example(error: Exception) -> bool:
    """Whether what was refused may be this value alone."""
    if isinstance(error, psycopg.errors.InvalidTextRepresentation) and kept_as_it_was(error) is not None:
        return False
    return judge(error, Phase.APPLY).verdict is Verdict.POISON


def _try_inbox(connection: Connection) -> Iterable[str]:
    outbox_id = uuid4()
    connection.execute(
        query("relay", "register"), {"outbox_id": outbox_id, "host": "rehearsal", "worker_version": __version__}
    )
    item = _Ids().decoded(c.Recorded(type="outbox.rehearsed", key=str(outbox_id)))
    send_recorded(connection, [row_of(item.event, item.payload)], outbox_id)
    return [_RECORDED]


@dataclass(frozen=True, slots=True)
class _Written:
    inserted: bool


def _write(connection: Connection, decoded: list[Decoded]) -> _Written:
    changes = fold(decoded, ask(connection, wanted_by(decoded), _OnlyOurs())())
    inserted = any(table.inserts for table in changes.tables.values())
    name_as_stored(connection, changes)
    send_tags(connection, changes)
    send_rows(connection, changes, as_stored=True)
    return _Written(inserted)


def _parts(slug: str, mind: str | None) -> Iterator[list[c.Payload]]:
    """What is made, what is changed, what is taken off."""
    lesson = c.ContentUpserted(
        slug=slug, title="Rehearsal", content_type="course_lesson", project=slug, body="Rehearsal"
    )
    yield [
        c.AudienceUpserted(slug=slug, name="Rehearsal"),
        c.ProjectUpserted(slug=slug, name="Rehearsal", target_audience=slug, creator_mind=mind),
        lesson,
    ]
    yield [
        c.ContentTagged(slug=slug, tag=slug),
        *([] if mind is None else [c.ContentMindLinked(slug=slug, mind=mind, role="other")]),
    ]
    yield [
        c.AudienceUpserted(slug=slug, name="Rehearsal, again"),
        c.ProjectStatusChanged(slug=slug, status="in_progress"),
        msgspec.structs.replace(lesson, title="Rehearsal, again"),
        c.ContentStatusChanged(slug=slug, status="reviewed"),
        c.ContentFidelityScored(slug=slug, score=0.5),
        c.ContentMetadataMerged(slug=slug, metadata={"rehearsal": True}),
    ]
    yield [
        c.ContentUntagged(slug=slug, tag=slug),
        *([] if mind is None else [c.ContentMindUnlinked(slug=slug, mind=mind, role="other")]),
        c.ContentDeleted(slug=slug),
    ]


class _Ids:
    """Makes events, each newer than the one before."""

    def __init__(self) -> None:
        self._newest: UUID | None = None

    def decoded(self, payload: c.Payload) -> Decoded:
        """An event of this payload, as the relay reads it."""
        self._newest = ids.next_event_id(self._newest, time.time_ns() // 1_000_000)
        contract = c.contract_of(payload)
        plain = msgspec.json.decode(msgspec.json.encode(payload))
        event = Event(
            seq=1,
            event_id=self._newest,
            type=contract.type,
            version=contract.version,
            aggregate_type=contract.aggregate_type,
            aggregate_id=ids.aggregate_id(contract.aggregate_type, contract.key(payload)),
            previous_seq=None,
            refs=(),
            payload_json="{}",
            payload_sha256="",
            occurred_at=dt.datetime.now(dt.UTC),
        )
        return Decoded(event, plain, contract, contract.key(payload))
