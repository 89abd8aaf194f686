"""The proof of `verify` where somebody else knows the database: its questions are sent, and answers come back.

The comparison is the one of `verify`, twice: first its questions are gathered, then it runs on the answers. Questions
are the rows as the log says they should be, bodies as hashes; what is answered is which of them are not so. They are
answered in one snapshot, in which the position must have come as far as the asker knows, and the parked list of that
stretch must be the one that he knows: otherwise the answers would be about something else, and there are none.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from outbox.catalogue import active
from worker.apply.position import Position
from worker.apply.queries import query
from worker.apply.stamps import UUID_VERSION_OF_EVENTS
from worker.connect.connection import Connection

STATEMENT_SECONDS = 60
_LIMITS = dict.fromkeys(("statement_timeout", "lock_timeout", "idle_timeout"), str(1000 * STATEMENT_SECONDS))
_INBOX = ("inbox", "differing")
Question = tuple[str, dict[str, Any]]


class Changed(Exception):
    """The log says something else than when the questions were asked."""


class Asked:
    """Stands in the place of a connection in `verify.compared`.

    Args:
        position: as the database is known to have it.
        parked: the seqs that it passed without effect.
        questions: None to gather them; those that were asked, to give the answers.
        given: the answers.

    Attributes:
        questions: what was asked.
    """

    def __init__(
        self,
        position: Position,
        parked: frozenset[int],
        questions: Sequence[Question] = (),
        given: Sequence[Any] = (),
    ) -> None:
        self.questions: list[Question] = []
        newest = given[0] if given else None
        self._facts: dict[str, list[tuple[Any, ...]]] = {
            query("relay", "position"): [(position.seq, position.event_id)],
            query("relay", "passed_over"): [(seq,) for seq in sorted(parked)],
            query("relay", "newest_applied"): [(newest,)] if newest is not None else [],
            query("relay", "destination"): [(position.destination_id, None)],
        }
        self._said = {name: _rows_of(questions, name) for name, _ in questions}
        self._given: dict[str, list[Any]] = {}
        for (name, _), rows in zip(questions, given[1:], strict=bool(given)):
            self._given.setdefault(name, []).extend(rows)

    def execute(self, text: str, values: Mapping[str, Any] | None = None) -> "_Rows":
        """Answer as far as can be; a question for the database is noted."""
        if text in self._facts:
            return _Rows(self._facts[text])
        name = next((one for one in _names() if query(*one) == text), None)
        if name is None or values is None:
            return _Rows([])
        file_and_name = ".".join(name)
        self.questions.append((file_and_name, {"rows": values["rows"]}))
        return _Rows(list(self._answers(file_and_name, values["rows"])))

    def rollback(self) -> None:
        """Nothing is to be undone."""

    def _answers(self, name: str, rows: str) -> Iterator[tuple[Any, ...]]:
        before, now = self._said.get(name, {}), _keyed(rows)
        if any(before[key] != row for key, row in now.items() if key in before):
            raise Changed
        if name == ".".join(_INBOX):
            mine = {row["seq"] for row in msgspec.json.decode(rows)}
            yield from (row for row in self._given.get(name, []) if row[0] in mine)
            return
        wrong = {row[0]: row for row in self._given.get(name, []) if row[0] in now}
        for key in (key for key in now if key in before):
            _, is_there, stamp, differing = wrong.get(key, (key, True, None, []))
            yield key, is_there, None if stamp is None else UUID(stamp), differing


class _Rows(list[tuple[Any, ...]]):
    def fetchone(self) -> tuple[Any, ...] | None:
        return self[0] if self else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self


def answers(
    connection: Connection,
    outbox_id: UUID,
    known: tuple[int, UUID],
    parked: Sequence[int],
    questions: Sequence[Question],
) -> list[Any] | None:
    """Answer questions in one snapshot.

    Args:
        connection: outside a transaction; nothing is written.
        outbox_id: whose questions they are.
        known: where the asker knows the position to be.
        parked: what he knows to be on the parked list.
        questions: see `Asked`.

    Returns:
        The newest event that any outbox has had applied, then for each question the rows that are not as it says;
        None if the database is not as he knows it, or a question cannot be answered.

    Raises:
        psycopg.Error: the connection was lost.
    """
    connection.execute("begin isolation level repeatable read read only")
    try:
        connection.execute(query("relay", "settings"), {"local": True})
        connection.execute(query("relay", "limits"), _LIMITS)
        row = connection.execute(query("relay", "position"), {"outbox_id": outbox_id}).fetchone()
        passed = connection.execute(query("relay", "passed_over"), {"outbox_id": outbox_id}).fetchall()
        seq, event_id = (int(str(row[0])), row[1]) if row is not None else (0, None)
        if seq < known[0] or (seq == known[0] > 0 and event_id != known[1]):
            return None
        if {int(str(one)) for (one,) in passed if int(str(one)) <= known[0]} != set(parked):
            return None
        newest = connection.execute(query("relay", "newest_applied")).fetchone()
        bound = None if newest is None else UUID(str(newest[0]))
        found: list[Any] = [bound]
        for name, values in questions:
            one = tuple(name.split("."))
            if one not in _names():
                return None
            rows = connection.execute(query(*one), {"outbox_id": outbox_id, "rows": str(values["rows"])}).fetchall()
            found.append([row for row in rows if one == _INBOX or not _is_as_said(row, bound)])
    except psycopg.Error as error:
        if error.sqlstate is None:
            raise
        return None  # of what a host asks, nothing may keep us from the others
    else:
        return found
    finally:
        if not connection.closed:
            connection.rollback()


def _is_as_said(row: tuple[Any, ...], bound: UUID | None) -> bool:
    """Whether nothing is to be told: it is there, nothing differs, and its stamp is of an event that was applied."""
    _, is_there, stamp, differing = row
    if not is_there or differing:
        return False
    return stamp is None or (bound is not None and stamp.version == UUID_VERSION_OF_EVENTS and stamp <= bound)


@cache
def _names() -> frozenset[tuple[str, str]]:
    return frozenset({_INBOX, *(("verify", f"{kind}s") for kind in active().aggregates)})


def _rows_of(questions: Sequence[Question], name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one, values in questions:
        if one == name:
            found |= _keyed(values["rows"])
    return found


def _keyed(rows: str) -> dict[str, Any]:
    """The rows of a question by their natural keys, as `Expected.as_row` writes them: under `name`, or as the first."""
    said = msgspec.json.decode(rows)
    return {str(row["name"] if "name" in row else next(iter(row.values()))): row for row in said}
