"""The catalogue of this process: every event type that it can read."""

from __future__ import annotations

from outbox.catalogue.content import CATALOGUE
from outbox.catalogue.declaration import Catalogue


def active() -> Catalogue:
    """Return the catalogue by which events are read and delivered."""
    return CATALOGUE
