"""The console as an ASGI application: its addresses, and the guard before them."""

from __future__ import annotations

from http import HTTPStatus

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
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
            Route("/parked/{seq:seq}", reading.event),
            Route("/parked/{seq:seq}/retry", acting.retry, methods=["POST"]),
            Route("/parked/{seq:seq}/discard", acting.discard, methods=["POST"]),
            Route("/parked/{seq:seq}/edit", acting.preview_edit, methods=["POST"]),
            Route("/parked/{seq:seq}/edit/apply", acting.edit, methods=["POST"]),
            Route("/parked/{seq:seq}/supersede", acting.preview_supersede, methods=["POST"]),
            Route("/parked/{seq:seq}/supersede/apply", acting.supersede, methods=["POST"]),
            Route("/pause", acting.pause, methods=["POST"]),
            Route("/resume", acting.resume, methods=["POST"]),
            Mount("/static", StaticFiles(directory=FOLDER / "static")),
        ],
        middleware=[Middleware(Guard, keys=keys, views=views)],
        exception_handlers={Refused: refused, OutboxError: failed, HTTPException: unknown},
    )
