"""Every environment variable of the outbox and the generators, as docs/configuration.md tells it."""

from __future__ import annotations

from dataclasses import dataclass

from outbox.catalogue.contract import DEFAULT_PAYLOAD_LIMIT_BYTES
from outbox.settings import DEFAULT_CONTENT_ROOT, DEFAULT_ENV_FILE, DEFAULT_OUTBOX_PATH


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One environment variable.

    Attributes:
        name: of the variable.
        default: what it is where it is not set, as one would write it; empty for none.
        read_by: which commands read it.
        meaning: one line of Markdown.
    """

    name: str
    default: str = ""
    read_by: str
    meaning: str


VARIABLES = (
    Variable(
        name="OUTBOX_ENV_FILE",
        default=DEFAULT_ENV_FILE,
        read_by="all",
        meaning="a file of settings (`NAME=value`), below the environment; each command's `--env-file` sets it",
    ),
    Variable(
        name="OUTBOX_CATALOGUE",
        read_by="all",
        meaning="event types and their tables: `module:attribute` or an entry point, several with commas between; "
        "unset: those of content ([own-tables.md](own-tables.md))",
    ),
    Variable(
        name="OUTBOX_PATH",
        default=DEFAULT_OUTBOX_PATH,
        read_by="all",
        meaning="the SQLite file; its directory is made with mode 0700, the file with 0600",
    ),
    Variable(
        name="CONTENT_ROOT",
        default=DEFAULT_CONTENT_ROOT,
        read_by="all",
        meaning="where files are published; one file system",
    ),
    Variable(
        name="OUTBOX_PAYLOAD_LIMIT_BYTES",
        default=str(DEFAULT_PAYLOAD_LIMIT_BYTES),
        read_by="generators",
        meaning="largest payload of one event, as JSON",
    ),
    Variable(
        name="CREATOR_MIND_ID",
        read_by="generators",
        meaning="id or slug of the mind that owns what is made; without one, signed-in users see nothing of it",
    ),
    Variable(
        name="PERSONA_MIND_ID",
        read_by="generators",
        meaning="id or slug of the mind whose voice is used",
    ),
)
