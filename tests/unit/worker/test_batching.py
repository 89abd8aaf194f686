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
