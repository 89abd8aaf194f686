"""One decision about several events: chosen one by one, or all that a search finds; looked at first, then made."""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from outbox import Outbox
from outbox.operating import resolve
from worker.console.console_outbox import ConsoleOutbox
from worker.console.finding import Wanted, parked_page
from worker.console.forms import Form, Refused, posted, reason_of
from worker.console.views import Views

AT_ONCE = 5_000
LISTED = 20
_UNPROCESSABLE, _CONFLICT = 422, 409
ACTS = {
    "retry": "tried again as they are",
    "discard": "discarded: they are never applied",
    "supersede": "applied with the text that their files have now",
}


class Several:
    """Decisions about several events."""

    def __init__(self, source: ConsoleOutbox, views: Views, form_key: str) -> None:
        self._source = source
        self._views = views
        self._form_key = form_key

    async def preview(self, request: Request) -> Response:
        """Say what would be decided about which; nothing is decided."""
        form = await posted(request, self._form_key)
        return await run_in_threadpool(self._preview, form)

    async def apply(self, request: Request) -> Response:
        form = await posted(request, self._form_key)
        return await run_in_threadpool(self._apply, form)

    def _preview(self, form: Form) -> HTMLResponse:
        act, reason = _act(form), reason_of(form)
        with self._source.opened() as box:
            seqs = _all_that(box, Wanted.of(form)) if form.get("everything") else form.seqs
            found = [row for seq in seqs if (row := box.parked.find(seq)) is not None and row.resolution is None]
            with_it = sum(len(resolve.additions(box, row.seq)) for row in found[:LISTED]) if act == "discard" else 0
        open_ones = [row for row in found if row.state.value == "parked"]
        if not open_ones:
            raise Refused(_UNPROCESSABLE, "No parked event is chosen", "Nothing was changed. Choose at least one.")
        return self._views.page(
            "several.html",
            may_decide=True,
            act=act,
            what=ACTS[act],
            reason=reason,
            rows=open_ones[:LISTED],
            seqs=[row.seq for row in open_ones],
            with_it=with_it,
            passed_over=len(seqs) - len(open_ones),
        )

    def _apply(self, form: Form) -> HTMLResponse:
        act, reason = _act(form), reason_of(form)
        if not form.seqs:
            raise Refused(_UNPROCESSABLE, "No parked event is chosen", "Nothing was changed. Choose at least one.")
        with self._source.opened(publish=act == "supersede") as box:
            done = resolve.each(box, form.seqs[:AT_ONCE], _deed(box, act, reason))
        status = _CONFLICT if done.refused else 200
        return self._views.page("decided.html", status=status, act=act, what=ACTS[act], done=done, listed=LISTED)


def _act(form: Form) -> str:
    act = form.get("act", "")
    if act not in ACTS:
        raise Refused(
            _UNPROCESSABLE, "No decision is chosen", "Nothing was changed. Choose retry, discard or supersede."
        )
    return act


def _deed(box: Outbox, act: str, reason: str) -> Callable[[int], object]:
    deeds: dict[str, Callable[[Outbox, int, str], object]] = {
        "retry": resolve.retry,
        "discard": resolve.discard,
        "supersede": resolve.supersede,
    }
    return lambda seq: deeds[act](box, seq, reason)


def _all_that(box: Outbox, wanted: Wanted) -> tuple[int, ...]:
    """Every parked event that a search finds, up to AT_ONCE."""
    found: list[int] = []
    after = 0
    while len(found) < AT_ONCE:
        page = parked_page(box, wanted, after=after, limit=AT_ONCE)
        found += [one.seq for one in page.rows if one.state == "parked"]
        if page.next is None:
            break
        after = page.next
    return tuple(found[:AT_ONCE])
