"""The rate is a ceiling; the database's answers decide how much of it is used."""

import pytest

from worker.carry.pace import LEAST_SHARE, Pace


def fed(pace: Pace, seconds: float, batches: int, count: int = 100) -> list[float]:
    """The rates after each of some batches that took `seconds`."""
    rates = []
    for _ in range(batches):
        pace.rest_seconds(count, seconds)
        assert pace.rate is not None
        rates.append(pace.rate)
    return rates


def test_without_a_ceiling_nothing_rests() -> None:
    assert Pace(None).rest_seconds(500, 0.001) == 0.0


def test_the_ceiling_is_kept() -> None:
    """100 events at 50 a second are two seconds, less what the batch took."""
    assert Pace(50.0).rest_seconds(100, 0.5) == pytest.approx(1.5)


def test_when_latency_rises_the_rate_halves_then_ramps() -> None:
    pace = Pace(400.0)
    assert fed(pace, 0.1, 5) == [400.0] * 5
    assert fed(pace, 0.5, 4) == [400.0, 200.0, 200.0, 100.0]
    assert fed(pace, 0.1, 8) == pytest.approx([125.0, 156.25, 195.3, 244.1, 305.2, 381.5, 400.0, 400.0], abs=0.1)


def test_one_slow_answer_changes_nothing() -> None:
    pace = Pace(400.0)
    fed(pace, 0.1, 3)
    fed(pace, 0.9, 1)
    assert fed(pace, 0.1, 1) == [400.0]


def test_it_never_comes_to_a_halt_and_gets_used_to_a_slower_world() -> None:
    """What is slow for good becomes the measure; the ceiling is reached again."""
    pace = Pace(400.0)
    fed(pace, 0.1, 1)
    rates = fed(pace, 0.5, 200)
    assert min(rates) >= 400.0 * LEAST_SHARE
    assert rates[-1] == 400.0


def test_small_batches_are_no_slow_ones() -> None:
    """One event in a round trip of 20 ms after hundreds in 100 ms."""
    pace = Pace(400.0)
    fed(pace, 0.1, 3, count=400)
    assert fed(pace, 0.015, 3, count=1) == [400.0] * 3
