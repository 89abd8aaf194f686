"""Traces of a real delivery, the roundabout ways included."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from structlog.testing import capture_logs

from outbox import Outbox, Resolution
from tests.support.make_outbox import lesson, project
from tests.support.postgres import Database
from tests.support.relaying import drain


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield kept
    provider.shutdown()


def applied(exporter: InMemorySpanExporter) -> list[int]:
    """The seqs of the events whose delivery has a span in the trace of that very event."""
    found = []
    for span in exporter.get_finished_spans():
        if span.name.startswith("apply content") or span.name.startswith("apply project"):
            assert span.attributes is not None
            assert span.context is not None
            assert str(span.attributes["outbox.event_id"]).replace("-", "") == f"{span.context.trace_id:032x}"
            found.append(int(str(span.attributes["outbox.seq"])))
    return sorted(found)


def test_events_of_both_halves_of_a_batch_have_their_spans(
    exporter: InMemorySpanExporter, database: Database, tmp_path: Path
) -> None:
    """Whichever connection carries them."""
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(*project())
        drain(box, database.worker_dsn)
        box.append(*(lesson(number) for number in range(1, 9)))
        with capture_logs() as lines:
            drain(box, database.worker_dsn)
        assert "relay.second_lane_rests" not in [line["event"] for line in lines]
        assert applied(exporter) == list(range(1, 12))


def test_every_event_that_is_delivered_has_one_span_and_a_parked_one_gets_it_when_released(
    exporter: InMemorySpanExporter, database: Database, tmp_path: Path
) -> None:
    """In a batch, alone, or after an operator let it go."""
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(*project(), msgspec.structs.replace(lesson(1), parent="curso-x--modulo-9"), lesson(2))
        drain(box, database.worker_dsn)
        assert applied(exporter) == [1, 2, 3, 5]
        box.append(msgspec.structs.replace(lesson(3), slug="curso-x--modulo-9"))
        drain(box, database.worker_dsn)
        box.parked.release(4, Resolution.RETRY)
        drain(box, database.worker_dsn)
        assert applied(exporter) == [1, 2, 3, 4, 5, 6]
