"""Reads values that we wrote into the file ourselves: what is none of them is damage, and no bug.

SQLite notices a page that is torn, not a bit that is turned over in a value.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

_Value = TypeVar("_Value")


class UnreadableValue(sqlite3.DatabaseError):
    """A value in the file that no version of this package writes."""


def stored(read: Callable[[Any], _Value], value: Any) -> _Value:
    """Return what a value stands for.

    Args:
        read: makes it of the value: `UUID`, an enumeration, `a_time`, `some_ids`.
        value: as it stands in the file.

    Raises:
        UnreadableValue: it is not one of those.
    """
    try:
        return read(value)
    except (ValueError, TypeError, AttributeError, RecursionError) as exc:
        raise unreadable(value, read.__name__) from exc


def unreadable(value: object, expected: str) -> UnreadableValue:
    """Return the error for a value that is not what was written."""
    return UnreadableValue(f"{ascii(value)[:60]} stands where a {expected} was written")


def a_time(text: Any) -> dt.datetime:
    """Read a time."""
    return dt.datetime.fromisoformat(text)


def a_moment(text: Any) -> str:
    """Read a time that is passed on as it was written."""
    a_time(text)
    return str(text)


def some_ids(text: Any) -> tuple[UUID, ...]:
    """Read a list of ids."""
    return () if text == "[]" else tuple(UUID(one) for one in json.loads(text))
