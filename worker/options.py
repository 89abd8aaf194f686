"""What may differ from one run of the relay to the next."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from worker.connect.connection import Limits
from worker.meter import Meter, NoMeter
from worker.settings import HOLD_AFTER_ALIKE

ANSWER_MARGIN_SECONDS = 5.0
HALVES_FROM_SHARE = 0.2  # of the most events of a batch
STRETCHED_FROM = 100  # events: whoever wants small batches wants them wherever the database is


class Ending(StrEnum):
    """Why the relay came back."""

    EMPTY = "empty"
    STOPPED = "stopped"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"


class Waiting(Protocol):
    """How the relay waits (see `wakeup.Waker`)."""

    stopping: bool

    def wait_for_news(self, seconds: float) -> None: ...

    def sleep(self, seconds: float, *, until: Callable[[], bool] = ...) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What may differ from run to run.

    Attributes:
        poll_seconds: the longest an event waits if its wake-up was lost.
        batch: limits of one transaction.
        halves_from: batches of so many events go over two connections, half over each; None: none does.
        stretches: whether a far database is given more than `max_events` at once; see `batching`.
        margin_seconds: how much longer than the server's own limits an answer may take before the socket is shut down.
        until_empty: come back when nothing is left; refusals that need a human are raised then, not waited for.
        max_rate: events per second, None for no limit.
        timeout_seconds: come back after that long, whatever is left.
        patience_seconds: come back when an outage lasts longer; None: never.
        hold_after_alike: how many events refused alike in a row are the database's fault; see `epidemic`. 0: none.
        wary: the worker before this one died; see `suspects`.
        alive: called whenever the loop goes round.
        meter: counts what is carried and what fails.
        beside: writes what else belongs into the transaction of a batch, once its position is written; None: nothing.
        rights: whether to ask the database what this outbox may write (`outbox.may_write`).
        in_place: called when nothing is left, before waiting; see `in_place`.
    """

    poll_seconds: float = 5.0
    max_events: int = 500
    max_bytes: int = 4 * 1024 * 1024
    halves_from: int | None = None
    stretches: bool = False
    limits: Limits = field(default_factory=Limits)
    margin_seconds: float = ANSWER_MARGIN_SECONDS
    until_empty: bool = False
    max_rate: float | None = None
    timeout_seconds: float | None = None
    patience_seconds: float | None = None
    hold_after_alike: int = HOLD_AFTER_ALIKE
    wary: bool = False
    alive: Callable[[], None] = lambda: None
    in_place: Callable[[], None] = lambda: None
    meter: Meter = field(default_factory=NoMeter)
    beside: Callable[[Any, Any], None] | None = None
    rights: bool = False
