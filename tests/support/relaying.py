"""A relay in this process, with waits that take no time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from outbox import Outbox
from worker import Ending
from worker.connect.connection import Connection, Limits, connect
from worker.faults.outage import Backoff, Patience
from worker.meter import Meter, NoMeter
from worker.options import HOLD_AFTER_ALIKE, Options
from worker.run.relay import Relay
from worker.run.report import OnBatch, Report


@dataclass
class NoWaiting:
    """Waits are counted, not waited; `on_sleep` may stop the relay or mend what it waits for.

    `clock` is a clock in which nothing takes time but waiting.
    """

    stopping: bool = False
    slept: list[float] = field(default_factory=list)
    on_sleep: Callable[[float], None] | None = None
    now: float = 0.0

    def clock(self) -> float:
        return self.now

    def wait_for_news(self, seconds: float) -> None:
        self.sleep(seconds)

    def sleep(self, seconds: float, *, until: Callable[[], bool] = lambda: False) -> None:  # noqa: ARG002 - none is asked
        self.slept.append(seconds)
        self.now += seconds
        if self.on_sleep is not None:
            self.on_sleep(seconds)


def relay(
    box: Outbox,
    dsn: str | Callable[[], Connection],
    *,
    waker: NoWaiting | None = None,
    max_events: int = 500,
    halves_from: int | None = 2,
    stretches: bool = False,
    statement_timeout_ms: int = 30_000,
    until_empty: bool = True,
    margin_seconds: float = 5.0,
    wary: bool = False,
    patience_seconds: float | None = None,
    backoff: Backoff | None = None,
    max_rate: float | None = None,
    clock: Callable[[], float] = monotonic,
    on_batch: OnBatch | None = None,
    timeout_seconds: float | None = None,
    hold_after_alike: int = HOLD_AFTER_ALIKE,
    meter: Meter | None = None,
) -> Relay:
    options = Options(
        max_events=max_events,
        halves_from=halves_from,
        stretches=stretches,
        until_empty=until_empty,
        margin_seconds=margin_seconds,
        wary=wary,
        patience_seconds=patience_seconds,
        max_rate=max_rate,
        timeout_seconds=timeout_seconds,
        hold_after_alike=hold_after_alike,
        meter=meter or NoMeter(),
        limits=Limits(statement_timeout_ms=statement_timeout_ms),
    )
    return Relay(
        box,
        dial=dsn if callable(dsn) else lambda: connect(dsn),
        waker=waker or NoWaiting(),
        patience=Patience(box, backoff or Backoff(), clock=clock),
        options=options,
        report=Report(box, on_batch=on_batch, clock=clock),
        clock=clock,
    )


def drain(box: Outbox, dsn: str, *, max_events: int = 500, halves_from: int | None = 2) -> Ending:
    return relay(box, dsn, max_events=max_events, halves_from=halves_from).run()
