"""Who may talk to the console at all: asked before anything else is looked at.

A page of a stranger can send requests to 127.0.0.1 from the operator's own browser, under a name of its own that
was made to point there (DNS rebinding): so the Host must be one that cannot be made to. Another user of the host can
open a connection as well: so there is a key, printed to the one who started the console, kept in a cookie from then on.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from worker.console.keys import Keys, same
from worker.console.views import Views

COOKIE = "outbox_console"
# Whatever port: through `ssh -L` the browser's is another than ours.
_OWN_NAME = re.compile(r"(?:127\.0\.0\.1|localhost)(?::\d{1,5})?")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    # Not no-referrer: browsers would then send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Stands before the pages."""

    def __init__(self, app: ASGIApp, *, keys: Keys, views: Views) -> None:
        self._app = app
        self._keys = keys
        self._views = views

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # the server's own start and end
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await (self._refusal(scope) or self._app)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        if not _OWN_NAME.fullmatch(Headers(scope=scope).get("host", "")):
            return self._views.fault(400, "This is not an address of the console", "Open it as http://127.0.0.1:PORT/.")
        request = Request(scope)
        cookie = request.cookies.get(COOKIE)
        decides, reads = same(cookie, self._keys.session), same(cookie, self._keys.reader_session)
        scope.setdefault("state", {})["may_decide"] = decides
        if request.url.path.startswith("/static/") or decides or (reads and request.method in {"GET", "HEAD"}):
            return None
        if reads:
            return self._views.fault(
                403, "This key only reads", "Nothing was changed. Open the first address that `worker console` printed."
            )
        key = request.query_params.get("key")
        for entry, session in (
            (self._keys.entry, self._keys.session),
            (self._keys.reader_entry, self._keys.reader_session),
        ):
            if request.method == "GET" and same(key, entry):
                # On to the same page without the key: it stays out of the history and the address bar.
                response = RedirectResponse(request.url.path, status_code=303)
                response.set_cookie(COOKIE, session, httponly=True, samesite="strict")
                return response
        return self._views.page("locked.html", status=401)
