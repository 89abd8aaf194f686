"""How everything here is measured: variants take turns, and only their ratios count.

Another load on the machine comes and goes within seconds. Variants that take turns at every single step suffer it
alike, so each block of turns gives a ratio; the median of the blocks' ratios is the finding, and how far the blocks
lie apart is its spread. An absolute time is printed to give an idea, never as proof.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

BLOCKS = 10
Times = dict[str, list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report; `holds` is None where there is no target."""

    theme: str
    what: str
    value: float
    unit: str
    spread: tuple[float, float] | None
    target: str
    holds: bool | None
    note: str = ""

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def take_turns(variants: Mapping[str, Callable[[int], object]], turns: int, *, warm_up: int = 50) -> Times:
    """Run each variant once a turn, in an order that changes with every turn; return seconds by variant."""
    names = list(variants)
    times: Times = {name: [] for name in names}
    for turn in range(warm_up + turns):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            began = time.perf_counter()
            variants[name](turn)
            took = time.perf_counter() - began
            if turn >= warm_up:
                times[name].append(took)
    return times


def p50_ratios(times: Times, name: str, base: str) -> list[float]:
    """The p50 of one variant over that of another, block by block."""
    return [
        statistics.median(mine) / statistics.median(its) for mine, its in zip(*_blocks(times, name, base), strict=True)
    ]


def rate_ratios(times: Times, name: str, base: str) -> list[float]:
    """The rate of one variant over that of another, block by block; slow steps (checkpoints) count in full."""
    return [sum(its) / sum(mine) for mine, its in zip(*_blocks(times, name, base), strict=True)]


def at_most(theme: str, what: str, ratios: list[float], target: float, note: str = "") -> Finding:
    return _finding(theme, what, ratios, f"<= {target}", statistics.median(ratios) <= target, note)


def at_least(theme: str, what: str, ratios: list[float], target: float, note: str = "") -> Finding:
    return _finding(theme, what, ratios, f">= {target}", statistics.median(ratios) >= target, note)


def limit(theme: str, what: str, value: float, unit: str, target: float | None, note: str = "") -> Finding:
    """An absolute with a ceiling, for what is promised in absolute terms."""
    return Finding(
        theme=theme,
        what=what,
        value=value,
        unit=unit,
        spread=None,
        target="" if target is None else f"<= {target}",
        holds=None if target is None else value <= target,
        note=note,
    )


def p50_ms(seconds: list[float]) -> float:
    return statistics.median(seconds) * 1000


def _blocks(times: Times, *names: str) -> list[list[list[float]]]:
    return [
        [times[name][len(times[name]) * b // BLOCKS : len(times[name]) * (b + 1) // BLOCKS] for b in range(BLOCKS)]
        for name in names
    ]


def _finding(theme: str, what: str, ratios: list[float], target: str, holds: bool, note: str) -> Finding:  # noqa: FBT001 - private
    return Finding(
        theme=theme,
        what=what,
        value=statistics.median(ratios),
        unit="x",
        spread=(min(ratios), max(ratios)),
        target=target,
        holds=holds,
        note=note,
    )
