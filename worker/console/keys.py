"""The secrets of one console process: made at its start, gone with it, written nowhere."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field

_BYTES = 32


def _secret() -> str:
    return secrets.token_urlsafe(_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What opens the console.

    Attributes:
        entry: in the address that is printed at the start; exchanged for the session.
        session: in a cookie that scripts cannot read.
        reader_entry: in the second address: its holder sees everything and decides nothing.
        reader_session: the cookie of such a reader.
        form: in every form; a page of somebody else cannot know it.
    """

    entry: str = field(default_factory=_secret, repr=False)
    session: str = field(default_factory=_secret, repr=False)
    reader_entry: str = field(default_factory=_secret, repr=False)
    reader_session: str = field(default_factory=_secret, repr=False)
    form: str = field(default_factory=_secret, repr=False)


def same(given: str | None, key: str) -> bool:
    """Compare without telling by the time it takes how much of it was right."""
    return given is not None and hmac.compare_digest(given.encode(), key.encode())
