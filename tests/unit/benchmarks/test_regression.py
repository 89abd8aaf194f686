"""The alarm of CI, with figures that are given: nothing here is timed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import quick
from benchmarks.regression import compare, slowed
from benchmarks.watched import WATCHED, Watched
from benchmarks.watched_log import Burden


def measuring(*figures: float) -> Iterator[float]:
    return iter(figures)


def watched(figures: Iterator[float]) -> Watched:
    def measure(folder: Path, burden: Burden) -> float:
        assert folder.is_dir()
        return float(str(burden(lambda _: next(figures))(0)))

    return Watched(name="append", what="one append / by hand", why="", measure=measure)


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    file = tmp_path / "baseline.json"
    file.write_text('{"append": 2.0}')
    return file


def test_a_ratio_within_a_quarter_of_its_baseline_passes_at_once() -> None:
    """Noise is no regression, and a gain is none either."""
    for figure in (2.5, 2.0, 0.1):
        comparison = compare("append", 2.0, measuring(figure).__next__)
        assert comparison.measured == [figure]
        assert not comparison.regressed


def test_one_good_measuring_of_three_is_enough() -> None:
    """A load of seconds strikes one or two of them."""
    comparison = compare("append", 2.0, measuring(9.0, 2.6, 2.4).__next__)
    assert comparison.measured == [9.0, 2.6, 2.4]
    assert not comparison.regressed


def test_three_measurings_that_agree_are_a_regression() -> None:
    """A slower program is slower each time; how much is told by the best of them."""
    comparison = compare("append", 2.0, measuring(2.8, 2.6, 3.0, 0.0).__next__)
    assert comparison.regressed
    assert comparison.change == pytest.approx(0.3)


def test_a_regression_exits_4_and_names_the_ratio(baseline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """CI stops, and says what got worse and what to do."""
    assert quick.run(baseline, [watched(measuring(2.6, 2.7, 2.8))]) == 4
    shown = capsys.readouterr()
    assert "WORSE  one append / by hand: 2.60, 2.70, 2.80 (baseline 2.00, +30%)" in shown.out
    assert "append: more than 25% worse" in shown.err
    assert "--accept" in shown.err


def test_unchanged_ratios_exit_0(baseline: Path) -> None:
    """The same figures pass."""
    assert quick.run(baseline, [watched(measuring(2.02))]) == 0


def test_without_room_in_memory_it_measures_on_the_disk_and_says_so(
    baseline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A small container is no reason to fail, and nobody takes its figures for the others."""
    monkeypatch.setattr(quick, "IN_MEMORY", tmp_path / "none")
    assert quick.run(baseline, [watched(measuring(2.0))]) == 0
    assert "the disk's fsync is in these ratios" in capsys.readouterr().err


def test_accepting_writes_the_median_of_three(baseline: Path) -> None:
    """The price of something is accepted by a commit that shows it."""
    quick.accept(baseline, [watched(measuring(2.6, 9.0, 2.71))])
    assert json.loads(baseline.read_text()) == {"append": 2.71}


def test_a_step_that_is_slowed_takes_that_much_longer() -> None:
    """`--slower 30` makes our side 1.3 times as long, on a clock of its own."""
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 0.001
        return now

    def step(_: int) -> str:
        nonlocal now
        now += 1.0
        return "done"

    assert slowed(step, 30, clock)(0) == "done"
    assert now == pytest.approx(1.3, abs=0.01)


def test_every_watched_ratio_has_its_baseline_and_no_other() -> None:
    """A ratio is not watched without a committed figure."""
    committed = json.loads(quick.BASELINE.read_text())
    assert list(committed) == [one.name for one in WATCHED]
    assert all(0.5 < value < 5 for value in committed.values())
