"""Settings: environment variables, each declared once, as the field of a class that keeps its value.

The type of a field says what may stand in the variable, and `Variable` what it means. Reading, faults, what
`--help` lists, docs/configuration.md and `.env.example` all come from that declaration.
"""

from __future__ import annotations

import os
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import msgspec

from outbox.errors import ConfigurationError, Fault

ENV_FILE = "OUTBOX_ENV_FILE"
DEFAULT_ENV_FILE = Path(".env")
# What a path hardly ever holds, and a setting that was copied from elsewhere often does.
_ODD = {
    r"^\s|\s$": "it begins or ends with a space or a line break; take that away",
    r"[\x00-\x1f\x7f]": "it holds a control character; take that away",
    r"""^["']|["']$""": "it has quotes around it, which nobody takes off here; leave them out",
    r"^:memory:$": "it would be forgotten with this process; name a file",
    r"^[A-Za-z][\w+.-]+:": "it is a URL and no path; name the file itself, for example /home/you/outbox.db",
    r"^[A-Za-z]:": "it is a path of another system; name one of this, for example /home/you/outbox.db",
    r"^\w+=": "it says its name twice; leave out what stands before the path",
    r"\$\{?\w|%\w+%": "it names a variable, which only a shell fills in; write the whole path",
    r"[*?]": "it holds a pattern, which only a shell fills in; write the whole path",
}
_ENDINGS = ("-wal", "-shm", "-journal", ".lock", ".worker.lock", ".bell", ".notified")
DEFAULT_PAYLOAD_LIMIT_BYTES = 16 * 1024 * 1024

_FLAGS = {"yes": "true", "on": "true", "no": "false", "off": "false"}


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable, as it annotates the field that keeps its value.

    Attributes:
        name: of the variable.
        meaning: one line of Markdown, links as seen from docs/.
        read_by: which commands read it, if not those of the class.
        unset: what holds without it, where that is not the default of the field.
        example: its value in `.env.example`, if that is not the default.
        secret: its value stands in no repr and in no fault.
        fault: says what is wrong with a value of the right type; None: nothing.
        type: of the field, which fills it in.
        default: of the field, which fills it in; NODEFAULT: it has to be set.
    """

    name: str
    meaning: str
    _: KW_ONLY
    read_by: str = ""
    unset: str = ""
    example: str = ""
    secret: bool = False
    fault: Callable[[Any], str | None] = lambda _: None
    type: Any = None
    default: Any = None

    def of(self, settings: type[Settings], hint: Any, default: Any) -> Self:
        """Return it with what its field says."""
        return replace(self, type=hint, default=default, read_by=self.read_by or settings.read_by)

    @property
    def default_text(self) -> str:
        """What holds without it, as one would write it; empty for nothing."""
        if self.unset or self.default in {None, (), msgspec.NODEFAULT}:
            return self.unset
        if isinstance(self.default, float):
            return f"{self.default:g}"
        return str(self.default).lower() if isinstance(self.default, bool) else str(self.default)

    @property
    def sentence(self) -> str:
        """What it means, without Markdown."""
        text = re.sub(r"\[([\w.-]+)\]\([^)]*\)", r"docs/\1", self.meaning).replace("`", "")
        return f"{text}." if self.meaning.startswith("`") else f"{text[0].upper()}{text[1:]}."

    def read(self, env: Mapping[str, str], faults: list[str]) -> Any:
        """Return its value, or the default if it is not set, or blank; a fault is appended."""
        raw = env.get(self.name, "")
        text = raw.strip()
        if not text:
            if self.default is msgspec.NODEFAULT:
                faults.append(f"{self.name} is not set. {self.sentence}")
            return self.default.absolute() if isinstance(self.default, Path) else self.default
        value: Any = _FLAGS.get(text.lower(), text) if self.type.__origin__ is bool else text
        if self.type.__origin__ == tuple[str, ...]:
            value = text.split()
        try:
            value = msgspec.convert(value, self.type, strict=False, dec_hook=lambda *_: _path(raw))
            fault = self.fault(value)
        except msgspec.ValidationError as exc:
            fault = f"is not {wanted}" if (wanted := _wanted(self.type)) else f"cannot be used: {exc}"
        if fault:
            # A URL of a database, where a path belongs, has a password in it.
            shown = "its value" if self.secret else repr(re.sub("//.*@", "//", text))
            otherwise = f"; unset, it is {self.default_text}" if self.default_text else ""
            faults.append(f"{self.name}: {shown} {fault}{otherwise}")
        return value


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all settings: fields annotated with a `Variable`, and other settings as fields."""

    refusal: ClassVar[type[Fault]] = ConfigurationError
    read_by: ClassVar[str] = "all"

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Self:
        """Read the environment, and the settings file below it (see `environment`).

        Args:
            env: instead of both.

        Raises:
            ConfigurationError: (or what `refusal` says) one line for each fault, all of them.
        """
        faults: list[str] = []
        found = cls._read(environment() if env is None else env, faults)
        if faults:
            raise cls.refusal("\n".join(faults))
        return found

    @classmethod
    def value(cls, name: str) -> Any:
        """Read one variable of these alone, as `from_env` does.

        Raises:
            ConfigurationError: (or what `refusal` says) it is wrong.
        """
        faults: list[str] = []
        value = variables(cls)[name].read(environment(), faults)
        if faults:
            raise cls.refusal(faults[0])
        return value

    @classmethod
    def fields(cls) -> Iterator[tuple[str, Variable | type[Settings]]]:
        """Each field with its variable, or with the class of the settings in it."""
        hints = typing.get_type_hints(cls, include_extras=True)
        for field in msgspec.structs.fields(cls):
            hint = hints[field.name]
            own = [one for one in getattr(hint, "__metadata__", ()) if isinstance(one, Variable)]
            yield field.name, own[0].of(cls, hint, field.default) if own else hint

    @classmethod
    def _read(cls, env: Mapping[str, str], faults: list[str]) -> Self:
        return cls(
            **{
                name: one.read(env, faults) if isinstance(one, Variable) else one._read(env, faults)  # noqa: SLF001 - ours
                for name, one in cls.fields()
            }
        )

    def __repr__(self) -> str:
        shown = (
            f"{name}={getattr(self, name)!r}"
            for name, one in self.fields()
            if not (isinstance(one, Variable) and one.secret)
        )
        return f"{type(self).__name__}({', '.join(shown)})"


def variables(*classes: type[Settings]) -> dict[str, Variable]:
    """Return the variables of all these by name, those of nested settings included."""
    found: dict[str, Variable] = {}
    for settings in classes:
        for _, one in settings.fields():
            new = {one.name: one} if isinstance(one, Variable) else variables(one)
            found |= {name: variable for name, variable in new.items() if name not in found}
    return found


def _path(raw: str) -> Path:
    try:
        path = Path(raw).expanduser()
    except RuntimeError as exc:  # a user without a home
        raise ValueError(str(exc)) from exc
    if (odd := _odd(raw, path)) is not None:
        raise ValueError(odd)
    return path.absolute()


def _odd(raw: str, path: Path) -> str | None:
    """What was meant for a shell or for another program. Whatever is there already is a path, odd or not."""
    try:
        if path.exists() or (os.name == "nt" and path.drive):
            return None
        looked_at = path.name if path.parent.is_dir() else raw
    except OSError:  # what cannot be looked at is told by whoever opens it
        return None
    return next((what for odd, what in _ODD.items() if re.search(odd, looked_at)), None)


def _wanted(hint: Any) -> str:
    """What a type wants, in the words of its `Meta`."""
    if hint is bool:
        return "true or false"
    titles = [one.title for one in getattr(hint, "__metadata__", ()) if isinstance(one, msgspec.Meta)]
    return titles[0] or "" if titles else "".join(map(_wanted, typing.get_args(hint)[:1]))


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


def _no_outbox(path: Path) -> str | None:
    """What a path names that can be no outbox."""
    try:
        if path.is_dir():
            return f"is a directory; name the file, for example {path / 'outbox.db'}"
        if path.exists() and not path.is_file():
            return "is a device or a pipe; name a file"
        for ending in _ENDINGS:
            base = path.with_name(path.name.removesuffix(ending) or path.name)
            if base != path and base.is_file():
                return f"belongs to the outbox {base}; name that one"
    except OSError:  # whoever opens it tells why
        return None
    return None


def _directory(path: Path) -> str | None:
    return "is not a directory" if path.exists() and not path.is_dir() else None


class OutboxSettings(Settings, frozen=True, kw_only=True):
    """What the outbox and the generators need to know. Paths are absolute."""

    env_file: Annotated[
        Path,
        Variable(
            ENV_FILE,
            "a file of settings (`NAME=value`), read below the environment; `--env-file` of each command names it",
        ),
    ] = DEFAULT_ENV_FILE
    catalogue: Annotated[
        str,
        Variable(
            "OUTBOX_CATALOGUE",
            "event types and their tables: `module:attribute` or an entry point, several with commas between; "
            "unset: those of content ([own-tables.md](own-tables.md))",
        ),
    ] = ""
    outbox_path: Annotated[
        Path,
        Variable(
            "OUTBOX_PATH",
            "the SQLite file; its directory is made with mode 0700, the file with 0600",
            fault=_no_outbox,
        ),
    ] = Path(".outbox/outbox.db")
    content_root: Annotated[
        Path, Variable("CONTENT_ROOT", "where files are published; one file system", fault=_directory)
    ] = Path("outputs")
    payload_limit_bytes: Annotated[
        int,
        msgspec.Meta(ge=1, title="a whole number of bytes, at least 1"),
        Variable("OUTBOX_PAYLOAD_LIMIT_BYTES", "largest payload of one event, as JSON", read_by="generators"),
    ] = DEFAULT_PAYLOAD_LIMIT_BYTES
    creator_mind: Annotated[
        str | None,
        Variable(
            "CREATOR_MIND_ID",
            "id or slug of the mind that owns what is made; without one, signed-in users see nothing of it",
            read_by="generators",
        ),
    ] = None
    persona_mind: Annotated[
        str | None,
        Variable("PERSONA_MIND_ID", "id or slug of the mind whose voice is used", read_by="generators"),
    ] = None
