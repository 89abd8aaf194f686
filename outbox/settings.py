"""Configuration of the outbox and the generators: from the environment, checked once, all faults together.

`VARIABLES` is what docs/configuration.md lists.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from outbox.errors import ConfigurationError

DEFAULT_OUTBOX_PATH = ".outbox/outbox.db"
DEFAULT_CONTENT_ROOT = "outputs"
ENV_FILE = "OUTBOX_ENV_FILE"
DEFAULT_ENV_FILE = ".env"
DEFAULT_PAYLOAD_LIMIT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One environment variable.

    Attributes:
        name: of the variable.
        default: what it is if it is not set, as one would write it; empty for none.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxSettings:
    """What the outbox needs to know.

    Attributes:
        outbox_path: the SQLite file (OUTBOX_PATH).
        content_root: the directory that files are published below (CONTENT_ROOT).
        payload_limit_bytes: largest payload of one event, as JSON (OUTBOX_PAYLOAD_LIMIT_BYTES).
        creator_mind: id or slug of the mind that owns what is made here (CREATOR_MIND_ID).
        persona_mind: id or slug of the mind whose voice is used (PERSONA_MIND_ID).
    """

    outbox_path: Path
    content_root: Path
    payload_limit_bytes: int = DEFAULT_PAYLOAD_LIMIT_BYTES
    creator_mind: str | None = None
    persona_mind: str | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> OutboxSettings:
        """Read the environment, and the settings file below it (see `environment`).

        Raises:
            ConfigurationError: lists every fault, not just the first.
        """
        env = environment() if env is None else env
        faults: list[str] = []
        root = Path(env.get("CONTENT_ROOT") or DEFAULT_CONTENT_ROOT)
        if root.exists() and not root.is_dir():
            faults.append(f"CONTENT_ROOT: {root} is not a directory")
        path = Path(env.get("OUTBOX_PATH") or DEFAULT_OUTBOX_PATH)
        if path.is_dir():
            faults.append(f"OUTBOX_PATH: {path} is a directory; name the file, for example {path / 'outbox.db'}")
        limit = env.get("OUTBOX_PAYLOAD_LIMIT_BYTES") or str(DEFAULT_PAYLOAD_LIMIT_BYTES)
        if not (limit.isascii() and limit.isdigit()) or int(limit) == 0:
            faults.append(f"OUTBOX_PAYLOAD_LIMIT_BYTES: {limit!r} is not a positive number of bytes")
        if faults:
            raise ConfigurationError("configuration: " + "; ".join(faults))
        return cls(
            outbox_path=path.absolute(),
            content_root=root.absolute(),
            payload_limit_bytes=int(limit),
            creator_mind=env.get("CREATOR_MIND_ID") or None,
            persona_mind=env.get("PERSONA_MIND_ID") or None,
        )


def environment() -> Mapping[str, str]:
    """Return the process environment over what the settings file says.

    The settings file is the one that OUTBOX_ENV_FILE names, or `.env` in the working directory if there is one.

    Raises:
        ConfigurationError: OUTBOX_ENV_FILE names a file that cannot be read.
    """
    named = os.environ.get(ENV_FILE)
    path = Path(named or DEFAULT_ENV_FILE)
    if not named and not path.is_file():
        return os.environ
    # Imported here: without a settings file, the usual case in production, nothing is loaded.
    from dotenv import dotenv_values  # noqa: PLC0415

    try:
        with path.open(encoding="utf-8") as file:
            stored = {key: value for key, value in dotenv_values(stream=file).items() if value is not None}
    except OSError as error:
        raise ConfigurationError(
            f"{ENV_FILE if named else 'the settings file'}: {path} cannot be read: {error.strerror}"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8; save it as UTF-8") from error
    return {**stored, **os.environ}
