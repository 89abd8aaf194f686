"""An event of a type that no catalogue of the worker claims: held, or set aside until one does."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from structlog.testing import capture_logs

from outbox import Outbox, Resolution
from outbox.catalogue import Catalogue, active
from outbox.operating import resolve
from tests.support.make_outbox import got_in, lesson, project
from tests.support.postgres import Database
from tests.support.relaying import drain
from tests.support.rows import applied_seq
from worker import Ending, NewerEvent
from worker.errors import UnclaimedEvent


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(*project())
        yield box


def titles(database: Database) -> list[str]:
    with psycopg.connect(database.dsn) as connection:
        found = connection.execute("select title from contents where content_type <> 'course_module' order by title")
        return [title for (title,) in found]


def unknown(box: Outbox) -> int:
    """An event as another catalogue would have written it; its payload is one that ours can read once it has the type."""
    return got_in(box, '{"slug": "p--sung", "title": "sung", "content_type": "other"}', kind="content.sung")


def claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker starts again with a catalogue that has the type."""
    contracts = active().contracts
    monkeypatch.setitem(contracts, "content.sung", contracts["content.upserted"])


def test_it_holds_everything_and_says_what_can_be_done(box: Outbox, database: Database) -> None:
    """What comes before it is delivered; the error names the type, the remedy and the command."""
    seq = unknown(box)
    box.append(lesson(1))
    with pytest.raises(UnclaimedEvent, match=r"content\.sung, which no catalogue of this worker claims") as held:
        drain(box, database.worker_dsn)
    assert held.value.command == f"outbox parked park {seq} --reason 'no catalogue yet'"
    assert applied_seq(database.dsn) == seq - 1
    assert box.parked.list() == []


def test_set_aside_it_lets_everything_else_flow(box: Outbox, database: Database) -> None:
    """It is parked in Postgres with its own verdict, and what follows of its aggregate is held behind it."""
    seq = unknown(box)
    box.append(lesson(1))
    resolve.set_aside(box, seq, reason="no catalogue yet")
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert applied_seq(database.dsn) == box.last_seq
    assert [(row.seq, row.state.value, row.verdict) for row in box.parked.list()] == [(seq, "parked", "unclaimed")]
    assert lesson(1).title in titles(database)


def test_let_go_too_early_it_goes_back_and_stops_nothing(box: Outbox, database: Database) -> None:
    """The decision is answered, by the list; a later one counts."""
    seq = unknown(box)
    resolve.set_aside(box, seq, reason="no catalogue yet")
    drain(box, database.worker_dsn)
    box.parked.release(seq, Resolution.RETRY, reason="too early")
    box.append(lesson(1))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert applied_seq(database.dsn) == box.last_seq
    (row,) = box.parked.list()
    assert (row.seq, row.state.value, row.verdict) == (seq, "parked", "unclaimed")
    assert "no catalogue of this worker claims" in row.reason


@pytest.mark.parametrize("tried_early", [False, True])
def test_it_is_taken_up_by_itself_when_a_catalogue_knows_it(
    box: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch, *, tried_early: bool
) -> None:
    """At the next start of a worker, with what was held behind it, in order."""
    seq = unknown(box)
    resolve.set_aside(box, seq, reason="no catalogue yet")
    drain(box, database.worker_dsn)
    if tried_early:
        box.parked.release(seq, Resolution.RETRY, reason="too early")
        drain(box, database.worker_dsn)
    claimed(monkeypatch)
    with capture_logs() as logged:
        assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [line["seqs"] for line in logged if line["event"] == "relay.type_claimed"] == [[seq]]
    assert box.parked.list() == []
    assert "sung" in titles(database)


def test_what_an_operator_set_aside_for_another_reason_stays(
    box: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A type that was claimed all along is a person's to decide."""
    box.append(lesson(1))
    resolve.set_aside(box, 4, reason="wait")
    drain(box, database.worker_dsn)
    claimed(monkeypatch)
    drain(box, database.worker_dsn)
    assert [(row.seq, row.state.value, row.verdict) for row in box.parked.list()] == [(4, "parked", "operator")]


def test_a_newer_version_of_a_known_type_is_held_as_ever(box: Outbox, database: Database) -> None:
    """The worker is to be upgraded; nothing is set aside by itself."""
    seq = got_in(box, '{"slug": "p--x"}', version=9)
    with pytest.raises(NewerEvent, match=f"event {seq} is content.upserted version 9") as held:
        drain(box, database.worker_dsn)
    assert not isinstance(held.value, UnclaimedEvent)
    assert isinstance(active(), Catalogue)
