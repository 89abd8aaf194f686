"""Reads values that we wrote into the file ourselves: what is none of them is damage, and no bug.

SQLite notices a page that is torn, not a bit that is turned over in a value.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

import msgspec

# What reading a value that is not what was written raises.
DAMAGED = (ValueError, TypeError, AttributeError, RecursionError, msgspec.MsgspecError)
_IDS: msgspec.json.Decoder[tuple[UUID, ...]] = msgspec.json.Decoder(tuple[UUID, ...])
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
    except DAMAGED as exc:
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


def an_id(text: str) -> UUID:
    """Read an id, in a third of the time that `UUID` takes."""
    return msgspec.convert(text, UUID)


@lru_cache(maxsize=1024)
def some_ids(text: Any) -> tuple[UUID, ...]:
    """Read a list of ids. The lessons of a module refer to the same ones."""
    return _IDS.decode(text)
