"""Identities that need no server.

An event id is a UUIDv7 (RFC 9562) that also counts: it is always greater than the one before it in the
log, whatever the clock does, so that comparing two ids compares two places in the order. An aggregate id
is a UUIDv5 of its natural key: the same course gets the same ids on every machine and in every run.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from functools import lru_cache

# Ours alone: the root of every aggregate id. It must never change.
NAMESPACE = uuid.UUID("5ed0b1c6-0a4e-5d1f-9c1e-6f4d6c0a7b11")

_RANDOM_BITS = 74  # what a UUIDv7 has beside its 48-bit milliseconds, version and variant
_RANDOM_MASK = (1 << _RANDOM_BITS) - 1
_RANDOM_BYTES = 10
_STEP_BYTES = 4
_UUID5_MASK = ~(0xF << 76 | 0b11 << 62)  # all but version and variant
_NAMESPACE_BYTES = NAMESPACE.bytes


def next_event_id(previous: uuid.UUID | None, now_ms: int) -> uuid.UUID:
    """Make the id that follows `previous`.

    Args:
        previous: id of the last event in the log, None for the first.
        now_ms: wall clock, milliseconds since 1970.

    Returns:
        A UUIDv7 greater than `previous`. Its time is `now_ms` unless the clock stands still or went
        back: then the time of `previous` is kept and the random part counts on.
    """
    return uuid.UUID(int=next_number(previous.int if previous is not None else None, now_ms))


def next_number(previous: int | None, now_ms: int) -> int:
    """Make the id that follows `previous`, both as the numbers that they are; see `next_event_id`."""
    previous_ms, previous_counter = _parts(previous) if previous is not None else (-1, 0)
    if now_ms > previous_ms:
        counter = _random_counter()
    else:
        now_ms, counter = previous_ms, previous_counter + 1 + int.from_bytes(os.urandom(_STEP_BYTES), "big")
        if counter > _RANDOM_MASK:
            now_ms, counter = previous_ms + 1, _random_counter()
    high, low = counter >> 62, counter & ((1 << 62) - 1)
    return now_ms << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low


def as_text(number: int) -> str:
    """Write an id as `str` writes a UUID, in a third of the time."""
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


@lru_cache(maxsize=1024)  # the lessons of a course all name the same project and modules
def aggregate_id(aggregate_type: str, natural_key: str) -> uuid.UUID:
    """Return the id of an aggregate from its natural key, for example ``("content", "curso--1-1")``."""
    return uuid.UUID(aggregate_text(aggregate_type, natural_key))


@lru_cache(maxsize=1024)
def aggregate_text(aggregate_type: str, natural_key: str) -> str:
    """Return the id of an aggregate as it stands in the log; see `aggregate_id`."""
    # What uuid.uuid5 returns, in a third of its time: every append of something new makes one.
    name = f"{aggregate_type}:{natural_key}".encode()
    digest = hashlib.sha1(_NAMESPACE_BYTES + name, usedforsecurity=False).digest()
    return as_text(int.from_bytes(digest[:16], "big") & _UUID5_MASK | 5 << 76 | 0b10 << 62)


def content_id(slug: str) -> uuid.UUID:
    """Return the id of the content with this slug."""
    return aggregate_id("content", slug)


def project_id(slug: str) -> uuid.UUID:
    """Return the id of the project with this slug."""
    return aggregate_id("project", slug)


def audience_id(slug: str) -> uuid.UUID:
    """Return the id of the audience profile with this slug."""
    return aggregate_id("audience", slug)


def _random_counter() -> int:
    return int.from_bytes(os.urandom(_RANDOM_BYTES), "big") & _RANDOM_MASK


def _parts(number: int) -> tuple[int, int]:
    high = (number >> 64) & 0xFFF
    low = number & ((1 << 62) - 1)
    return number >> 80, high << 62 | low
