"""How everything here is measured: variants take turns, and only their ratios count.

Another load on the machine comes and goes within seconds. Variants that take turns at every single step suffer it
alike, so the turns of one run give a ratio. A run starts on fresh files; the finding is the median of five runs, and
how far the runs lie apart is its spread. An absolute time is printed to give an idea, never as proof.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

Times = dict[str, list[float]]


def take_turns(
    variants: Mapping[str, Callable[[int], object]],
    turns: int,
    *,
    warm_up: int = 50,
    clock: Callable[[], float] = time.perf_counter,
) -> Times:
    """Run each variant once a turn, in an order that changes with every turn; return seconds by variant."""
    names = list(variants)
    times: Times = {name: [] for name in names}
    for turn in range(warm_up + turns):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            began = clock()
            variants[name](turn)
            took = clock() - began
            if turn >= warm_up:
                times[name].append(took)
    return times


def p50_ratio(times: Times, name: str, base: str) -> float:
    """The p50 of one variant over that of another."""
    return statistics.median(times[name]) / statistics.median(times[base])


def rate_ratio(times: Times, name: str, base: str) -> float:
    """The rate of one variant over that of another; slow steps (checkpoints) count in full."""
    return sum(times[base]) / sum(times[name])


def p50_ms(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) * 1000


def p99_ms(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98] * 1000


def each_p50_ms(times: Times) -> dict[str, float]:
    """What stands beside a ratio: every variant's p50."""
    return {name: p50_ms(taken) for name, taken in times.items()}
