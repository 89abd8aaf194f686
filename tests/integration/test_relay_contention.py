"""Somebody else was at the same rows: the same batch is tried again, a moment later, and nobody is blamed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from outbox import Outbox, ParkedState, Resolution
from tests.support.make_outbox import PROJECT, lesson, project
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting, drain, relay
from worker import Ending
from worker.faults.failures import CONTENTION_RETRIES

# A sequence is not set back when a transaction is: it counts the attempts.
CONTENDED = """
create sequence attempts;
grant usage on sequence attempts to outbox_worker;
create function contended() returns trigger language plpgsql as $$
begin
    if nextval('attempts') <= {times} then
        raise exception 'could not serialize access' using errcode = '{sqlstate}';
    end if;
    return null;
end $$;
create trigger contended before insert on contents for each statement execute function contended();
"""


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(*project(), lesson(1), lesson(2))
        yield box


@pytest.fixture
def contend(database: Database) -> Callable[[str, int], None]:
    def times(sqlstate: str, count: int) -> None:
        with psycopg.connect(database.dsn, autocommit=True) as connection:
            connection.execute(CONTENDED.format(sqlstate=sqlstate, times=count).encode())

    return times


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"], ids=["serialization failure", "deadlock"])
def test_contention_is_tried_again_at_growing_intervals(
    sqlstate: str, box: Outbox, database: Database, contend: Callable[[str, int], None]
) -> None:
    """Twice as long each time, from a fiftieth of a second on; nothing is parked, and no outage is told."""
    contend(sqlstate, 3)
    waker = NoWaiting()
    assert relay(box, database.worker_dsn, waker=waker).run() is Ending.EMPTY
    assert waker.slept == pytest.approx([0.02, 0.04, 0.08])
    assert box.parked.count() == 0
    assert box.connection.execute("select count(*) from outages").fetchone() == (0,)


def test_contention_that_does_not_end_is_met_with_smaller_batches(
    box: Outbox, database: Database, contend: Callable[[str, int], None]
) -> None:
    """After some tries it counts as overload: the batch is halved and the worker rests longer; all lands in the end."""
    contend("40001", CONTENTION_RETRIES + 1)
    waker = NoWaiting()
    sizes: list[int] = []
    one = relay(box, database.worker_dsn, waker=waker, on_batch=lambda seq, *_: sizes.append(seq))
    assert one.run() is Ending.EMPTY
    assert waker.slept[:CONTENTION_RETRIES] == pytest.approx([0.02, 0.04, 0.08, 0.16, 0.32])
    assert waker.slept[CONTENTION_RETRIES:] == pytest.approx([0.05 * box.last_seq])
    assert sizes[0] == box.last_seq // 2
    assert sizes[-1] == box.last_seq
    assert box.parked.count() == 0


def test_the_count_of_tries_begins_anew_with_each_batch(box: Outbox, database: Database) -> None:
    """Every batch meets somebody three times: each is tried again from a fiftieth of a second on."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(
            CONTENDED.format(sqlstate="40001", times=0)
            .replace("nextval('attempts') <= 0", "nextval('attempts') % 4 <> 0")
            .encode()
        )
    waker = NoWaiting()
    assert relay(box, database.worker_dsn, waker=waker, max_events=3, halves_from=None).run() is Ending.EMPTY
    assert waker.slept == pytest.approx([0.02, 0.04, 0.08] * 2)


@pytest.mark.parametrize("sqlstate", ["23503", "23505"], ids=["missing reference", "taken key"])
@pytest.mark.parametrize(("times", "ends"), [(1, [5]), (2, [2, 4, 5])])
def test_a_row_that_another_host_made_or_removed_between_two_trips_is_looked_at_twice(
    times: int, ends: list[int], sqlstate: str, box: Outbox, database: Database, contend: Callable[[str, int], None]
) -> None:
    """The whole batch once more, at once; only then is a culprit looked for, in halves."""
    contend(sqlstate, times)
    waker, seen = NoWaiting(), list[int]()
    one = relay(box, database.worker_dsn, halves_from=None, waker=waker, on_batch=lambda seq, *_: seen.append(seq))
    assert one.run() is Ending.EMPTY
    assert (seen, waker.slept, box.parked.count()) == (ends, [], 0)


@pytest.mark.parametrize(
    ("sqlstate", "times", "parked"),
    [("23514", 1, []), ("23514", 2, [2]), ("23505", 2, []), ("23505", 3, [2])],
)
def test_an_event_that_stands_alone_is_tried_once_more_before_it_is_parked(
    sqlstate: str, times: int, parked: list[int], box: Outbox, database: Database, contend: Callable[[str, int], None]
) -> None:
    """What goes through at the last try was nobody's fault; what does not is charged with two attempts."""
    contend(sqlstate, times)
    seen: list[tuple[int, int]] = []
    one = relay(
        box,
        database.worker_dsn,
        halves_from=None,
        max_events=1,
        on_batch=lambda seq, count, *_: seen.append((seq, count)),
    )
    assert one.run() is Ending.EMPTY
    assert seen == [(seq, 1) for seq in range(1, 6)]
    assert [row.seq for row in box.parked.list(state=ParkedState.PARKED)] == parked
    assert [row.attempts for row in box.parked.list(state=ParkedState.PARKED)] == [2] * len(parked)
    assert box.connection.execute("select count(*) from outages").fetchone() == (0,)


@pytest.mark.parametrize(("times", "parked"), [(1, []), (2, []), (3, [4])])
@pytest.mark.parametrize("sqlstate", ["23503", "23505"], ids=["missing reference", "taken key"])
def test_a_released_event_is_looked_at_twice_before_it_is_parked_again(
    sqlstate: str, times: int, parked: list[int], box: Outbox, database: Database, contend: Callable[[str, int], None]
) -> None:
    """Another host may make the same row while an operator's release is taken up: that is nobody's fault."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(f"alter table contents add constraint refused check (slug <> '{PROJECT}--aula-1')".encode())
    drain(box, database.worker_dsn)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("alter table contents drop constraint refused")
    (refused,) = box.parked.list()
    contend(sqlstate, times)
    box.parked.release(refused.seq, Resolution.RETRY)
    drain(box, database.worker_dsn)
    assert [(row.seq, row.sqlstate) for row in box.parked.list()] == [(seq, sqlstate) for seq in parked]
