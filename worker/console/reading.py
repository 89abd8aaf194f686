"""The pages that are only read: no GET changes anything."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from outbox import OutboxError
from outbox.operating import unreadable
from worker.console.chart import DEFAULT_SPAN, SPANS
from worker.console.desk import Desk
from worker.console.detail import HELD_COUNTED, Detail, read_detail
from worker.console.fields import PREFIX, fields_of
from worker.console.overview import COURSES_SHOWN
from worker.console.overview import HELD_COUNTED as HELD_COUNTED_EACH
from worker.console.views import Views

# The rest of a text is for the shell.
SHOWN_CHARACTERS = 20_000
_MOST_DIGITS = 18
TOLD = {
    "retry": "It is tried again by the worker, and what is held behind it follows.",
    "edit": "It is applied as edited by the worker, and what is held behind it follows.",
    "supersede": "It is applied with its file as it is now, and what is held behind it follows.",
    "discard": "It is discarded, and what is held behind it follows.",
}


class Reading:
    """The overview, its live part alone, and the page of one event."""

    def __init__(self, desk: Desk, views: Views) -> None:
        self._desk = desk
        self._views = views

    def overview(self, request: Request) -> HTMLResponse:
        return self._overview("overview.html", request)

    def live(self, request: Request) -> HTMLResponse:
        """The part of the overview that changes by itself."""
        return self._overview("live.html", request)

    def event(self, request: Request) -> HTMLResponse:
        with self._desk.opened() as box:
            found = read_detail(box, request.path_params["seq"])
        return event_page(self._views, found, told=TOLD.get(request.query_params.get("done", "")))

    def _overview(self, template: str, request: Request) -> HTMLResponse:
        span = request.query_params.get("span", DEFAULT_SPAN)
        after = request.query_params.get("after", "0")
        try:
            page = self._desk.overview(span=span, after=_number(after))
        except OutboxError as error:
            return self._views.page(
                template, page=None, found=unreadable(error), error=str(error), spans=SPANS, span=span
            )
        return self._views.page(
            template,
            page=page,
            found=page.found,
            error=None,
            spans=SPANS,
            span=page.chart.span,
            courses_shown=COURSES_SHOWN,
            held_counted=HELD_COUNTED_EACH,
        )


def _number(text: str) -> int:
    """The number of an event in a query; the beginning, where it cannot be one."""
    possible = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if possible else 0


def event_page(
    views: Views,
    found: Detail,
    *,
    status: int = 200,
    told: str | None = None,
    fault: str | None = None,
    sent: dict[str, str] | None = None,
) -> HTMLResponse:
    """Show one event.

    Args:
        views: the templates.
        found: the event.
        status: of HTTP.
        told: what was just decided.
        fault: why the form that was sent was not carried out.
        sent: the form, to be filled in again.
    """
    values: dict[str, Any] = {
        "page": found,
        "fields": fields_of(found.payload, sent) if found.editable else [],
        "given": (sent or {}).get("reason", ""),
        "editing": any(name.startswith(PREFIX) for name in sent or {}),
    }
    limits = {"held_counted": HELD_COUNTED, "shown_characters": SHOWN_CHARACTERS}
    return views.page("event.html", status=status, told=told, fault=fault, **values, **limits)
