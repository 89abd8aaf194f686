"""Puts a process's metrics where its settings say: on a port, in a file, in both, or nowhere."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.registry import Collector

from worker.faults.failures import SLOW_EVENT_TRIES
from worker.logs import get_log
from worker.metrics.file_gauges import FileGauges
from worker.metrics.health import Health
from worker.metrics.meter import PrometheusMeter
from worker.metrics.server import ADDRESS, served
from worker.metrics.textfile import written
from worker.process.supervisor import Supervisor
from worker.settings import WorkerSettings

# An exchange with the database ends within twice the statement timeout and a margin (see `deadline`), and an event
# that is too slow even alone is given twice the time, a few times: patience with it must not be taken for a hang.
SILENT_STATEMENT_TIMEOUTS = 2 * 2**SLOW_EVENT_TRIES
SILENT_MARGIN_SECONDS = 30.0


def _new_registry(settings: WorkerSettings, collector: Collector | None) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(collector or FileGauges(settings.outbox.outbox_path))
    ProcessCollector(registry=registry)
    return registry


@contextmanager
def published(
    settings: WorkerSettings, supervisor: Supervisor, collector: Collector | None = None
) -> Iterator[PrometheusMeter]:
    """Publish for as long as the block runs.

    Args:
        settings: where.
        supervisor: knows whether this process is alive.
        collector: of numbers beside what the meter counts; None: those of the outbox file.

    Yields:
        The meter that the relay tells.

    Raises:
        SettingsFault: the port or the file cannot be had.
    """
    registry = _new_registry(settings, collector)
    meter = PrometheusMeter(registry)
    has_session: Callable[[], bool] = lambda: meter.has_session  # noqa: E731 - a look, no function of its own
    health = Health(
        supervisor=supervisor,
        silent_seconds=SILENT_STATEMENT_TIMEOUTS * settings.statement_timeout_seconds + SILENT_MARGIN_SECONDS,
        has_session=has_session,
    )
    with ExitStack() as stack:
        if settings.metrics_port is not None:
            port = stack.enter_context(served(registry, health, settings.metrics_port))
            get_log().info("metrics.listening", address=ADDRESS, port=port)
        if settings.metrics_file is not None:
            stack.enter_context(written(registry, settings.metrics_file))
        yield meter
