"""Draining: deliver until nothing is left, and say how it goes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from outbox import OutboxError, OutboxPaths
from outbox.terminal import console
from worker.errors import Holding
from worker.faults.outage import Backoff
from worker.faults.suspects import died
from worker.logs import logs_of_a_library
from worker.notes import best_effort, stopped_holding
from worker.options import Ending
from worker.process.wakeup import StopAtOnce, stopped_by_signals
from worker.run.forecast import Forecast
from worker.run.report import OnBatch
from worker.run.room import RoomAgain
from worker.run.runtime import destination, relay_for, served_outbox, waker_for
from worker.settings import WorkerSettings

# An operator watches: tries follow each other more closely than in the background.
WATCHED = Backoff(first=0.1, cap=2.0)

EXIT_CODES = {Ending.EMPTY: 0, Ending.STOPPED: 4, Ending.TIMED_OUT: 4, Ending.UNREACHABLE: 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """What a drain came to.

    Attributes:
        ending: why it ended.
        events: how many the position passed.
        seconds: how long it took.
        remaining: events of the log that wait still.
        parked: events that wait for a decision, and those behind them.
    """

    ending: Ending
    events: int
    seconds: float
    remaining: int
    parked: int

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.ending]

    @property
    def rate_per_second(self) -> float:
        return self.events / self.seconds if self.seconds > 0 else 0.0


def drain(
    settings: WorkerSettings | None = None,
    *,
    local: bool = False,
    max_rate: float | None = None,
    timeout_seconds: float | None = None,
    patience_seconds: float | None = None,
    progress: bool = False,
) -> Drained:
    """Deliver until nothing is left, as `worker drain` does.

    SIGTERM and SIGINT end it after the batch in hand if it runs in the main thread. Whatever ends it, also a kill:
    what was delivered stays delivered, and the next drain goes on from there.

    Args:
        settings: of the worker; None: from the environment, and `.env` below it.
        local: use the embedded Postgres.
        max_rate: events per second at most.
        timeout_seconds: give up after that long.
        patience_seconds: give up when the database stays away for longer; None: never.
        progress: show a bar on stderr, if that is a terminal.

    Returns:
        Why it ended and what is left. It ends without an error also if the database could not be reached
        (`Ending.UNREACHABLE`): a backlog is nothing unusual.

    Raises:
        SettingsFault: the environment does not say what is needed; or no database is named.
        Holding: CREATOR_OS_DB_PERSIST is not true.
        WorkerRunning: a worker serves this outbox already; it drains it, too.
        WorkerError: a person has to mend something first; `remedy` says what.
    """
    settings = settings or WorkerSettings.from_env()
    if not settings.persist:
        held = Holding()
        if OutboxPaths.of(settings.outbox.outbox_path).database.exists():
            with (
                suppress(OutboxError),
                served_outbox(settings) as box,
            ):  # or somebody delivers, and nothing is to be said
                stopped_holding(box, held)
        raise held
    began = monotonic()
    with (
        logs_of_a_library(),
        served_outbox(settings) as box,
        waker_for(box) as waker,
        stopped_by_signals(waker),
        destination(settings, local=local) as dsn,
        _progress(box.last_seq, show=progress and sys.stderr.isatty()) as on_batch,
    ):
        wary = died(box)
        with best_effort(box):
            box.relay.set_state("draining")
        relay, report = relay_for(
            box,
            settings,
            dsn,
            waker,
            until_empty=True,
            max_rate=max_rate,
            timeout_seconds=timeout_seconds,
            patience_seconds=patience_seconds,
            wary=wary,
            on_batch=on_batch,
            backoff=WATCHED,
        )
        try:
            ending = relay.run()
        except StopAtOnce:
            ending = Ending.STOPPED
        except RoomAgain:
            ending = Ending.EMPTY
        finally:
            waker.end()
            with best_effort(box):
                box.relay.set_state("stopped")
        return Drained(
            ending=ending,
            events=report.carried,
            seconds=monotonic() - began,
            remaining=report.remaining(),
            parked=box.parked.count(),
        )


@contextmanager
def _progress(last_seq: int, *, show: bool) -> Iterator[OnBatch | None]:
    if not show:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415  for a terminal

    columns = (
        TextColumn("draining"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[left]}"),
    )
    screen = console(err=True)
    screen.width -= len("^C")  # which the terminal writes behind the bar: wrapped, it would leave the bar there twice
    with Progress(*columns, console=screen) as progress:
        bar = progress.add_task("draining", total=None, rate="", left="")
        first: list[int] = []

        def on_batch(seq: int, count: int, newest: int, forecast: Forecast) -> None:
            if not first:
                first.append(seq - count)
            total = max(newest, last_seq) - first[0]
            seconds = forecast.seconds_left(newest - seq)
            rate = f"{forecast.rate or 0:,.0f} events/s"
            left = "" if seconds is None else f"{timedelta(seconds=round(seconds))} left"
            progress.update(bar, completed=seq - first[0], total=total, rate=rate, left=left)

        yield on_batch
