"""Whether a ratio has become worse than its baseline by more than can be noise.

A ratio that looks worse is measured again, and counts as worse only when three measurings agree: a load strikes one
or two of them, a slower program all three.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

ALLOWED = 0.25
MUST_AGREE = 3
Step = Callable[[int], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A watched ratio beside its baseline; `measured` holds more than one figure where the first looked worse."""

    name: str
    baseline: float
    measured: list[float]

    @property
    def change(self) -> float:
        """How much worse (above 0) or better the best of the measurings is, as a share of the baseline."""
        return min(self.measured) / self.baseline - 1

    @property
    def regressed(self) -> bool:
        return self.change > ALLOWED


def compare(name: str, baseline: float, measure: Callable[[], float]) -> Comparison:
    """Measure until one figure is good enough, three times at most; less is better."""
    measured: list[float] = []
    while len(measured) < MUST_AGREE:
        measured.append(measure())
        if measured[-1] <= baseline * (1 + ALLOWED):
            break
    return Comparison(name=name, baseline=baseline, measured=measured)


def slowed(step: Step, percent: float, clock: Callable[[], float] = time.perf_counter) -> Step:
    """Return the step with that much busy waiting after it: the alarm's own alarm."""

    def longer(turn: int) -> object:
        began = clock()
        result = step(turn)
        end = began + (clock() - began) * (1 + percent / 100)
        while clock() < end:
            pass
        return result

    return longer
