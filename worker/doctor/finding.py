"""One line of the examination."""

from dataclasses import asdict, dataclass
from typing import Literal

Outcome = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the examination.

    Attributes:
        check: what was looked at; these names never change.
        outcome: ok, warn (it works, and something is not as it should be) or fail (it does not work, or will not).
        found: what was seen.
        remedy: what to do; empty if all is well.
        unreachable: the database gave no answer, which is nobody's fault here.
    """

    check: str
    outcome: Outcome
    found: str
    remedy: str = ""
    unreachable: bool = False

    def as_dict(self) -> dict[str, str]:
        """Return what `worker doctor --json` prints."""
        plain = asdict(self)
        del plain["unreachable"]
        return plain


def judged(check: str, found: str, *, bad: bool, remedy: str, outcome: Outcome = "warn") -> Finding:
    """Return a finding that is ok, or `outcome` with its remedy if it is `bad`."""
    return Finding(check=check, outcome=outcome if bad else "ok", found=found, remedy=remedy if bad else "")
