"""What a run reads, and what the runs together find."""

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

DIGITS = 4  # significant ones that are kept of a figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One figure of one run.

    `target` is an upper limit (`at_most`), a lower one, or none. `worst` says that a longest or largest is promised:
    then no median of the runs may hide the one that broke it. `sides` are the absolutes behind the figure in
    `sides_unit`: ours, raw ceilings, peers.
    """

    theme: str
    what: str
    value: float
    unit: str = "×"
    target: float | None = None
    at_most: bool = True
    worst: bool = False
    sides: Mapping[str, float] = field(default_factory=dict)
    sides_unit: str = "ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The same figure of every run."""

    theme: str
    what: str
    unit: str
    target: float | None
    at_most: bool
    worst: bool
    values: list[float]
    sides: dict[str, float]
    sides_unit: str

    @classmethod
    def of(cls, readings: list[Reading]) -> "Finding":
        """Put the readings of one figure together; each side counts with its median."""
        first = readings[0]
        return cls(
            theme=first.theme,
            what=first.what,
            unit=first.unit,
            target=first.target,
            at_most=first.at_most,
            worst=first.worst,
            values=[rounded(reading.value) for reading in readings],
            sides={name: rounded(statistics.median(r.sides[name] for r in readings)) for name in first.sides},
            sides_unit=first.sides_unit,
        )

    @classmethod
    def from_json(cls, theme: str, kept: dict[str, Any]) -> "Finding":
        return cls(theme=theme, **kept)

    @property
    def value(self) -> float:
        """The median, or the worst where that is what was promised."""
        if self.worst:
            return max(self.values) if self.at_most else min(self.values)
        return statistics.median(self.values)

    @property
    def holds(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.target is None:
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target


def together(readings: Iterable[Reading]) -> list[Finding]:
    """Put the readings of several runs together, in the order in which the figures were first seen."""
    found: dict[tuple[str, str], list[Reading]] = {}
    for reading in readings:
        found.setdefault((reading.theme, reading.what), []).append(reading)
    return [Finding.of(same) for same in found.values()]


def rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
