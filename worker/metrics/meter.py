"""What the relay does, counted in Prometheus' own types.

Counters begin at zero with each process, as Prometheus expects. What is in the outbox file (how much waits, what is
parked, whether there is an outage) is not counted here but read there at each scrape: see `file_gauges`.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from outbox import __version__
from outbox.terminal import Lossy
from worker.judgement import Verdict

# From one event to the largest batch; from a round trip on a LAN to the longest that a transaction may take.
BATCH_EVENTS_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
APPLY_SECONDS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
APPLIED = "applied"


class LostLines(Collector):
    """What the log could not write: its reader went away, its disk is full, or nobody reads."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        yield CounterMetricFamily(
            "outbox_log_lines_lost", "Lines of the log that could not be written, and were dropped.", value=Lossy.lost
        )


class PrometheusMeter:
    """The meter of one process (see `worker.meter`).

    Args:
        registry: where the metrics are registered.

    Attributes:
        has_session: whether the database is reached and accepted right now.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.has_session = False
        self._applied = Counter(
            "outbox_applied_events", "Events that the position has passed, parked ones included.", registry=registry
        )
        self._batch_events = Histogram(
            "outbox_batch_events", "Events in one transaction.", buckets=BATCH_EVENTS_BUCKETS, registry=registry
        )
        self._apply_seconds = Histogram(
            "outbox_apply_seconds",
            "How long one transaction took, from its first statement to its commit.",
            buckets=APPLY_SECONDS_BUCKETS,
            registry=registry,
        )
        self._attempts = Counter(
            "outbox_attempts", "Transactions and logins that were tried, by what became of them.", ["verdict"],
            registry=registry,
        )  # fmt: skip
        for verdict in (APPLIED, *Verdict):  # each line is there from the start, so that a rise from none is seen
            self._attempts.labels(str(verdict))
        Gauge(
            "outbox_connected", "1 while the database is reached and is the right one.", registry=registry
        ).set_function(lambda: float(self.has_session))
        registry.register(LostLines())
        Gauge("outbox_build_info", "The version of this worker.", ["version"], registry=registry).labels(
            __version__
        ).set(1)

    def connected(self) -> None:
        self.has_session = True

    def applied(self, events: int, seconds: float) -> None:
        self._applied.inc(events)
        self._batch_events.observe(events)
        self._apply_seconds.observe(seconds)
        self._attempts.labels(APPLIED).inc()

    def failed(self, verdict: Verdict) -> None:
        self._attempts.labels(verdict.value).inc()

    def interrupted(self) -> None:
        self.has_session = False
