"""Start records of a centre, in Postgres: what a new process finds of the one that died."""

from contextlib import nullcontext
from uuid import UUID

from outbox import Attempt
from tests.support.postgres import Database
from worker.connect.connection import connect
from worker.faults.starts import Starts

OUTBOX, OTHER = UUID(int=1), UUID(int=2)


def test_whoever_is_killed_while_he_waits_is_charged_nothing_and_what_he_had_in_hand_is_known(
    database: Database,
) -> None:
    """The last start is taken back, of each outbox that was waited for and of no other; asked again, nothing is told."""
    dead = Starts(lambda: connect(database.worker_dsn), nullcontext)
    for outbox_id, times in ((OUTBOX, 1), (OTHER, 2)):
        for _ in range(times):
            dead.of(outbox_id).begin(5, 6)
            dead.of(outbox_id).begin(20, 20)
    dead.of(OUTBOX).waits(5, begins=True)
    dead.of(OTHER).waits(20, begins=True)
    dead.close()
    found = Starts(lambda: connect(database.worker_dsn), nullcontext)
    with connect(database.worker_dsn) as connection:
        found.load(connection, ["1", "2"], wary=True)
    one, other = found.of(OUTBOX), found.of(OTHER)
    assert one.forgive() == Attempt(seq=5, last_seq=6, starts=1)
    assert one.unfinished() == [Attempt(seq=20, last_seq=20, starts=1)]
    assert other.forgive() == Attempt(seq=20, last_seq=20, starts=2)
    assert other.unfinished() == [Attempt(seq=5, last_seq=6, starts=2), Attempt(seq=20, last_seq=20, starts=1)]
    assert found.of(OUTBOX).forgive() is None


def test_nobody_is_blamed_for_a_record_that_another_centre_has_done_with(database: Database) -> None:
    """Two centres may serve one log in turns: the other one parked the event, and it was let go since."""
    one, other = (Starts(lambda: connect(database.worker_dsn), nullcontext) for _ in range(2))
    for _ in range(3):
        one.of(OUTBOX).begin(7, 7)
    with connect(database.worker_dsn) as connection:
        other.load(connection, ["1"], wary=True)
    (found,) = other.of(OUTBOX).unfinished()
    assert other.of(OUTBOX).stands(found)
    one.of(OUTBOX).begin(7, 7)
    assert other.of(OUTBOX).stands(found), "one death more"
    one.of(OUTBOX).finish(7, 7)
    assert not other.of(OUTBOX).stands(found)
    assert other.of(OUTBOX).unfinished() == []
    for centre in (one, other):
        centre.close()
