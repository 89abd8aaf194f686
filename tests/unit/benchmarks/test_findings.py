"""How the readings of several runs become one line of the table, with figures that are given."""

from pathlib import Path

import pytest

from benchmarks.finding import Finding, Reading, together
from benchmarks.measure import p50_ratio, rate_ratio, take_turns
from benchmarks.results import Results, ThemeResult, load, save
from benchmarks.table import cells, number


def of_runs(
    *values: float, unit: str = "×", target: float | None = 1.5, at_most: bool = True, worst: bool = False
) -> Finding:
    (finding,) = together(
        Reading(theme="append", what="one", value=value, unit=unit, target=target, at_most=at_most, worst=worst)
        for value in values
    )
    return finding


def test_a_finding_is_the_median_of_its_runs_and_shows_the_least_and_the_most() -> None:
    """One lucky or one unlucky run decides nothing, and is not hidden."""
    finding = of_runs(1.4, 9.0, 1.2, 1.45, 1.3)
    assert finding.value == 1.4
    assert finding.holds is True
    assert cells(finding)[2] == "1.40 × (1.20 .. 9.00)"


def test_where_a_longest_is_promised_the_worst_run_counts() -> None:
    """A median must not hide the run that broke the promise."""
    finding = of_runs(20.0, 30.0, 260.0, unit="ms", target=250, worst=True)
    assert finding.holds is False
    assert cells(finding)[2] == "**missed**: 260 ms (worst of 3 runs)"


def test_where_more_is_better_less_than_the_target_is_missed() -> None:
    """The direction belongs to the target."""
    assert of_runs(0.7, 0.75, target=0.8, at_most=False).holds is False
    assert of_runs(0.9, target=0.8, at_most=False).holds is True
    assert of_runs(0.9, target=None).holds is None


def test_what_stands_beside_a_figure_counts_with_its_median() -> None:
    """The absolutes come from the same runs as the ratio."""
    readings = [Reading(theme="t", what="w", value=1, sides={"ours": value, "peer": 2.0}) for value in (1.0, 9.0, 3.0)]
    (finding,) = together(readings)
    assert finding.sides == {"ours": 3.0, "peer": 2.0}
    assert cells(finding)[3] == "ours 3.00, peer 2.00 ms"


def test_variants_take_turns_and_each_pays_for_its_own_time() -> None:
    """On a clock that only the steps move, the ratio is that of the steps; the warm-up is not counted."""
    now = 0.0
    order: list[str] = []

    def step(name: str, seconds: float) -> None:
        nonlocal now
        order.append(name)
        now += seconds

    variants = {"ours": lambda turn: step("ours", 100 if turn < 2 else 1.3), "base": lambda _: step("base", 1.0)}
    times = take_turns(variants, 4, warm_up=2, clock=lambda: now)
    assert p50_ratio(times, "ours", "base") == pytest.approx(1.3)
    assert rate_ratio(times, "ours", "base") == pytest.approx(1 / 1.3)
    assert order[:6] == ["ours", "base", "base", "ours", "ours", "base"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0334, "0.033"), (1.954, "1.95"), (17.26, "17.3"), (1733.4, "1,733"), (0.9998, "1.00"), (0, "0")],
)
def test_figures_have_three_digits(value: float, text: str) -> None:
    """More would pretend to be known."""
    assert number(value) == text


def test_measuring_one_theme_anew_keeps_the_others_of_the_same_machine(tmp_path: Path) -> None:
    """The drain takes half an hour; what it found is not lost when an append is looked at again."""
    file, machine = tmp_path / "kept.json", {"cores": 2, "fsync_p50_ms": 0.2}
    theme = ThemeResult(day="2026-01-01", runs=1, load=[0.1], findings=[of_runs(1.25)])
    save(file, Results(machine=machine, themes={"append": theme, "drain": theme}))
    again = ThemeResult(day="2026-01-02", runs=1, load=[0.1], findings=[of_runs(1.5)])
    save(file, Results(machine={**machine, "fsync_p50_ms": 0.3}, themes={"append": again}))
    assert {name: theme.day for name, theme in load(file).themes.items()} == {
        "append": "2026-01-02",
        "drain": "2026-01-01",
    }
    save(file, Results(machine={**machine, "cores": 8}, themes={"append": again}))
    assert list(load(file).themes) == ["append"]
