"""What a worker makes of the start record that its predecessor left."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from uuid import uuid4

import psycopg
import pytest

from outbox import Outbox
from outbox import catalogue as c
from worker.apply.position import Position
from worker.carry.batching import BatchSize
from worker.carry.exchange import Exchange
from worker.connect.connection import Connection
from worker.faults.suspects import Suspects, died

NO_EXCHANGE = cast("Exchange", SimpleNamespace())  # nothing is applied here
NO_CONNECTION = cast("Connection", None)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(*(c.AudienceUpserted(slug=f"a-{number}", name="A") for number in range(20)))
        yield box


def at(seq: int) -> Position:
    return Position(destination_id=uuid4(), seq=seq, event_id=None)


def test_the_events_that_were_in_hand_at_a_death_are_taken_up_in_halves(box: Outbox) -> None:
    """Eight were begun and not ended: the next batch has four, and the record stays."""
    box.attempts.begin(5, 12)
    size = BatchSize(500)
    suspects = Suspects(box, NO_EXCHANGE, size, wary=False)
    suspects.arrived(at(4), [], BatchSize(500))
    assert suspects.wary
    assert size.size == 4
    assert box.attempts.unfinished() is not None


@pytest.mark.parametrize("position", [12, 3])
def test_a_record_of_a_batch_that_went_through_is_removed_and_narrows_nothing(box: Outbox, position: int) -> None:
    """The process died between the commit in the database and its own note: nobody died of an event."""
    box.attempts.begin(5, 12)
    size = BatchSize(500)
    Suspects(box, NO_EXCHANGE, size, wary=False).arrived(at(position), [], BatchSize(500))
    assert box.attempts.unfinished() is None
    assert size.size == 500


def test_the_record_of_a_released_event_stays_for_whoever_takes_it_up(box: Outbox) -> None:
    """It lies behind the position, and is no sign that it went through."""
    box.attempts.begin(2, 2)
    size = BatchSize(500)
    released = BatchSize(500)
    Suspects(box, NO_EXCHANGE, size, wary=False).arrived(at(9), [2, 3, 4], released)
    assert box.attempts.unfinished() is not None
    assert (size.size, released.size) == (500, 1)


def test_what_was_released_is_looked_into_in_halves_as_well(box: Outbox) -> None:
    """Of the events that were in hand, those that are still to be taken up count; they need not follow each other."""
    box.attempts.begin(2, 9)
    released = BatchSize(500)
    Suspects(box, NO_EXCHANGE, BatchSize(500), wary=False).arrived(at(12), [2, 4, 6, 9, 11], released)
    assert released.size == 2


def test_an_event_is_a_killer_after_three_deaths_alone_in_hand(box: Outbox) -> None:
    """Two are chance; deaths with a neighbour in hand do not count; once it is parked the record is gone."""
    suspects = Suspects(box, NO_EXCHANGE, BatchSize(500), wary=True)
    box.attempts.begin(5, 6)
    said = [suspects.is_killer(5)]
    for _ in range(3):
        box.attempts.begin(5, 5)
        said.append(suspects.is_killer(5))
    assert said == [False, False, False, True]
    assert not suspects.is_killer(6)
    suspects.cleared()
    assert box.attempts.unfinished() is None
    assert not suspects.is_killer(5)


def test_a_worker_stays_wary_for_two_batches_and_writes_down_each_of_them(box: Outbox) -> None:
    """As far as its predecessor may have looked ahead: from 4, with 3 a batch, that is up to 10."""
    suspects = Suspects(box, NO_EXCHANGE, BatchSize(3), wary=True)
    suspects.arrived(at(4), [], BatchSize(500))
    written = []
    for first in (5, 8, 10, 11):
        with suspects.watched(NO_CONNECTION, first, first + 2):
            record = box.attempts.unfinished()
            written.append(record and (record.seq, record.last_seq))
    assert written == [(5, 7), (8, 10), (10, 12), None]
    assert not suspects.wary


def test_a_worker_that_said_nothing_at_its_end_has_died(box: Outbox) -> None:
    """A file that no worker ever had, and one whose worker ended in order, give no reason to be wary."""
    assert not died(box)
    box.relay.set_state("draining")
    assert died(box)
    box.relay.set_state("stopped")
    assert not died(box)


@pytest.mark.parametrize("wary", [False, True])
@pytest.mark.parametrize(
    ("error", "stays"),
    [
        (ZeroDivisionError(), True),
        (psycopg.OperationalError(), False),
        (OSError(), False),
        (UnicodeEncodeError("utf-8", "x", 0, 1, "r"), False),
        (KeyboardInterrupt(), False),
    ],
    ids=["bug", "database", "network", "text", "signal"],
)
def test_an_error_that_nobody_foresaw_leaves_its_record_like_a_death(
    error: BaseException, *, stays: bool, wary: bool, box: Outbox
) -> None:
    """The process ends of it, so the next one must know what it had in hand; everything else it lives to see."""
    suspects = Suspects(box, NO_EXCHANGE, BatchSize(500), wary=wary)
    suspects.arrived(at(4), [], BatchSize(500))
    with pytest.raises(type(error)), suspects.watched(NO_CONNECTION, 5, 8):
        raise error
    record = box.attempts.unfinished()
    assert (record and (record.seq, record.last_seq)) == ((5, 8) if stays else None)


def test_a_process_that_was_killed_while_it_waited_for_the_database_charges_nobody(box: Outbox) -> None:
    """However often: the record of the first such death goes, that of a later one loses the start that was no evidence."""
    for _ in range(5):
        box.attempts.begin(5, 5)
        box.attempts.waits(begins=True)
        Suspects(box, NO_EXCHANGE, BatchSize(500), wary=True)
        assert box.attempts.unfinished() is None
    box.attempts.begin(5, 5)
    box.attempts.begin(5, 5)
    box.attempts.waits(begins=True)
    suspects = Suspects(box, NO_EXCHANGE, BatchSize(500), wary=True)
    found = box.attempts.unfinished()
    assert found is not None
    assert (found.starts, suspects.is_killer(5)) == (1, False)


def test_a_process_that_died_after_the_answer_is_evidence(box: Outbox) -> None:
    """It waited, had its answer, and died of what it did with it."""
    for _ in range(3):
        box.attempts.begin(5, 5)
        box.attempts.waits(begins=True)
        box.attempts.waits(begins=False)
        suspects = Suspects(box, NO_EXCHANGE, BatchSize(500), wary=True)
    assert suspects.is_killer(5)
