"""Traces: an append and its delivery meet in the event's own trace, and only where somebody traces."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from outbox import Outbox, tracing
from tests.support.lessons import lesson


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield kept
    provider.shutdown()


def ids_of(span: ReadableSpan) -> tuple[str, int]:
    assert span.context is not None
    return span.name, span.context.trace_id


def test_append_and_delivery_stand_in_one_trace_whose_id_is_the_events(
    exporter: InMemorySpanExporter, tmp_path: Path
) -> None:
    """Without a word between the two processes."""
    with Outbox.open(tmp_path / "o.db") as box:
        box.append(lesson("a"), lesson("b"))
    with Outbox.open(tmp_path / "o.db") as box:
        events = box.read()
    tracing.applied(events, 0.25)
    spans = exporter.get_finished_spans()
    for event in events:
        mine = [span for span in spans if ids_of(span)[1] == event.event_id.int]
        assert [span.name for span in mine] == ["append content.upserted", "apply content.upserted"]
        assert len({span.parent.span_id for span in mine if span.parent}) == 1


def test_a_batch_is_one_span_that_its_events_link_to(exporter: InMemorySpanExporter, tmp_path: Path) -> None:
    with Outbox.open(tmp_path / "o.db") as box:
        appended = box.append(lesson("a"), lesson("b")).appended
    tracing.applied(appended, 0.25)
    spans = exporter.get_finished_spans()
    (batch,) = [span for span in spans if span.name == "apply batch"]
    assert batch.attributes is not None
    assert dict(batch.attributes) == {"outbox.events": 2, "outbox.from_seq": 1, "outbox.to_seq": 2}
    linked = [span for span in spans if span.name == "apply content.upserted"]
    assert [[link.context for link in span.links] for span in linked] == [[batch.context], [batch.context]]
    assert [link.context.trace_id for link in batch.links] == [event.event_id.int for event in appended]
    assert batch.start_time is not None
    assert batch.end_time is not None
    assert batch.end_time - batch.start_time >= 250_000_000


def test_an_append_links_to_what_its_caller_was_doing(exporter: InMemorySpanExporter, tmp_path: Path) -> None:
    tracer = trace.get_tracer_provider().get_tracer("a generator")
    with Outbox.open(tmp_path / "o.db") as box, tracer.start_as_current_span("write course") as caller:
        box.append(lesson("a"))
    (span,) = [span for span in exporter.get_finished_spans() if span.name.startswith("append")]
    assert [link.context for link in span.links] == [caller.get_span_context()]


class Breaking(SpanProcessor):
    """A processor of somebody else's that fails."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002
        raise RuntimeError(span.name)


def test_a_provider_that_fails_makes_no_unit_and_no_batch_fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Both are committed by then: an error would have the caller do it all again."""
    provider = TracerProvider()
    provider.add_span_processor(Breaking())
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    with Outbox.open(tmp_path / "o.db") as box:
        with box.unit() as unit:
            unit.append(lesson("a"))
        assert box.last_seq == 1
        tracing.applied(unit.result.appended, 0.1)
    provider.shutdown()


def test_no_span_says_what_an_event_says(exporter: InMemorySpanExporter, tmp_path: Path) -> None:
    """Neither body nor slug nor title leaves the host by this way."""
    with Outbox.open(tmp_path / "o.db") as box:
        tracing.applied(box.append(lesson("segredo", "s3cret-marker\n")).appended, 0.1)
    told = "".join(span.to_json() for span in exporter.get_finished_spans())
    assert told
    assert "segredo" not in told
    assert "s3cret-marker" not in told


def test_what_changes_nothing_makes_no_span(exporter: InMemorySpanExporter, tmp_path: Path) -> None:
    with Outbox.open(tmp_path / "o.db") as box:
        box.append(lesson("a"))
        box.append(lesson("a"))
    tracing.applied([], 0.1)
    assert [span.name for span in exporter.get_finished_spans()] == ["append content.upserted"]


def test_a_process_that_does_not_trace_never_imports_it(tmp_path: Path) -> None:
    """Who did not ask for traces pays for none."""
    code = (
        "import sys; from pathlib import Path; from outbox import Outbox, catalogue as c\n"
        f"with Outbox.open(Path({str(tmp_path / 'o.db')!r})) as box:\n"
        "    box.append(c.ProjectUpserted(slug='curso-x', name='Curso X'))\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_without_a_provider_nothing_is_made(tmp_path: Path) -> None:
    """The API alone, imported by some library, is no tracing."""
    assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
    with Outbox.open(tmp_path / "o.db") as box:
        assert tracing._tracer() is None
        box.append(lesson("a"))
