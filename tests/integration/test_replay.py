"""`worker replay`: what is applied again, what is not, and what is refused."""

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from outbox import Outbox
from outbox.notes.relay_state import RelayState
from outbox.ops.prune import plan_prune, prune
from tests.support.lessons import SetClock
from tests.support.make_outbox import PROJECT, lesson, project
from tests.support.postgres import Database
from tests.support.processes import environment
from tests.support.relaying import drain
from tests.support.rows import all_rows, applied_seq
from worker import Drained, Ending, Holding, WorkerError, WorkerSettings
from worker import replay as replay_from
from worker.connect.connection import connect
from worker.proof.verify import compared, verify_all
from worker.run.replay import replay_aggregate, rewind

TITLES = "select slug, title from contents where content_type = 'course_lesson' order by slug"
MORNING = dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC)


@pytest.fixture
def outbox(tmp_path: Path, database: Database) -> Path:
    """Five lessons, one a day from the second of March on, and all delivered."""
    path, clock = tmp_path / "outbox.db", SetClock(MORNING)
    with Outbox.open(path, clock=clock) as box:
        box.append(*project())
        for number in range(1, 6):
            clock.move(days=1)
            box.append(lesson(number))
        assert drain(box, database.worker_dsn) is Ending.EMPTY
    return path


@pytest.fixture
def settings(outbox: Path, database: Database) -> WorkerSettings:
    return WorkerSettings.from_env(environment(outbox, database.worker_dsn))


def replay(settings: WorkerSettings, *, from_seq: int | None = None, since: dt.datetime | None = None) -> Drained:
    return replay_from(settings, from_seq=from_seq, since=since, anew=False)


@pytest.fixture
def lost(database: Database) -> Callable[[str], list[str]]:
    """Empty the lessons; afterwards tell which of them are there again."""

    def without(_statement: str = "delete from contents where content_type = 'course_lesson'") -> list[str]:
        with psycopg.connect(database.dsn, autocommit=True) as connection:
            there = [row[0].rpartition("-")[2] for row in connection.execute(TITLES)]
            connection.execute(_statement.encode())
        return there

    return without


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (dt.datetime(2026, 3, 4, 9), ["3", "4", "5"]),  # noqa: DTZ001 - as the command line gives it
        (dt.datetime(2026, 3, 4, 9, 0, 1, tzinfo=dt.UTC), ["4", "5"]),
        (dt.datetime(2026, 3, 5, 12, tzinfo=dt.timezone(dt.timedelta(hours=3))), ["4", "5"]),
        (dt.datetime(2027, 1, 1, tzinfo=dt.UTC), []),
    ],
    ids=["a time without a zone is UTC", "a second later", "another zone", "after the last event"],
)
def test_since_a_time_everything_is_applied_again_and_nothing_before(
    settings: WorkerSettings, lost: Callable[..., list[str]], since: dt.datetime, expected: list[str]
) -> None:
    assert lost() == ["1", "2", "3", "4", "5"]
    assert replay(settings, since=since).ending is Ending.EMPTY
    assert lost() == expected


def test_from_a_seq_on_everything_is_applied_again(settings: WorkerSettings, lost: Callable[..., list[str]]) -> None:
    lost()
    done = replay(settings, from_seq=6)
    assert (done.ending, done.events, lost()) == (Ending.EMPTY, 3, ["3", "4", "5"])


def test_from_behind_the_position_nothing_is_set_back(
    outbox: Path, settings: WorkerSettings, database: Database
) -> None:
    """What waits is delivered; the position does not move to and fro."""
    with Outbox.open(outbox) as box:
        box.append(lesson(6), lesson(7))
        last = box.last_seq
    done = replay(settings, from_seq=last)
    assert (done.events, applied_seq(database.dsn)) == (2, last)


@pytest.mark.parametrize("again", [lambda s: replay(s, from_seq=1), lambda s: replay_aggregate(s, "x")])
def test_with_the_flag_off_nothing_is_applied_again(
    again: Callable[[WorkerSettings], object], outbox: Path, database: Database
) -> None:
    """The emergency brake holds for replays, too."""
    env = environment(outbox, database.worker_dsn, CREATOR_OS_DB_PERSIST="false")
    before = all_rows(database.dsn)
    with pytest.raises(Holding, match="CREATOR_OS_DB_PERSIST=true"):
        again(WorkerSettings.from_env(env))
    assert all_rows(database.dsn) == before


def test_an_event_that_is_not_there_is_named(settings: WorkerSettings, database: Database) -> None:
    with pytest.raises(WorkerError, match="the log ends at 8: there is no event 10"):
        replay(settings, from_seq=10)
    with pytest.raises(WorkerError, match="no delivered event speaks of nobody: `outbox events`"):
        replay_aggregate(settings, "nobody")
    assert applied_seq(database.dsn) == 8


def test_what_was_pruned_cannot_be_replayed_and_the_way_out_is_told(
    outbox: Path, settings: WorkerSettings, database: Database, tmp_path: Path
) -> None:
    """From the first event that is left on it can."""
    with Outbox.open(outbox) as box, connect(database.worker_dsn) as connection:
        assert verify_all(connection, box, tmp_path).proven
        assert prune(box, plan_prune(box, keep_days=0)) == 7
    with pytest.raises(WorkerError, match=r"events below 8 were pruned: replay from there on, .* `generate import`"):
        replay(settings, from_seq=7)
    assert replay(settings, from_seq=8).events == 1
    assert applied_seq(database.dsn) == 8


def test_a_comparison_that_ends_after_a_replay_began_lets_nothing_go_that_is_applied_again(
    outbox: Path, settings: WorkerSettings, database: Database, tmp_path: Path
) -> None:
    """It proved that the rows are there; the position that was set back meanwhile needs the events all the same."""
    with Outbox.open(outbox) as box, connect(database.worker_dsn) as connection:
        found, note = compared(connection, box, tmp_path)
        assert found.proven
        rewind(connection, box, 3)
        note()
        assert prune(box, plan_prune(box, keep_days=0)) == 1
    assert replay(settings, from_seq=8).events == 6
    assert applied_seq(database.dsn) == 8


def test_a_replay_and_a_prune_at_one_time_leave_what_is_to_be_applied(
    outbox: Path, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever comes first: a prune before the replay's note refuses the replay, one after it finds nothing to delete."""
    note = RelayState.remember_position

    def before(self: RelayState, destination_id: UUID, seq: int, event_id: UUID | None) -> None:
        assert prune(box, plan_prune(box, keep_days=0)) == 6
        note(self, destination_id, seq, event_id)

    def after(self: RelayState, destination_id: UUID, seq: int, event_id: UUID | None) -> None:
        note(self, destination_id, seq, event_id)
        assert prune(box, plan_prune(box, keep_days=0)) == 1
        raise KeyboardInterrupt

    with Outbox.open(outbox) as box, connect(database.worker_dsn) as connection:
        assert verify_all(connection, box, tmp_path).proven
        monkeypatch.setattr(RelayState, "remember_position", after)
        with pytest.raises(KeyboardInterrupt):
            rewind(connection, box, 3)
        assert applied_seq(database.dsn) == 8
        monkeypatch.undo()
        assert drain(box, database.worker_dsn) is Ending.EMPTY
        assert verify_all(connection, box, tmp_path).proven
        monkeypatch.setattr(RelayState, "remember_position", before)
        with pytest.raises(WorkerError, match="events below 8 were pruned"):
            rewind(connection, box, 3)
        assert applied_seq(database.dsn) == 8


@pytest.mark.parametrize("known", [True, False])
def test_a_replay_from_the_border_of_what_was_pruned_fits_a_backup_that_has_all(
    outbox: Path, settings: WorkerSettings, database: Database, tmp_path: Path, *, known: bool
) -> None:
    """The position names the last event that was pruned; where a version before did not, there is nothing to compare."""
    with Outbox.open(outbox) as box:
        box.checkpoint()
        backup = Path(shutil.copy(outbox, tmp_path / "backup.db"))
        with connect(database.worker_dsn) as connection:
            assert verify_all(connection, box, tmp_path).proven
            assert prune(box, plan_prune(box, keep_days=0)) == 7
            if not known:
                box.connection.execute("delete from meta where key = 'pruned_event_id'")
            rewind(connection, box, 8)
    with Outbox.open(backup) as box:
        assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert applied_seq(database.dsn) == 8


def test_replaying_an_aggregate_leaves_out_what_is_parked_or_waits(
    outbox: Path, settings: WorkerSettings, database: Database
) -> None:
    """Only what was delivered is applied again: a parked version and one that waits keep their turn."""
    with Outbox.open(outbox) as box:
        box.append(lesson(1, body="a version that the database refuses"))
        refuse = "alter table contents add constraint no check (content !~ 'refuses') not valid"
        with psycopg.connect(database.dsn, autocommit=True) as connection:
            connection.execute(refuse)
        drain(box, database.worker_dsn)
        assert [row.seq for row in box.parked.list()] == [9]
        box.append(lesson(2, body="a version that waits"))
    before = all_rows(database.dsn)
    assert replay_aggregate(settings, f"{PROJECT}--aula-1") == 1
    assert replay_aggregate(settings, f"{PROJECT}--aula-2") == 1
    assert all_rows(database.dsn) == before
