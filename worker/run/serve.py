"""The life of `worker run`: take the lock, hold or deliver, end within five seconds of SIGTERM."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from outbox import Outbox, __version__
from outbox.extras import install_command
from worker.errors import Holding, SettingsFault
from worker.faults.suspects import died
from worker.logs import get_log, logs_of_a_library
from worker.meter import Meter, NoMeter
from worker.notes import best_effort, stopped_holding
from worker.process.supervisor import Supervisor
from worker.process.wakeup import StopAtOnce, Waker, stopped_by_signals
from worker.run.room import RoomAgain
from worker.run.runtime import destination, relay_for, served_outbox, waker_for
from worker.settings import WorkerSettings

HEARD_EVERY_SECONDS = 5.0  # where somebody asks for the health of this process


class Delivers(Protocol):
    """Delivers an outbox until it is told to stop."""

    def __call__(
        self, box: Outbox, settings: WorkerSettings, *, waker: Waker, wary: bool, supervisor: Supervisor, meter: Meter
    ) -> None: ...


def serve(settings: WorkerSettings | None = None, *, local: bool = False, deliver: Delivers | None = None) -> None:
    """Serve the outbox until a signal ends it, as `worker run` does; for the main thread of a process of its own.

    Args:
        settings: of the worker; None: from the environment, and `.env` below it.
        local: use the embedded Postgres.
        deliver: how; None: to the database, directly.

    Raises:
        WorkerRunning: another worker serves this outbox.
        SettingsFault: no database is named although delivering is switched on, or the metrics cannot be published.
    """
    settings = settings or WorkerSettings.from_env()

    def directly(
        box: Outbox, settings: WorkerSettings, *, waker: Waker, wary: bool, supervisor: Supervisor, meter: Meter
    ) -> None:
        with destination(settings, local=local) as dsn:
            relay, _ = relay_for(box, settings, dsn, waker, wary=wary, supervisor=supervisor, meter=meter)
            relay.run()

    with logs_of_a_library():
        while _serve_for_now(settings, deliver or directly):
            get_log().info("worker.reopened", reason="the disk has room again")


def _serve_for_now(settings: WorkerSettings, deliver: Delivers) -> bool:
    """Serve the outbox; True if it was a copy in memory, and there is room now to open the file."""
    log = get_log()
    measured = settings.metrics_port is not None or settings.metrics_file is not None
    supervisor = Supervisor(os.environ, heard_every_seconds=HEARD_EVERY_SECONDS if measured else float("inf"))
    with (
        _notifier(settings),
        served_outbox(settings) as box,
        _meter(settings, supervisor, measured=measured) as meter,
        waker_for(box, supervisor) as waker,
        stopped_by_signals(waker),
    ):
        wary = died(box)
        held: Holding | None = None
        with best_effort(box):
            box.relay.set_state("starting")
        supervisor.ready()
        log.info("worker.started", pid=os.getpid(), version=__version__, outbox_id=str(box.outbox_id))
        try:
            if not settings.persist:
                held = Holding()
                log.warning("relay.holding", reason=str(held), last_seq=box.last_seq)
                while not waker.stopping:
                    with best_effort(box):
                        box.relay.set_state("holding", str(held))
                    waker.sleep(60.0)
            else:
                deliver(box, settings, waker=waker, wary=wary, supervisor=supervisor, meter=meter)
            log.info("worker.stopped", clean=True)
        except RoomAgain:
            return True
        except StopAtOnce:
            # Safe at any instant: the position tells what was committed. See `relay`.
            log.warning("worker.stopped", clean=False)
        finally:
            waker.end()
            supervisor.stopping()
            if held is not None:
                stopped_holding(box, held)
            else:
                with best_effort(box):
                    box.relay.set_state("stopped")
    return False


@contextmanager
def _notifier(settings: WorkerSettings) -> Iterator[None]:
    """Around everything else: what a worker says when it gives up is in the file when the last look is taken."""
    if not settings.notify:
        yield
        return
    # Imported here: who asks for no messages pays for none.
    try:
        from worker.notify import notifying  # noqa: PLC0415
    except ModuleNotFoundError as exc:
        raise SettingsFault(
            f"messages are asked for, and {exc.name} is not installed: {install_command('notify')}, or leave out "
            "OUTBOX_NOTIFY"
        ) from exc

    with notifying(settings.outbox.outbox_path, settings.notify):
        yield


@contextmanager
def _meter(settings: WorkerSettings, supervisor: Supervisor, *, measured: bool) -> Iterator[Meter]:
    if not measured:
        yield NoMeter()
        return
    # Imported here: who asks for no metrics pays for none.
    try:
        from worker.metrics import published  # noqa: PLC0415
    except ModuleNotFoundError as exc:
        raise SettingsFault(
            f"metrics are asked for, and {exc.name} is not installed: {install_command('worker')}, or leave "
            "out --metrics-port, --metrics-file, OUTBOX_METRICS_PORT and OUTBOX_METRICS_FILE"
        ) from exc

    with published(settings, supervisor) as meter:
        yield meter
