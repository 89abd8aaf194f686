"""Traces, if OpenTelemetry is set up in this process; otherwise nothing, at no cost.

An event is its own trace: its id is a UUIDv7, 128 bits, and so is a trace id. The append makes a span in that trace,
and so does the worker when it applies the event, weeks later, on another host: nothing is stored or carried along
for the two to meet. Both hang below a root that nobody sends, so that either may be missing.

Only the API is used. What becomes of the spans is the business of the provider that the process installed
(`opentelemetry-instrument worker run`, or code of yours). Its processors run in our thread, after the commit: what they
raise is dropped, or a unit that stands would be told as failed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from outbox.catalogue.event import Event

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import SpanContext, Tracer

_LOW_64_BITS = (1 << 64) - 1
_NS_PER_SECOND = 1_000_000_000


def is_on() -> bool:
    """Tell whether somebody traces in this process."""
    return _tracer() is not None


def appended(events: Sequence[Event]) -> None:
    """Make a span for each event of a unit that was committed, linked to the caller's own."""
    tracer = _tracer()
    if tracer is not None:
        with suppress(Exception):
            _appended(tracer, events)


def applied(events: Sequence[Event], seconds: float) -> None:
    """Make a span for a batch that was committed just now, and one in the trace of each of its events."""
    tracer = _tracer()
    if tracer is not None and events:
        with suppress(Exception):
            _applied(tracer, events, seconds)


def _appended(tracer: Tracer, events: Sequence[Event]) -> None:
    from opentelemetry import trace  # noqa: PLC0415 - somebody else has imported it

    caller = trace.get_current_span().get_span_context()
    links = [trace.Link(caller)] if caller.is_valid else []
    for event in events:
        tracer.start_span(
            f"append {event.type}",
            context=_trace_of(event),
            kind=trace.SpanKind.PRODUCER,
            attributes=_attributes(event),
            links=links,
        ).end()


def _applied(tracer: Tracer, events: Sequence[Event], seconds: float) -> None:
    from opentelemetry import trace  # noqa: PLC0415 - somebody else has imported it

    began = time.time_ns() - int(seconds * _NS_PER_SECOND)
    batch = tracer.start_span(
        "apply batch",
        kind=trace.SpanKind.CONSUMER,
        start_time=began,
        attributes={"outbox.events": len(events), "outbox.from_seq": events[0].seq, "outbox.to_seq": events[-1].seq},
        links=[trace.Link(_root_of(event)) for event in events],
    )
    link = trace.Link(batch.get_span_context())
    for event in events:
        tracer.start_span(
            f"apply {event.type}",
            context=_trace_of(event),
            kind=trace.SpanKind.CONSUMER,
            start_time=began,
            attributes=_attributes(event),
            links=[link],
        ).end()
    batch.end()


def _tracer() -> Tracer | None:
    """Return a tracer where this process has a provider; a process that never imported OpenTelemetry has none."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return None
    provider = trace.get_tracer_provider()
    return None if isinstance(provider, trace.ProxyTracerProvider) else provider.get_tracer("creatoros-outbox")


def _root_of(event: Event) -> SpanContext:
    from opentelemetry import trace  # noqa: PLC0415

    number = event.event_id.int
    return trace.SpanContext(
        trace_id=number,
        span_id=number & _LOW_64_BITS,  # never 0: it holds the variant of the UUID
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )


def _trace_of(event: Event) -> Context:
    from opentelemetry import trace  # noqa: PLC0415

    return trace.set_span_in_context(trace.NonRecordingSpan(_root_of(event)))


def _attributes(event: Event) -> dict[str, str | int]:
    """Say which event it is; nothing of what it says."""
    return {
        "outbox.seq": event.seq,
        "outbox.event_id": str(event.event_id),
        "outbox.type": event.type,
        "outbox.aggregate_id": str(event.aggregate_id),
    }
