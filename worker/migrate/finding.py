"""What an audit returns: promises that are broken, by what, what that opens, and what closes it."""

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """ERROR breaks a promise; WARNING is somebody else's to decide; NOTE is good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One thing that is not as promised.

    Attributes:
        what: is there, or is missing.
        opens: what follows from it; empty if that goes without saying.
        closes: the statement that mends it; empty if a person must decide.
    """

    what: str
    opens: str = ""
    closes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A promise that is broken, and by what."""

    name: str
    severity: Severity
    promise: str
    breaches: tuple[Breach, ...]


@dataclass(slots=True)
class Findings:
    """Breaches, gathered under their promise."""

    _found: dict[tuple[str, Severity], tuple[str, list[Breach]]] = field(default_factory=dict)

    def add(self, name: str, severity: Severity, promise: str, breach: Breach) -> None:
        """Add one."""
        self._found.setdefault((name, severity), (promise, []))[1].append(breach)

    def all(self) -> tuple[Finding, ...]:
        """Return them, those that were found first before the others."""
        return tuple(
            Finding(name=name, severity=severity, promise=promise, breaches=tuple(breaches))
            for (name, severity), (promise, breaches) in self._found.items()
        )
