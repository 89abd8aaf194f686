"""The pages that are only read: no GET changes anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from outbox import OutboxError
from outbox.catalogue import active
from outbox.operating import unreadable
from worker.console.chart import DEFAULT_SPAN, SPANS
from worker.console.console_outbox import ConsoleOutbox
from worker.console.detail import HELD_COUNTED, Detail, read_detail
from worker.console.fields import PREFIX, fields_of
from worker.console.finding import PARKED_STATES, SHOWN, Wanted, events_page, parked_page
from worker.console.headline import headline
from worker.console.overview import COURSES_SHOWN
from worker.console.overview import HELD_COUNTED as HELD_COUNTED_EACH
from worker.console.several import ACTS
from worker.console.views import Views

# The rest of a text is for the shell.
SHOWN_CHARACTERS = 20_000
_MOST_DIGITS = 18
DONE_MESSAGES = {
    "retry": "It is tried again by the worker, and what is held behind it follows.",
    "edit": "It is applied as edited by the worker, and what is held behind it follows.",
    "supersede": "It is applied with its file as it is now, and what is held behind it follows.",
    "discard": "It is discarded, and what is held behind it follows.",
}


class Reading:
    """The overview, its live part alone, and the page of one event."""

    def __init__(self, source: ConsoleOutbox, views: Views) -> None:
        self._source = source
        self._views = views

    def overview(self, request: Request) -> HTMLResponse:
        return self._overview("overview.html", request)

    def live(self, request: Request) -> HTMLResponse:
        """The part of the overview that changes by itself."""
        return self._overview("live.html", request)

    def event(self, request: Request) -> HTMLResponse:
        with self._source.opened() as box:
            found = read_detail(box, request.path_params["seq"])
        message = DONE_MESSAGES.get(request.query_params.get("done", ""))
        return event_page(self._views, found, may_decide=_may_decide(request), message=message)

    def parked(self, request: Request) -> HTMLResponse:
        """The parked list: searched, filtered, and chosen from."""
        wanted = Wanted.of(request.query_params)
        with self._source.opened() as box:
            page = parked_page(box, wanted, after=_number(request.query_params.get("after", "0")))
            kinds = box.parked.kinds()
            total, now = box.parked.count(), box.clock.now()
        return self._views.page(
            "parked.html",
            may_decide=_may_decide(request),
            wanted=wanted,
            page=page,
            total=total,
            now=now,
            acts=ACTS,
            states=PARKED_STATES,
            kinds=sorted({kind for kind, _ in kinds}),
            sqlstates=sorted({sqlstate for _, sqlstate in kinds if sqlstate}),
        )

    def events(self, request: Request) -> HTMLResponse:
        """The log: what waits, what was delivered, or all of it."""
        wanted = Wanted.of(request.query_params)
        wanted = replace(wanted, state=wanted.state if wanted.state in SHOWN else "all")
        start = _number(request.query_params.get("from", "0")) or None
        with self._source.opened() as box:
            page = events_page(box, wanted, start=start)
            now = box.clock.now()
        return self._views.page(
            "events.html", wanted=wanted, page=page, now=now, shown=SHOWN, kinds=sorted(active().contracts), start=start
        )

    def _overview(self, template: str, request: Request) -> HTMLResponse:
        span = request.query_params.get("span", DEFAULT_SPAN)
        try:
            page = self._source.overview(span=span)
        except OutboxError as error:
            found = unreadable(error)
            return self._views.page(
                template,
                page=None,
                found=found,
                headline=headline(found, None),
                error=str(error),
                spans=SPANS,
                span=span,
            )
        return self._views.page(
            template,
            page=page,
            found=page.found,
            headline=page.headline,
            may_decide=_may_decide(request),
            error=None,
            spans=SPANS,
            span=page.chart.span,
            courses_shown=COURSES_SHOWN,
            held_counted=HELD_COUNTED_EACH,
        )


def _may_decide(request: Request) -> bool:
    return bool(request.scope["state"]["may_decide"])


def _number(text: str) -> int:
    """The number of an event in a query; the beginning, if it cannot be one."""
    possible = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if possible else 0


def event_page(
    views: Views,
    found: Detail,
    *,
    may_decide: bool = True,
    status: int = 200,
    message: str | None = None,
    fault: str | None = None,
    sent: dict[str, str] | None = None,
) -> HTMLResponse:
    """Show one event.

    Args:
        views: the templates.
        found: the event.
        may_decide: whether the viewer has the key to decide.
        status: of HTTP.
        message: what was just decided.
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
    return views.page(
        "event.html", status=status, may_decide=may_decide, message=message, fault=fault, **values, **limits
    )
