"""A payload as fields of a form, and back.

A text is edited as it is, anything else as JSON. Browsers send every line end as CR LF; a text that was not touched is
taken from the payload, and one that was touched gets the line ends that it had.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

_LINE_CHARACTERS = 120
PREFIX = "field:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a payload.

    Attributes:
        name: of the field.
        value: as it is written in the form.
        is_text: edited as it is; else as JSON.
        lines: how high its box is; 1 for a single line.
    """

    name: str
    value: str
    is_text: bool
    lines: int


class NotJSON(ValueError):
    """A field that must be JSON is not; the message names it."""


def fields_of(payload: dict[str, Any], sent: dict[str, str] | None = None) -> list[Field]:
    """Return the fields of a payload; with what was sent, if something was."""
    return [_field(name, value, (sent or {}).get(PREFIX + name)) for name, value in payload.items()]


def payload_from(payload: dict[str, Any], sent: dict[str, str]) -> dict[str, Any]:
    """Return the payload with what was sent in place of what was there.

    Raises:
        NotJSON: a field is not what it must be.
    """
    return {
        name: _value(name, value, sent[PREFIX + name]) if PREFIX + name in sent else value
        for name, value in payload.items()
    }


def _field(name: str, value: Any, sent: str | None) -> Field:
    is_text = isinstance(value, str)
    text = value if is_text else json.dumps(value, ensure_ascii=False, indent=2)
    shown = _unix(text) if sent is None else _unix(sent)
    many = "\n" in shown or len(shown) > _LINE_CHARACTERS
    return Field(name=name, value=shown, is_text=is_text, lines=min(18, max(4, shown.count("\n") + 2)) if many else 1)


def _value(name: str, before: Any, sent: str) -> Any:
    text = _unix(sent)
    if isinstance(before, str):
        if text == _unix(before):
            return before
        return text.replace("\n", "\r\n") if "\r\n" in before else text
    try:
        return json.loads(text)
    except json.JSONDecodeError as exc:
        raise NotJSON(f"{name} is not JSON: {exc}") from exc


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
