"""The time left that is told is within a fifth of the truth, in a clock that the test moves."""

import pytest

from worker.run.forecast import Forecast

CLOSE = 0.2


def test_before_the_first_batch_nothing_is_known() -> None:
    forecast = Forecast()
    assert (forecast.rate, forecast.seconds_left(10)) == (None, None)
    assert forecast.seconds_left(0) == 0.0


def test_a_steady_rate_gives_the_exact_time() -> None:
    """500 events each half second: 1,000 a second, whatever was before."""
    forecast = Forecast()
    for _ in range(3):
        forecast.carried(500, 0.5, 100_000)
        assert forecast.rate == pytest.approx(1000)
        assert forecast.seconds_left(50_000) == pytest.approx(50)


def test_the_size_of_batches_makes_no_difference() -> None:
    """1, 2, 4 … events in a round trip each, as after an outage: soon they no longer count."""
    forecast = Forecast()
    for size in (1, 2, 4, 8, 16, 32, 64, 128, 256):
        forecast.carried(size, 0.1, 100_000)
    for _ in range(40):
        forecast.carried(500, 0.5, 100_000)
    assert forecast.rate == pytest.approx(1000, rel=0.05)
    forecast.carried(1, 0.002, 100_000)  # one tiny batch is no change of the rate
    assert forecast.rate == pytest.approx(1000, rel=0.05)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_when_the_rate_changes_the_forecast_follows_within_ten_seconds(factor: float) -> None:
    forecast = Forecast()
    for _ in range(60):
        forecast.carried(500, 0.5, 1_000_000)
    for _ in range(int(20 * factor)):
        forecast.carried(500, 0.5 / factor, 1_000_000)
        if forecast.seconds_left(10_000) == pytest.approx(10 / factor, rel=CLOSE):
            break
    else:
        pytest.fail("not within ten seconds")


def test_events_that_arrive_meanwhile_are_reckoned_with() -> None:
    """1,000 a second go, 400 come: of a backlog of 6,000 ten seconds are left, not six."""
    forecast = Forecast()
    last_seq = 100_000
    for _ in range(20):
        last_seq += 200
        forecast.carried(500, 0.5, last_seq)
    assert forecast.seconds_left(6000) == pytest.approx(10, rel=CLOSE)


def test_a_burst_is_no_stream() -> None:
    """A whole course at once, in the middle of a drain: it is in the backlog, and not expected again and again."""
    forecast = Forecast()
    for number in range(60):
        forecast.carried(500, 0.5, 100_000 + 2000 * (number >= 50))
    assert forecast.seconds_left(10_000) == pytest.approx(10, rel=CLOSE)


def test_where_more_arrives_than_goes_there_is_no_end() -> None:
    forecast = Forecast()
    for number in range(20):
        forecast.carried(500, 0.5, 1000 * number)
    assert forecast.seconds_left(10_000) is None
