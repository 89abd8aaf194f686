"""Writes what every kind of event writes, with the statements of the relay, and takes it back.

Triggers, rules and policies of the database's owner are code: the catalogue says that they are there, not what they do.
So `worker doctor` and `worker migrate check` try it: an audience, a project, a lesson with a tag and a mind are made,
changed and taken off again in one transaction, looked at as the relay looks at them, and rolled back. What stands in
the way of everybody shows here with its name; what a trigger does to one row alone does not. Nothing stays but a number
of the sequence of `tags.id`.
"""

import datetime as dt
import time
from collections.abc import Iterator
from uuid import UUID, uuid4

import msgspec
import psycopg

from outbox import Event, ids
from outbox import catalogue as c
from worker.apply.fold import fold
from worker.apply.kept import kept_as_it_was, name_as_stored
from worker.apply.known import Decoded, wanted_by
from worker.apply.projection import ask, send_rows, send_tags
from worker.apply.queries import query
from worker.apply.stamps import Stamps
from worker.apply.transaction import begin, roll_back
from worker.connect.connection import Connection, Limits
from worker.errors import WorkerError
from worker.faults.evidence import explained, is_gone
from worker.faults.judgement import Judgement
from worker.faults.verdict import Phase, judge

# Nobody is to wait for a rehearsal.
_LIMITS = Limits(statement_timeout_ms=10_000, lock_timeout_ms=2_000, idle_in_transaction_ms=10_000)


class _OnlyOurs(Stamps):
    """The rows of a rehearsal are nobody else's."""

    def __init__(self) -> None:
        """There is no outbox."""

    def made(self, stamp: UUID, newest_applied: UUID | None) -> bool:  # noqa: ARG002
        return True


def can_rehearse() -> bool:
    """Whether the types that are tried are among those that this worker delivers."""
    return c.CATALOGUE.contracts.keys() <= c.active().contracts.keys()


def rehearse(connection: Connection) -> Judgement | None:
    """Try every kind of statement that the relay sends.

    Args:
        connection: of whoever delivers, outside a transaction; outside one afterwards.

    Returns:
        What was refused, named; None where all went through.

    Raises:
        psycopg.Error: the connection was lost.
    """
    try:
        _try(connection)
    except (psycopg.Error, WorkerError) as error:
        if is_gone(connection, error):
            raise
        roll_back(connection)
        kept = kept_as_it_was(error) if isinstance(error, psycopg.errors.InvalidTextRepresentation) else None
        failure = kept or error
        return explained(connection, failure, judge(failure, Phase.APPLY))
    return None


def _try(connection: Connection) -> None:
    mind = connection.execute(query("relay", "any_mind")).fetchone()
    slug = f"outbox-rehearsal-{uuid4().hex}"
    begin(connection, _LIMITS)
    newest: UUID | None = None
    for payloads in _parts(slug, None if mind is None else str(mind[0])):
        decoded: list[Decoded] = []
        for payload in payloads:
            newest = ids.next_event_id(newest, time.time_ns() // 1_000_000)
            decoded.append(_decoded(newest, payload))
        changes = fold(decoded, ask(connection, wanted_by(decoded), _OnlyOurs())())
        name_as_stored(connection, changes)
        send_tags(connection, changes)
        send_rows(connection, changes, as_stored=True)
    connection.execute("set constraints all immediate")
    connection.execute("rollback")


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


def _decoded(event_id: UUID, payload: c.Payload) -> Decoded:
    contract = c.contract_of(payload)
    plain = {name: value for name, value in msgspec.to_builtins(payload).items() if value is not msgspec.UNSET}
    event = Event(
        seq=0,
        event_id=event_id,
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
