"""Several outboxes on one page: how each stands, the worst first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse

from outbox import OutboxError, Status
from outbox.operating import Tone, assess, unreadable
from worker.console.console_outbox import ConsoleOutbox
from worker.console.headline import Headline, headline
from worker.console.views import Views

_WORST_FIRST = (Tone.BAD, Tone.WARN, Tone.BUSY, Tone.PLAIN, Tone.WELL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One outbox: where its pages begin, and how it stands; `status` is None if it cannot be read."""

    base: str
    path: str
    headline: Headline
    status: Status | None


class Outboxes:
    """The page of all outboxes."""

    def __init__(self, sources: Sequence[ConsoleOutbox], views: Views) -> None:
        self._sources = sources
        self._views = views

    def page(self, _request: Request) -> HTMLResponse:
        return self._page("outboxes.html")

    def live(self, _request: Request) -> HTMLResponse:
        """The part of the page that changes by itself."""
        return self._page("outboxes_live.html")

    def _page(self, template: str) -> HTMLResponse:
        found = [_summary(f"/{number}", source) for number, source in enumerate(self._sources, start=1)]
        found.sort(key=lambda one: _WORST_FIRST.index(one.headline.tone))
        return self._views.page(template, outboxes=found, now=dt.datetime.now(dt.UTC))


def _summary(base: str, source: ConsoleOutbox) -> Summary:
    status: Status | None = None
    try:
        status = source.status()
        found = assess(status)
    except OutboxError as error:
        found = unreadable(error)
    return Summary(base=base, path=str(source.path), headline=headline(found, status), status=status)
