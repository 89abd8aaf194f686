"""The size of a batch: halves while a culprit is looked for, doubles while the database is quick."""

import pytest

from worker.carry.batching import TARGET_SECONDS, BatchSize


@pytest.mark.parametrize(("count", "size"), [(500, 250), (7, 3), (1, 1)])
def test_a_database_that_cannot_cope_gets_half_of_what_it_had(count: int, size: int) -> None:
    """Half, and never less than one event."""
    batches = BatchSize(500)
    batches.shrink(count)
    assert batches.size == size


def test_quick_batches_double_up_to_the_configured_limit() -> None:
    """After an outage it is one event, then two, four, as many as the configuration allows."""
    batches, sizes = BatchSize(6), []
    batches.restart()
    for seq in range(1, 5):
        sizes.append(batches.size)
        batches.succeeded(seq, batches.size, TARGET_SECONDS / 2)
    assert sizes == [1, 2, 4, 6]


def test_a_batch_that_was_not_full_says_nothing_about_a_larger_one() -> None:
    """The rest of the log, applied quickly, does not let the size grow."""
    batches = BatchSize(500, size=10)
    batches.succeeded(9, 9, 0.0)
    assert batches.size == 10


@pytest.mark.parametrize(("seconds", "size"), [(TARGET_SECONDS, 10), (2 * TARGET_SECONDS, 10), (3 * TARGET_SECONDS, 5)])
def test_slow_batches_keep_their_size_and_very_slow_ones_lose_half(seconds: float, size: int) -> None:
    """Between one and two seconds is what is wanted; beyond it the batches shrink."""
    batches = BatchSize(500, size=10)
    batches.succeeded(10, 10, seconds)
    assert batches.size == size
    batches.succeeded(11, 1, 3 * TARGET_SECONDS)
    assert batches.size == 1


def test_the_search_for_a_culprit_does_not_grow_before_its_range_is_behind() -> None:
    """Halves that succeed are part of the search; the last event of the range ends it."""
    batches = BatchSize(500)
    batches.suspect(last_seq=100, count=9)
    assert batches.size == 4
    batches.succeeded(99, 4, 0.0)
    assert batches.size == 4
    batches.succeeded(100, 4, 0.0)
    assert batches.size == 8


def test_a_known_culprit_stands_alone_in_the_batch_after_those_before_it() -> None:
    """So many go before it; where none does, it goes by itself."""
    batches = BatchSize(500)
    batches.stop_before(3, culprit_seq=104)
    assert batches.size == 3
    batches.succeeded(103, 3, 0.0)
    assert batches.size == 3
    batches.stop_before(0, culprit_seq=104)
    assert batches.size == 1


def far(batches: BatchSize, count: int, *, work: float = 0.3, waits: float = 0.2) -> int:
    """One batch of so many was applied in so many seconds, and waited for so long besides; the size of the next."""
    batches.succeeded(count, count, work + waits, waits)
    return batches.size


def test_a_far_database_gets_twice_as_many_at_once() -> None:
    """Whatever a batch waits for on the way, it waits for once."""
    batches = BatchSize(500, stretches=True)
    assert batches.longest == 1000
    assert far(batches, 500) == 1000
    assert far(batches, 1000, work=0.6) == 1000


@pytest.mark.parametrize("waits", [0.0, 0.02])
def test_a_near_database_gets_no_more_than_is_configured(waits: float) -> None:
    """A larger batch would gain next to nothing there, and takes memory."""
    assert far(BatchSize(500, stretches=True), 500, waits=waits) == 500


def test_over_one_connection_a_batch_is_never_more_than_is_configured() -> None:
    """All of it would be one transaction."""
    batches = BatchSize(500)
    assert batches.longest == 500
    assert far(batches, 500) == 500


def test_large_events_that_fill_a_batch_stretch_it_as_many_do() -> None:
    """What limits it there is the sum of the payloads, which grows with the size."""
    assert far(BatchSize(500, stretches=True), 260) == 1000


def test_a_few_events_do_not_tell_how_far_the_database_is() -> None:
    """They are nearly all waiting, wherever it is."""
    batches = BatchSize(500, size=4, stretches=True)
    assert far(batches, 4, work=0.001) == 8
    batches.size = 500
    assert far(batches, 500, waits=0.0) == 500


def test_after_an_outage_the_database_has_to_be_far_anew() -> None:
    """It may be another replica."""
    batches = BatchSize(500, stretches=True)
    assert far(batches, 500) == 1000
    batches.restart()
    assert batches.size == 1
    batches.size = 500
    assert far(batches, 500, waits=0.0) == 500


def test_waiting_on_the_way_does_not_make_a_batch_slow() -> None:
    """Half a batch waits as long."""
    batches = BatchSize(500, stretches=True)
    assert far(batches, 500, work=0.9, waits=2 * TARGET_SECONDS) == 1000
    assert far(batches, 1000, work=2.1 * TARGET_SECONDS) == 500
