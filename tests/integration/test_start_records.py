"""What a start record that stands means to the worker that finds it."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from outbox import Outbox, ParkedState, Resolution
from outbox.operating import resolve
from tests.support.make_outbox import lesson, project
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting, drain, relay
from tests.support.rows import applied_seq
from worker import Ending
from worker.faults.suspects import STARTS

DELIVERED, WAITING = 6, 20


@pytest.fixture
def box(tmp_path: Path, database: Database) -> Iterator[Outbox]:
    """Some events are delivered, and twenty wait."""
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(*project(), *(lesson(number) for number in range(1, DELIVERED - 2)))
        assert drain(box, database.worker_dsn) is Ending.EMPTY
        assert box.last_seq == DELIVERED
        box.append(*(lesson(number) for number in range(30, 30 + WAITING)))
        yield box


def died(box: Outbox, first: int, last: int, times: int = 1) -> None:
    """As many workers died with these events in hand."""
    for _ in range(times):
        box.attempts.begin(first, last)


def ends_of_batches(box: Outbox, database: Database, *, max_events: int = 500) -> list[int]:
    ends: list[int] = []
    one = relay(
        box, database.worker_dsn, waker=NoWaiting(), max_events=max_events, on_batch=lambda seq, *_: ends.append(seq)
    )
    assert one.run() is Ending.EMPTY
    assert applied_seq(database.dsn) == box.last_seq
    assert box.attempts.unfinished() == []
    return ends


def test_a_range_in_which_somebody_died_is_halved(box: Outbox, database: Database) -> None:
    """Half of it goes first; when it is behind, batches grow again."""
    died(box, DELIVERED + 1, DELIVERED + 8)
    ends = ends_of_batches(box, database)
    assert ends[:2] == [DELIVERED + 4, DELIVERED + 8]
    assert box.parked.count() == 0


def test_a_range_that_went_through_tells_nothing(box: Outbox, database: Database) -> None:
    """The worker died before it could say that the batch was applied: the next one is as large as any."""
    died(box, DELIVERED - 1, DELIVERED)
    assert ends_of_batches(box, database) == [box.last_seq]
    assert box.parked.count() == 0


def test_one_event_is_tried_again_until_enough_died_of_it(box: Outbox, database: Database) -> None:
    died(box, DELIVERED + 1, DELIVERED + 1, STARTS - 1)
    ends = ends_of_batches(box, database)
    assert ends[0] == DELIVERED + 1
    assert box.parked.count() == 0


def test_one_event_of_which_enough_died_is_parked_untried(box: Outbox, database: Database) -> None:
    """Its reason says how it is known; everything behind it goes on."""
    died(box, DELIVERED + 1, DELIVERED + 1, STARTS)
    ends = ends_of_batches(box, database)
    assert ends[0] == DELIVERED + 1
    (parked,) = box.parked.list()
    assert (parked.seq, parked.state, parked.attempts) == (DELIVERED + 1, ParkedState.PARKED, STARTS)
    assert parked.reason == f"the worker died {STARTS} times in a row while it was applied"


def test_a_death_over_a_released_event_narrows_no_batch(box: Outbox, database: Database) -> None:
    """It is tried again in its own turn, before what waits, and its record is gone afterwards."""
    died(box, DELIVERED + 1, DELIVERED + 1, STARTS)
    ends_of_batches(box, database)
    box.parked.release(DELIVERED + 1, Resolution.RETRY)
    died(box, DELIVERED + 1, DELIVERED + 1)
    box.append(lesson(90), lesson(91))
    assert ends_of_batches(box, database) == [box.last_seq]
    assert box.parked.count() == 0


def test_a_worker_killed_while_it_waited_is_followed_by_one_that_goes_on_with_the_search(
    box: Outbox, database: Database
) -> None:
    """Of two events in hand at a death the first was tried alone: it is tried alone again, and so is the second."""
    first = DELIVERED + 1
    died(box, first, first + 1)
    died(box, first, first)
    box.attempts.waits(first, begins=True)
    assert ends_of_batches(box, database)[:2] == [first, first + 1]
    assert box.parked.count() == 0


def test_a_wary_worker_keeps_its_record_through_two_batches(box: Outbox, database: Database) -> None:
    """Whoever died may have been decoding the second one while the first was under way."""
    one = relay(box, database.worker_dsn, max_events=5, wary=True)
    box.connection.execute("create temp table seen as select seq from attempts")
    box.connection.execute(
        "create temp trigger note after insert on main.attempts begin insert into seen values (new.seq); end"
    )
    assert one.run() is Ending.EMPTY
    recorded = [seq for (seq,) in box.connection.execute("select seq from seen")]
    assert recorded == [DELIVERED + 1, DELIVERED + 6]


def test_a_released_event_of_which_enough_died_is_parked_again_untried(box: Outbox, database: Database) -> None:
    """Charged once more, with its reason; no record stands, and what waits goes on."""
    died(box, DELIVERED + 1, DELIVERED + 1, STARTS)
    ends_of_batches(box, database)
    box.parked.release(DELIVERED + 1, Resolution.RETRY)
    died(box, DELIVERED + 1, DELIVERED + 1, STARTS)
    box.append(lesson(90))
    assert ends_of_batches(box, database) == [box.last_seq]
    (parked,) = box.parked.list()
    assert (parked.seq, parked.state, parked.attempts) == (DELIVERED + 1, ParkedState.PARKED, STARTS + 1)
    assert parked.reason == f"the worker died {STARTS} times in a row while it was applied"


def test_a_killer_at_the_end_of_the_log_leaves_no_record(box: Outbox, database: Database) -> None:
    """Nothing follows it that would write another one over it."""
    assert ends_of_batches(box, database) == [box.last_seq]
    box.append(lesson(90))
    died(box, box.last_seq, box.last_seq, STARTS)
    assert ends_of_batches(box, database) == [box.last_seq]
    assert [row.seq for row in box.parked.list()] == [box.last_seq]


@pytest.mark.parametrize("how", ["edit", "retry", "discard"])
def test_what_was_decided_about_is_not_charged_with_the_deaths_of_before(
    how: str, box: Outbox, database: Database
) -> None:
    """Set aside after enough had died of it, and decided about before any worker came by: it is tried as it is now."""
    killer = DELIVERED + 1
    died(box, killer, killer, STARTS)
    resolve.set_aside(box, killer, "the worker dies of it")
    match how:
        case "edit":
            payload = {**box.event(killer).payload, "title": "Mended"}
            resolve.edit(box, killer, payload, "without what it died of")
        case "retry":
            resolve.retry(box, killer, "a new version of the worker")
        case _:
            resolve.discard(box, killer, "no use")
    assert relay(box, database.worker_dsn, waker=NoWaiting(), wary=True).run() is Ending.EMPTY
    assert box.parked.count() == 0
    assert applied_seq(database.dsn) == box.last_seq
    with psycopg.connect(database.dsn) as connection:
        titles = connection.execute("select title from contents where title = 'Mended'").fetchall()
    assert len(titles) == (how == "edit")


def test_what_is_set_aside_after_enough_died_of_it_says_who_set_it_aside(box: Outbox, database: Database) -> None:
    """The operator's reason, not the deaths."""
    killer = DELIVERED + 1
    died(box, killer, killer, STARTS)
    resolve.set_aside(box, killer, "the worker dies of it")
    ends_of_batches(box, database)
    (parked,) = box.parked.list()
    assert (parked.seq, parked.reason) == (killer, "set aside: the worker dies of it")


def test_a_decision_about_one_of_several_leaves_the_search_where_it_is(box: Outbox) -> None:
    died(box, DELIVERED + 1, DELIVERED + 4)
    resolve.set_aside(box, DELIVERED + 1, "not now")
    (found,) = box.attempts.unfinished()
    assert (found.seq, found.last_seq) == (DELIVERED + 1, DELIVERED + 4)
