"""What a form sent, once it is sure that it was ours."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

from worker.console.keys import same

_MOST_DIGITS = 18
LIMIT_BYTES = 4 * 1024 * 1024
_FORBIDDEN, _TOO_LARGE, _UNPROCESSABLE = 403, 413, 422


class Refused(Exception):
    """The request is not carried out.

    Attributes:
        status: of HTTP.
        title: what happened.
        text: what to do.
    """

    def __init__(self, status: int, title: str, text: str) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.text = text


class Form(dict[str, str]):
    """The fields of a form.

    Attributes:
        seqs: the events that were chosen, each once, in order.
    """

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__(pairs)
        chosen = [number for name, value in pairs if name == "seq" for number in value.split(",")]
        self.seqs = tuple(sorted({int(one) for one in chosen if _is_seq(one)}))


def _is_seq(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and int(text) > 0


async def posted(request: Request, form_key: str) -> Form:
    """Read a form of ours.

    Raises:
        Refused: it comes from another site's page, lacks the key of this process, or is too large.
    """
    # Every browser says where a POST comes from.
    if request.headers.get("origin") != f"http://{request.headers['host']}":
        raise Refused(_FORBIDDEN, "That came from another page", "Nothing was changed. Use the forms of the console.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LIMIT_BYTES:
            raise Refused(_TOO_LARGE, "That is too much for a form", "Nothing was changed. Use `outbox parked edit`.")
    form = Form(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if not same(form.pop("form_key", None), form_key):
        raise Refused(
            _FORBIDDEN,
            "This form is of an earlier console",
            "Nothing was changed. Go back, reload the page and send it again.",
        )
    return form


def reason_of(form: dict[str, str]) -> str:
    """Return the reason.

    Raises:
        Refused: there is none.
    """
    reason = form.get("reason", "").strip()
    if not reason:
        raise Refused(
            _UNPROCESSABLE, "A reason is needed", "Nothing was changed. Say why; it is kept with the decision."
        )
    return reason
