"""The lives of `worker forward` and `worker apply`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from outbox import Outbox, __version__
from worker.bus.central import Centre, Counts
from worker.bus.forward import Forwarder, ForwardOptions
from worker.bus.settings import BusSettings
from worker.connect.connection import Limits, connect
from worker.errors import Holding, SettingsFault
from worker.faults.outage import Backoff, Patience
from worker.logs import get_log
from worker.meter import Meter, NoMeter
from worker.options import Options
from worker.process.in_place import InPlace
from worker.process.supervisor import Supervisor
from worker.process.wakeup import StopAtOnce, Waker, stopped_by_signals
from worker.run.room import Room
from worker.run.runtime import NO_DATABASE
from worker.run.serve import HEARD_EVERY_SECONDS, serve
from worker.settings import WorkerSettings


def forward(settings: WorkerSettings, bus: BusSettings) -> None:
    """Forward the outbox until a signal ends it.

    Raises:
        WorkerRunning: another worker serves this outbox.
        SettingsFault: the bus cannot be used as it is named, or the metrics cannot be published.
    """

    def over_the_bus(
        box: Outbox, settings: WorkerSettings, *, waker: Waker, wary: bool, supervisor: Supervisor, meter: Meter
    ) -> None:
        del wary  # nothing is applied here that could kill
        link = bus.link(str(box.outbox_id))
        options = ForwardOptions(
            poll_seconds=settings.poll_seconds,
            alive=supervisor.alive,
            in_place=InPlace(settings.outbox.outbox_path, Room(box)),
            meter=meter,
        )
        try:
            Forwarder(box, link, waker=waker, patience=Patience(box, Backoff()), options=options).run()
        finally:
            link.close()

    serve(settings, deliver=over_the_bus)


def apply(settings: WorkerSettings, bus: BusSettings, lanes: list[str], *, together: bool = True) -> None:
    """Apply what comes over the bus until a signal ends it.

    Raises:
        Holding: writing to the database is switched off.
        SettingsFault: no database is named, or the bus or the metrics cannot be used as they are named.
    """
    if not settings.persist:
        raise Holding
    dsn = settings.db_url
    if dsn is None:
        raise SettingsFault(NO_DATABASE)
    measured = settings.metrics_port is not None or settings.metrics_file is not None
    supervisor = Supervisor(os.environ, heard_every_seconds=HEARD_EVERY_SECONDS if measured else float("inf"))
    waker = Waker(Path(os.devnull), supervisor)  # no bell rings here
    counts = Counts()
    link = bus.link("centre", keeps=True)
    with _meter(settings, supervisor, counts, measured=measured) as meter, stopped_by_signals(waker):
        options = Options(
            max_events=settings.batch_events,
            max_bytes=settings.batch_bytes,
            limits=Limits(statement_timeout_ms=int(settings.statement_timeout_seconds * 1000)),
            hold_after_alike=settings.hold_after_alike,
            alive=supervisor.alive,
            meter=meter,
        )
        centre = Centre(
            link, lambda: connect(dsn), lanes, waker=waker, options=options, together=together, counts=counts
        )
        supervisor.ready()
        get_log().info("worker.started", pid=os.getpid(), version=__version__, lanes=",".join(lanes))
        try:
            centre.run()
            centre.ended()
            get_log().info("worker.stopped", clean=True)
        except StopAtOnce:
            get_log().warning("worker.stopped", clean=False)  # safe at any instant: the positions tell
        finally:
            waker.end()
            supervisor.stopping()
            link.close()


class _Gauges(Collector):
    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def describe(self) -> list[GaugeMetricFamily]:
        """Name nothing beforehand, as the outbox's own numbers."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        counts = self._counts
        yield CounterMetricFamily("outbox_bus_frames", "Frames that came whole.", value=counts.frames)
        yield CounterMetricFamily("outbox_bus_doubles", "Frames that were applied already.", value=counts.doubles)
        yield CounterMetricFamily("outbox_bus_refused_frames", "Frames that were none.", value=counts.refused_frames)
        yield CounterMetricFamily("outbox_bus_wants", "How often missing frames were asked for.", value=counts.wants)
        yield CounterMetricFamily("outbox_bus_together", "Transactions of several outboxes.", value=counts.together)
        yield CounterMetricFamily("outbox_bus_apart", "Those that failed: each alone then.", value=counts.apart)
        yield GaugeMetricFamily("outbox_bus_outboxes", "Outboxes that came over the bus.", value=counts.outboxes)
        yield GaugeMetricFamily("outbox_bus_blocked_outboxes", "Those that need a person.", value=counts.blocked)
        yield GaugeMetricFamily("outbox_bus_waiting_bytes", "Read and not applied yet.", value=counts.waiting_bytes)


@contextmanager
def _meter(settings: WorkerSettings, supervisor: Supervisor, counts: Counts, *, measured: bool) -> Iterator[Meter]:
    if not measured:
        yield NoMeter()
        return
    # Imported here: who asks for no metrics pays for none.
    from worker.metrics import published  # noqa: PLC0415

    with published(settings, supervisor, _Gauges(counts)) as meter:
        yield meter
