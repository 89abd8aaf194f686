"""The catalogue of this process: every event type that it can read.

OUTBOX_CATALOGUE names it, as `module:attribute`, several with commas between them; a name without a colon is that of an
entry point of the group `creatoros_outbox.catalogues`. Unset, it is that of content. A module is looked for in the
working directory last, so that a folder there never takes the place of an installed package.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from outbox.catalogue.content import CATALOGUE
from outbox.catalogue.declaration import Catalogue
from outbox.errors import CatalogueError
from outbox.settings import OutboxSettings

VARIABLE = "OUTBOX_CATALOGUE"
GROUP = "creatoros_outbox.catalogues"


@cache
def active() -> Catalogue:
    """Return the catalogue by which events are read and delivered.

    Raises:
        CatalogueError: OUTBOX_CATALOGUE names what cannot be loaded, or two catalogues that contradict each other.
    """
    names = [name.strip() for name in OutboxSettings.value(VARIABLE).split(",") if name.strip()]
    return together([load(name) for name in names] or [CATALOGUE])


def together(catalogues: list[Catalogue]) -> Catalogue:
    """Return one catalogue with the event types of several."""
    if len(catalogues) == 1:
        return catalogues[0]
    events = [contract.payload for one in catalogues for contract in one.contracts.values()]
    return Catalogue(", ".join(one.name for one in catalogues), events=events)


def load(name: str) -> Catalogue:
    """Return the catalogue with this name.

    Args:
        name: `module:attribute`, or the name of an entry point.

    Raises:
        CatalogueError: it cannot be loaded, or is no catalogue.
    """
    module, colon, attribute = name.partition(":")
    if not colon:
        found = [point for point in entry_points(group=GROUP) if point.name == name]
        if not found:
            raise CatalogueError(f"{VARIABLE}: {name!r} is neither module:attribute nor an entry point of {GROUP}")
        module, _, attribute = found[0].value.partition(":")
    try:
        with _working_directory():
            value = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as exc:
        raise CatalogueError(f"{VARIABLE}: {name!r} cannot be loaded: {exc}") from exc
    if not isinstance(value, Catalogue):
        raise CatalogueError(f"{VARIABLE}: {name!r} is no Catalogue but a {type(value).__name__}")
    return value


@contextmanager
def _working_directory() -> Iterator[None]:
    """Let modules be found in the working directory, after all else: a console script does not look there."""
    here = str(Path.cwd())
    if here in sys.path or "" in sys.path:
        yield
        return
    sys.path.append(here)
    try:
        yield
    finally:
        sys.path.remove(here)
