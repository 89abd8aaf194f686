"""What the forms do: through the functions that `outbox parked`, `pause` and `resume` use, and nothing beside them.

An edit is shown as a difference first and written only by the form below that. What that form carries is the payload
itself, checked again as if it were new; for a file, the hash of the difference that was looked at.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from outbox import OutboxError
from outbox.operating import resolve, steering
from worker.console.console_outbox import ConsoleOutbox
from worker.console.detail import read_detail
from worker.console.fields import NotJSON, payload_from
from worker.console.forms import Form, Refused, posted, reason_of
from worker.console.reading import event_page
from worker.console.views import Views

_SEE_OTHER, _CONFLICT, _UNPROCESSABLE = 303, 409, 422


class Acting:
    """The decisions."""

    def __init__(self, source: ConsoleOutbox, views: Views, form_key: str) -> None:
        self._source = source
        self._views = views
        self._form_key = form_key

    async def pause(self, request: Request) -> Response:
        form = await posted(request, self._form_key)
        return await run_in_threadpool(self._steer, steering.pause, reason_of(form))

    async def resume(self, request: Request) -> Response:
        form = await posted(request, self._form_key)
        return await run_in_threadpool(self._steer, steering.resume, form.get("reason", "").strip() or None)

    async def retry(self, request: Request) -> Response:
        return await self._with_form(request, self._retry)

    async def discard(self, request: Request) -> Response:
        return await self._with_form(request, self._discard)

    async def preview_edit(self, request: Request) -> Response:
        return await self._with_form(request, self._preview_edit)

    async def edit(self, request: Request) -> Response:
        return await self._with_form(request, self._edit)

    async def preview_supersede(self, request: Request) -> Response:
        return await self._with_form(request, self._preview_supersede)

    async def supersede(self, request: Request) -> Response:
        return await self._with_form(request, self._supersede)

    async def _with_form(self, request: Request, act: Callable[[int, Form], Response]) -> Response:
        form = await posted(request, self._form_key)
        seq = request.path_params["seq"]
        try:
            return await run_in_threadpool(act, seq, form)
        except (OutboxError, Refused, NotJSON) as refusal:
            return await run_in_threadpool(self._again, seq, form, refusal)

    def _again(self, seq: int, form: Form, refusal: Exception) -> HTMLResponse:
        """Show the event with what was wrong, and the form as it was sent."""
        with self._source.opened() as box:
            found = read_detail(box, seq)
        status = _UNPROCESSABLE if found.open else _CONFLICT
        text = f"{refusal.title}. {refusal.text}" if isinstance(refusal, Refused) else f"Nothing was changed: {refusal}"
        return event_page(self._views, found, status=status, fault=text, sent=form)

    def _steer(self, act: Callable[..., bool], reason: str | None) -> Response:
        with self._source.opened() as box:
            act(box, reason)
        return RedirectResponse(f"{self._views.base}/", status_code=_SEE_OTHER)

    def _retry(self, seq: int, form: Form) -> Response:
        with self._source.opened() as box:
            resolve.retry(box, seq, reason_of(form))
        return self._done(seq, "retry")

    def _discard(self, seq: int, form: Form) -> Response:
        with self._source.opened() as box:
            resolve.discard(box, seq, reason_of(form))
        return self._done(seq, "discard")

    def _preview_edit(self, seq: int, form: Form) -> Response:
        reason = reason_of(form)
        with self._source.opened() as box:
            payload = payload_from(read_detail(box, seq).payload, form)
            diff = resolve.preview(box, seq, payload)
        return self._preview(seq, "edit", reason, diff, json.dumps(payload, ensure_ascii=False))

    def _edit(self, seq: int, form: Form) -> Response:
        with self._source.opened() as box:
            resolve.edit(box, seq, _payload(form), reason_of(form))
        return self._done(seq, "edit")

    def _preview_supersede(self, seq: int, form: Form) -> Response:
        reason = reason_of(form)
        with self._source.opened(publish=True) as box:
            diff = resolve.preview(box, seq, resolve.superseding(box, seq))
        return self._preview(seq, "supersede", reason, diff, _hash(diff))

    def _supersede(self, seq: int, form: Form) -> Response:
        reason = reason_of(form)
        with self._source.opened(publish=True) as box:
            diff = resolve.preview(box, seq, resolve.superseding(box, seq))
            if _hash(diff) != form.get("checked"):
                return self._preview(seq, "supersede", reason, diff, _hash(diff), moved=True)
            resolve.supersede(box, seq, reason)
        return self._done(seq, "supersede")

    def _done(self, seq: int, act: str) -> Response:
        return RedirectResponse(f"{self._views.base}/parked/{seq}?done={act}", status_code=_SEE_OTHER)

    def _preview(
        self, seq: int, act: str, reason: str, diff: str, checked: str, *, moved: bool = False
    ) -> HTMLResponse:
        return self._views.page(
            "preview.html",
            status=_CONFLICT if moved else 200,
            seq=seq,
            act=act,
            reason=reason,
            diff_text=diff,
            checked=checked,
            moved=moved,
        )


def _payload(form: Form) -> dict[str, object]:
    try:
        payload = json.loads(form.get("checked", ""))
    except json.JSONDecodeError:
        payload = None
    if not isinstance(payload, dict):
        raise Refused(_UNPROCESSABLE, "There is no payload in that", "Nothing was changed. Edit the event again.")
    return payload


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
