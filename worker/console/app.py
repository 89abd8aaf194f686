"""The console as an ASGI application: its addresses, and the guard before them."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from outbox import EventNotFound, OutboxError, OutboxSettings
from outbox.operating import documentation
from worker.console.acting import Acting
from worker.console.console_outbox import ConsoleOutbox
from worker.console.forms import Refused
from worker.console.guard import Guard
from worker.console.keys import Keys
from worker.console.manual import manual_page
from worker.console.outboxes import Outboxes
from worker.console.reading import Reading
from worker.console.several import Several
from worker.console.views import FOLDER, Views

# SQLite counts no further, and no log has so many events.
LARGEST_SEQ = 2**63 - 1


class _Seq(Convertor[int]):
    """The number of an event; what cannot be one is no address of ours."""

    regex = "[1-9][0-9]{0,18}"

    def convert(self, value: str) -> int:
        number = int(value)
        if number > LARGEST_SEQ:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return number

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("seq", _Seq())


def console_app(outboxes: Sequence[OutboxSettings], keys: Keys) -> Starlette:
    """Make the application.

    Args:
        outboxes: where each outbox and its content are; a database is not asked for. With several there is a page of
            all of them before those of each.
        keys: the secrets of this process.
    """
    sources = [ConsoleOutbox(settings) for settings in outboxes]
    views = Views(keys.form, several=len(sources) > 1)

    def refused(_request: Request, refusal: Exception) -> Response:
        assert isinstance(refusal, Refused)  # noqa: S101 - it is registered for these
        return views.fault(refusal.status, refusal.title, refusal.text)

    def failed(_request: Request, error: Exception) -> Response:
        missing = isinstance(error, EventNotFound | documentation.PageNotFound)
        status = HTTPStatus.NOT_FOUND if missing else HTTPStatus.SERVICE_UNAVAILABLE
        return views.fault(status, "That did not work", str(error))

    def unknown(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for these
        return views.fault(error.status_code, "There is nothing here", "The overview has everything that there is.")

    def manual(request: Request) -> Response:
        title, text = manual_page(request.path_params["page"])
        return views.page("manual.html", title=title, text=text)

    if len(sources) == 1:
        routes = _pages_of(sources[0], Views(keys.form), keys)
    else:
        several = Outboxes(sources, views)
        routes = [Route("/", several.page), Route("/live", several.live)]
        for number, source in enumerate(sources, start=1):
            routes += _pages_of(source, Views(keys.form, base=f"/{number}", name=str(source.path), several=True), keys)
    app = Starlette(
        routes=[
            *routes,
            Route("/docs/{page:path}", manual),
            Mount("/static", StaticFiles(directory=FOLDER / "static")),
        ],
        middleware=[Middleware(Guard, keys=keys, views=views)],
        exception_handlers={Refused: refused, OutboxError: failed, HTTPException: unknown},
    )
    app.router.redirect_slashes = False  # an address is ours as it is, or it is not
    return app


def _pages_of(source: ConsoleOutbox, views: Views, keys: Keys) -> list[BaseRoute]:
    """The addresses of one outbox."""
    reading = Reading(source, views)
    acting = Acting(source, views, keys.form)
    several = Several(source, views, keys.form)
    return [
        Route(f"{views.base}/", reading.overview),
        Route(f"{views.base}/live", reading.live),
        Route(f"{views.base}/events", reading.events),
        Route(f"{views.base}/events/{{seq:seq}}", reading.event),
        Route(f"{views.base}/parked", reading.parked),
        Route(f"{views.base}/parked/{{seq:seq}}", reading.event),
        *(
            Route(f"{views.base}{path}", act, methods=["POST"])
            for path, act in (
                ("/several", several.preview),
                ("/several/apply", several.apply),
                ("/parked/{seq:seq}/retry", acting.retry),
                ("/parked/{seq:seq}/discard", acting.discard),
                ("/parked/{seq:seq}/edit", acting.preview_edit),
                ("/parked/{seq:seq}/edit/apply", acting.edit),
                ("/parked/{seq:seq}/supersede", acting.preview_supersede),
                ("/parked/{seq:seq}/supersede/apply", acting.supersede),
                ("/pause", acting.pause),
                ("/resume", acting.resume),
            )
        ),
    ]
