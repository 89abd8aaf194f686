"""What `run`, `drain`, `replay` and `verify` have in common: settings, the outbox, the database, the relay."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from outbox import Outbox, OutboxPaths, WorkerLock
from worker.connect.connection import Connection, Limits, connect
from worker.errors import SettingsFault
from worker.faults.outage import Backoff, Patience
from worker.logs import get_log
from worker.meter import Meter, NoMeter
from worker.options import HALVES_FROM_SHARE, STRETCHED_FROM, Options
from worker.process.in_place import InPlace
from worker.process.supervisor import Supervisor
from worker.process.wakeup import Waker
from worker.run.relay import Relay
from worker.run.report import OnBatch, Report
from worker.run.room import Room
from worker.settings import WorkerSettings

NO_DATABASE = (
    "no database is named: set SUPABASE_DB_URL to the connection string of the role outbox_worker "
    "(see docs/configuration.md), or add --local for an embedded Postgres"
)


@contextmanager
def destination(settings: WorkerSettings, *, local: bool) -> Iterator[str]:
    """Yield the connection string to use; with `local`, of an embedded Postgres that runs as long as it is needed.

    There, too, the worker is outbox_worker and no administrator: what the hosted database would refuse is refused.

    Raises:
        SettingsFault: SUPABASE_DB_URL is not set and `local` is off.
    """
    if not local:
        if settings.db_url is None:
            raise SettingsFault(NO_DATABASE)
        yield settings.db_url
        return
    # Imported here: without --local nobody needs the wheel.
    from worker.migrate import ready_for_worker  # noqa: PLC0415
    from worker.standin import LocalPostgres  # noqa: PLC0415

    with LocalPostgres(settings.local_postgres_dir) as server:
        yield ready_for_worker(server)


@contextmanager
def served_outbox(settings: WorkerSettings) -> Iterator[Outbox]:
    """Open the outbox as its one worker.

    Raises:
        WorkerRunning: another process is; nothing was opened.
    """
    with ExitStack() as opened:
        box = opened.enter_context(
            Outbox.open(settings.outbox.outbox_path, content_root=settings.outbox.content_root, lenient=True)
        )
        opened.enter_context(WorkerLock(settings.outbox.outbox_path))
        if box.is_snapshot:
            get_log().warning(
                "worker.no_room",
                reason="the disk has no room to open the outbox: what is in it is delivered from a copy in memory",
                remedy="make room beside the outbox",
            )
        if box.recovered.postponed is not None:
            get_log().warning("worker.recovery_postponed", reason=box.recovered.postponed)
        yield box


def waker_for(box: Outbox, supervisor: Supervisor | None = None) -> Waker:
    """A waker that listens to this outbox's bell."""
    return Waker(OutboxPaths(box.path).bell, supervisor)


def relay_for(
    box: Outbox,
    settings: WorkerSettings,
    dsn: str,
    waker: Waker,
    *,
    until_empty: bool = False,
    max_rate: float | None = None,
    timeout_seconds: float | None = None,
    patience_seconds: float | None = None,
    wary: bool = False,
    on_batch: OnBatch | None = None,
    backoff: Backoff | None = None,
    supervisor: Supervisor | None = None,
    meter: Meter | None = None,
) -> tuple[Relay, Report]:
    """Put a relay together."""

    def dial() -> Connection:
        return connect(dsn)

    report = Report(box, on_batch=on_batch, most_per_second=max_rate)
    most = settings.batch_events if max_rate is None else max(1, min(settings.batch_events, int(max_rate)))
    # A user who sets a rate is concerned for the database: one connection is enough for it.
    both_lanes = settings.second_lane and max_rate is None
    options = Options(
        poll_seconds=settings.poll_seconds,
        max_events=most,
        max_bytes=settings.batch_bytes,
        halves_from=max(2, int(most * HALVES_FROM_SHARE)) if both_lanes else None,
        stretches=both_lanes and most >= STRETCHED_FROM,
        limits=Limits(statement_timeout_ms=int(settings.statement_timeout_seconds * 1000)),
        until_empty=until_empty,
        max_rate=max_rate,
        timeout_seconds=timeout_seconds,
        patience_seconds=patience_seconds,
        hold_after_alike=settings.hold_after_alike,
        wary=wary,
        alive=(supervisor or Supervisor({})).alive,
        in_place=InPlace(settings.outbox.outbox_path, Room(box)),
        meter=meter or NoMeter(),
    )
    patience = Patience(box, backoff or Backoff())
    relay = Relay(box, dial=dial, waker=waker, patience=patience, options=options, report=report)
    return relay, report
