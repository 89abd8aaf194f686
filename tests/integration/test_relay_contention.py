"""Somebody else was at the same rows: the same batch is tried again, a moment later, and nobody is blamed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from outbox import Outbox
from tests.support.make_outbox import lesson, project
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting, relay
from worker.failures import CONTENTION_RETRIES
from worker.options import Ending

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
