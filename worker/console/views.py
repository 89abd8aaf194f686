"""Pages from templates, and how they write numbers and times."""

from __future__ import annotations

import datetime as dt
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from outbox.operating import age

FOLDER = Path(str(files("worker.console")))
_THIN = "\N{NARROW NO-BREAK SPACE}"
_JUST_NOW_SECONDS = 2.0


class Views:
    """The templates.

    Args:
        form_key: what every form carries.
        base: where the pages of the outbox begin, as `/2`; empty if there is one outbox.
        name: of the outbox, if there are several.
        several: whether there are.
    """

    def __init__(self, form_key: str, *, base: str = "", name: str = "", several: bool = False) -> None:
        self.base = base
        self._templates = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "thin": thin,
            "ago": ago,
            "exact": exact,
            "lasting": lasting,
            "as_json": as_json,
        }
        self._templates.globals |= {
            "form_key": form_key,
            "base": base,
            "outbox_name": name,
            "several": several,
            "may_decide": False,
        }

    def page(self, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Fill a template in."""
        return HTMLResponse(self._templates.get_template(name).render(values), status_code=status)

    def fault(self, status: int, title: str, text: str) -> HTMLResponse:
        """Say what went wrong, and the way back."""
        return self.page("fault.html", status=status, title=title, text=text)


def thin(value: float | str) -> str:
    """Write thousands with a thin separator, in a number or within a sentence."""
    return re.sub(r"(?<=\d),(?=\d{3})", _THIN, value if isinstance(value, str) else f"{value:,.0f}")


def exact(moment: dt.datetime | str) -> str:
    """Write a moment in full."""
    return f"{_moment(moment):%Y-%m-%d %H:%M:%S} UTC"


def ago(moment: dt.datetime | str, now: dt.datetime) -> Markup:
    """Write how long ago it was, with the exact moment in the title."""
    seconds = max(0.0, (now - _moment(moment)).total_seconds())
    words = "just now" if seconds < _JUST_NOW_SECONDS else f"{age(seconds)} ago"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        _moment(moment).isoformat(), exact(moment), escape(words)
    )


def as_json(value: Any) -> str:
    """Write a value of a payload; the template escapes it."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def lasting(start: dt.datetime | str, end: dt.datetime | str) -> str:
    """Write how long it took."""
    return age((_moment(end) - _moment(start)).total_seconds())


def _moment(value: dt.datetime | str) -> dt.datetime:
    return value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(value)
