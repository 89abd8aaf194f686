"""The console as an ASGI application: its addresses, and the guard before them."""

from __future__ import annotations

from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from outbox import EventNotFound, OutboxError, OutboxSettings
from worker.console.acting import Acting
from worker.console.desk import Desk
from worker.console.forms import Refused
from worker.console.guard import Guard
from worker.console.keys import Keys
from worker.console.reading import Reading
from worker.console.views import FOLDER, Views


def console_app(settings: OutboxSettings, keys: Keys) -> Starlette:
    """Make the application.

    Args:
        settings: where the outbox and the content are; a database is not asked for.
        keys: the secrets of this process.
    """
    views = Views(keys.form)
    desk = Desk(settings)
    reading = Reading(desk, views)
    acting = Acting(desk, views, keys.form)

    def refused(_request: Request, refusal: Exception) -> Response:
        assert isinstance(refusal, Refused)  # noqa: S101 - it is registered for these
        return views.fault(refusal.status, refusal.title, refusal.text)

    def failed(_request: Request, error: Exception) -> Response:
        status = HTTPStatus.NOT_FOUND if isinstance(error, EventNotFound) else HTTPStatus.SERVICE_UNAVAILABLE
        return views.fault(status, "That did not work", str(error))

    def unknown(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for these
        return views.fault(error.status_code, "There is nothing here", "The overview has everything that there is.")

    return Starlette(
        routes=[
            Route("/", reading.overview),
            Route("/live", reading.live),
            Route("/parked/{seq:int}", reading.event),
            Route("/parked/{seq:int}/retry", acting.retry, methods=["POST"]),
            Route("/parked/{seq:int}/discard", acting.discard, methods=["POST"]),
            Route("/parked/{seq:int}/edit", acting.preview_edit, methods=["POST"]),
            Route("/parked/{seq:int}/edit/apply", acting.edit, methods=["POST"]),
            Route("/parked/{seq:int}/supersede", acting.preview_supersede, methods=["POST"]),
            Route("/parked/{seq:int}/supersede/apply", acting.supersede, methods=["POST"]),
            Route("/pause", acting.pause, methods=["POST"]),
            Route("/resume", acting.resume, methods=["POST"]),
            Mount("/static", StaticFiles(directory=FOLDER / "static")),
        ],
        middleware=[Middleware(Guard, keys=keys, views=views)],
        exception_handlers={Refused: refused, OutboxError: failed, HTTPException: unknown},
    )
