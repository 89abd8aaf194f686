"""What a judgement on a failure says: whose fault it is, what kind of fault, and what to do about it.

Programs read the fields of a judgement. Its words are for people.
"""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OUTAGE = "outage"
    OVERLOAD = "overload"
    CONTENTION = "contention"
    ENVIRONMENT = "environment"
    POISON = "poison"


class Phase(StrEnum):
    CONNECT = "connect"
    POSITION = "position"
    APPLY = "apply"
    COMMIT = "commit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict and its grounds.

    Attributes:
        verdict: whose fault it is.
        sqlstate: five characters, or None if the failure carries none.
        reason: our own words for it: no payload, no connection string.
        kind: one word for what is wrong, which never changes; "" where the verdict says all.
        remedy: what to do about it; None if the runbook's entry says it.
        command: the one to type for it, if there is one.
        entry: of docs/runbook.md; None for that of the verdict.
    """

    verdict: Verdict
    sqlstate: str | None
    reason: str
    kind: str = ""
    remedy: str | None = None
    command: str | None = None
    entry: str | None = None
