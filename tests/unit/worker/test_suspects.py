"""What a worker makes of the start record that its predecessor left."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
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


def made(box: Outbox, size: BatchSize | None = None, *, ready: Sequence[int] = (), wary: bool = False) -> Suspects:
    """A worker's eye on deaths, with these events released."""
    return Suspects(box, NO_EXCHANGE, size or BatchSize(500), lambda limit: ready[:limit], wary=wary)


def at(seq: int) -> Position:
    return Position(destination_id=uuid4(), seq=seq, event_id=None)


def standing(box: Outbox) -> list[tuple[int, int]]:
    return [(record.seq, record.last_seq) for record in box.attempts.unfinished()]


def test_the_events_that_were_in_hand_at_a_death_are_taken_up_in_halves(box: Outbox) -> None:
    """Eight were begun and not ended: the next batch has four, and the record stays."""
    box.attempts.begin(5, 12)
    size = BatchSize(500)
    suspects = made(box, size)
    suspects.arrived(at(4), BatchSize(500))
    assert suspects.wary
    assert size.size == 4
    assert standing(box) == [(5, 12)]


@pytest.mark.parametrize("position", [12, 3])
def test_a_record_of_a_batch_that_went_through_is_removed_and_narrows_nothing(box: Outbox, position: int) -> None:
    """The process died between the commit in the database and its own note: nobody died of an event."""
    box.attempts.begin(5, 12)
    size = BatchSize(500)
    made(box, size).arrived(at(position), BatchSize(500))
    assert standing(box) == []
    assert size.size == 500


def test_the_record_of_a_released_event_stays_for_whoever_takes_it_up(box: Outbox) -> None:
    """It lies behind the position, and is no sign that it went through."""
    box.attempts.begin(2, 2)
    size = BatchSize(500)
    released = BatchSize(500)
    made(box, size, ready=[2, 3, 4]).arrived(at(9), released)
    assert standing(box) == [(2, 2)]
    assert (size.size, released.size) == (500, 1)


def test_where_a_log_is_heard_bit_by_bit_what_is_not_known_yet_is_watched_as_well(
    box: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A centre died of event 21, and of 9 that was let go; it knows 20 events and no decision when it starts again."""
    monkeypatch.setattr(type(box.attempts), "all_at_hand", False)
    box.attempts.begin(9, 9)
    suspects = made(box, wary=True)
    suspects.arrived(at(20), BatchSize(500))
    assert standing(box) == [(9, 9)]
    monkeypatch.setattr(suspects, "_exchange", SimpleNamespace(probe=lambda _: None))
    monkeypatch.setattr(suspects, "_waits_noted", lambda _: nullcontext())
    for seq, released in ((9, True), (21, False)):
        with suspects.watched(NO_CONNECTION, seq, seq, released=released):
            assert (seq, seq) in standing(box)


def test_what_was_released_is_looked_into_in_halves_as_well(box: Outbox) -> None:
    """Of the events that were in hand, those that are still to be taken up count; they need not follow each other."""
    box.attempts.begin(2, 9)
    released = BatchSize(500)
    made(box, ready=[2, 4, 6, 9, 11]).arrived(at(12), released)
    assert released.size == 2


def test_an_event_is_a_killer_after_three_deaths_alone_in_hand(box: Outbox) -> None:
    """Two are chance; deaths with a neighbour in hand do not count; once it is parked the record is gone."""
    suspects = made(box, wary=True)
    box.attempts.begin(5, 6)
    said = [suspects.is_killer(5)]
    for _ in range(3):
        box.attempts.begin(5, 5)
        said.append(suspects.is_killer(5))
    assert said == [False, False, False, True]
    assert not suspects.is_killer(6)
    suspects.parked(5)
    assert standing(box) == []
    assert not suspects.is_killer(5)


def test_a_worker_stays_wary_for_two_batches_and_writes_down_each_of_them(box: Outbox) -> None:
    """As far as its predecessor may have looked ahead: from 4, with 3 a batch, that is up to 10."""
    suspects = made(box, BatchSize(3), wary=True)
    suspects.arrived(at(4), BatchSize(500))
    written = []
    for first in (5, 8, 10, 11):
        with suspects.watched(NO_CONNECTION, first, first + 2):
            written.append(standing(box))
    assert written == [[(5, 7)], [(8, 10)], [(10, 12)], []]
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
    suspects = made(box, wary=wary)
    suspects.arrived(at(4), BatchSize(500))
    with pytest.raises(type(error)), suspects.watched(NO_CONNECTION, 5, 8):
        raise error
    assert standing(box) == ([(5, 8)] if stays else [])


def test_a_process_that_was_killed_while_it_waited_for_the_database_charges_nobody(box: Outbox) -> None:
    """However often: the record of the first such death goes, that of a later one loses the start that was no evidence."""
    for _ in range(5):
        box.attempts.begin(5, 5)
        box.attempts.waits(5, begins=True)
        made(box, wary=True)
        assert standing(box) == []
    box.attempts.begin(5, 5)
    box.attempts.begin(5, 5)
    box.attempts.waits(5, begins=True)
    suspects = made(box, wary=True)
    (found,) = box.attempts.unfinished()
    assert (found.starts, suspects.is_killer(5)) == (1, False)


@pytest.mark.parametrize("range_of_death", [4, 5])
@pytest.mark.parametrize("released_too", [False, True])
def test_a_kill_during_a_wait_takes_nothing_back_of_what_the_search_had_found(
    range_of_death: int, *, released_too: bool, box: Outbox
) -> None:
    """Half of a range in which somebody died was tried: it is tried again, and the other half alone after it."""
    first, last = 5, 4 + range_of_death
    ready = list(range(first, 20)) if released_too else []
    position = at(20 if released_too else first - 1)
    box.attempts.begin(first, last)
    for _ in range(3):
        sizes = [BatchSize(500), BatchSize(500)]
        made(box, sizes[0], ready=ready, wary=True).arrived(position, sizes[1])
        size = sizes[released_too]
        assert (size.size, sizes[not released_too].size) == (2, 500)
        box.attempts.begin(first, first + 1)
        box.attempts.waits(first, begins=True)
    size.succeeded(first + 1, 2, 0.0)
    assert size.size == 2
    size.succeeded(first + 4, 2, 0.0)  # an even range ended one before
    assert size.size == 4


def test_a_batch_that_was_cut_off_by_a_kill_narrows_none_that_is_elsewhere(box: Outbox) -> None:
    """It went through after all, or the position was set back."""
    for seq in (3, 12):
        box.attempts.begin(5, 6)
        box.attempts.waits(5, begins=True)
        size = BatchSize(500)
        made(box, size, wary=True).arrived(at(seq), BatchSize(500))
        assert size.size == 500


def test_a_process_that_died_after_the_answer_is_evidence(box: Outbox) -> None:
    """It waited, had its answer, and died of what it did with it."""
    for _ in range(3):
        box.attempts.begin(5, 5)
        box.attempts.waits(5, begins=True)
        box.attempts.waits(5, begins=False)
        suspects = made(box, wary=True)
    assert suspects.is_killer(5)


def test_deaths_are_looked_into_where_they_happened_whatever_is_in_hand_before(box: Outbox) -> None:
    """One in the log, one among what was released: each narrows its own batches, and another event ends neither."""
    box.attempts.begin(13, 16)
    box.attempts.begin(4, 4)
    size, released = BatchSize(500), BatchSize(500)
    suspects = made(box, size, ready=[2, 4, 6], wary=True)
    suspects.arrived(at(12), released)
    assert (size.size, released.size) == (2, 1)
    with suspects.watched(NO_CONNECTION, 2, 3, released=True):
        assert standing(box) == [(2, 3), (4, 4), (13, 16)]
    assert standing(box) == [(4, 4), (13, 16)]


def test_a_worker_is_wary_until_it_is_through_with_what_was_released_as_well(box: Outbox) -> None:
    """The log may be faster: they take turns. What waits behind others by then is forgotten."""
    box.attempts.begin(4, 4)
    ready = [4]
    suspects = made(box, BatchSize(3), ready=ready, wary=True)
    suspects.arrived(at(6), BatchSize(3))
    wary = []
    for first in (7, 10, 13):
        with suspects.watched(NO_CONNECTION, first, first + 2):
            wary.append(suspects.wary)
    ready.clear()
    with suspects.watched(NO_CONNECTION, 16, 18):
        wary.append(suspects.wary)
    assert wary == [True, True, True, False]
    assert standing(box) == []
