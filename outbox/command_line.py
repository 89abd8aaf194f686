"""What the three commands share: lazy sub-commands, and errors that end in one line and an exit code.

`COMMAND --help` must answer at once, so a group knows its sub-commands by name and short help and imports one
only when it is called.
"""

from __future__ import annotations

import difflib
import importlib
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

import click

from outbox.errors import Fault
from outbox.settings import ENV_FILE, OutboxSettings, Settings, variables
from outbox.terminal import secure_streams

F = TypeVar("F", bound=Callable[..., Any])

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_CONFIGURATION = 3
EXIT_WORK_REMAINS = 4
EXIT_UNREACHABLE = 5


# A place in the log: what SQLite takes for a number.
SEQ = click.IntRange(1, 2**63 - 1)


class _Text(click.ParamType[str]):
    """A text as it was typed: UTF-8 whatever the locale says, and what is no text replaced, for it is kept."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002
        try:
            return os.fsencode(value).decode()
        except UnicodeError:  # typed in another encoding
            return str(value).encode(errors="replace").decode()


TEXT = _Text()


class LazyGroup(click.Group):
    """A group whose sub-commands live in modules of their own.

    Args:
        lazy: name -> (``"package.module:attribute"``, short help).
        settings: whose variables its help names.
    """

    def __init__(
        self,
        *args: Any,
        lazy: Mapping[str, tuple[str, str]],
        settings: Sequence[type[Settings]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy
        self._settings = settings

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # The reader went away (`| head`): that is no failure, though click would exit with 1. What is still
            # buffered goes nowhere, or Python would complain at exit.
            _write_nowhere()
            return EXIT_OK

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *self._lazy]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._lazy:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self._lazy[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101 - the table above says so
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if args and (near := difflib.get_close_matches(args[0], self.list_commands(ctx), n=3, cutoff=0.7)):
                text = f"{error.message.rstrip('.')}. Did you mean {' or '.join(map(repr, near))}?"
                raise click.UsageError(text, ctx) from error
            raise

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        if self._settings:
            names = ", ".join(variables(*self._settings))
            with formatter.section("Settings, explained by `outbox docs configuration`"):
                formatter.write_text(names)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        eager = [(name, self.commands[name].get_short_help_str()) for name in super().list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([*eager, *((name, summary) for name, (_, summary) in self._lazy.items())])


def run(command: click.Command, *, errors: type[Exception] | tuple[type[Exception], ...], lossy: bool = False) -> None:
    """Run a command line; our own errors become one line on stderr and their exit code.

    Args:
        command: the group.
        errors: base class (or classes) of the errors to expect; each has an ``exit_code``.
        lossy: its work is not what it prints: what cannot be written is dropped, and the exit code tells.
    """
    secure_streams(lossy=lossy)
    try:
        status = command.main(standalone_mode=False)
    except click.ClickException as exc:
        exc.show()
        sys.exit(exc.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except errors as exc:
        _end(str(exc), getattr(exc, "exit_code", EXIT_FAILED))
    except Exception as exc:
        text = _words_for(exc)
        if text is None:
            raise
        _end(*text)
    sys.exit(status if isinstance(status, int) else EXIT_OK)


def _end(text: str, code: int) -> NoReturn:
    click.echo(f"error: {text}", err=True)
    try:
        sys.stdout.flush()
    except OSError:  # what could not be written is still kept: Python would try again, and end with a code of its own
        _write_nowhere()
    sys.exit(code)


def _write_nowhere() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _words_for(error: Exception) -> tuple[str, int] | None:
    """Say what a command failed of that is no error of ours, and its exit code; None for a bug."""
    # Imported here: --help answers without them.
    from outbox.extras import missing_package  # noqa: PLC0415
    from outbox.log.sqlite_errors import NO_SPACE  # noqa: PLC0415
    from outbox.ops.damage import damage_behind  # noqa: PLC0415

    if isinstance(error, ImportError):
        package = missing_package(error)
        return None if package is None else (package, EXIT_CONFIGURATION)
    if isinstance(error, OSError):
        if error.errno in NO_SPACE:
            text = "no space left on the disk: what is in the outbox stays; free some room and run again"
            return text, EXIT_FAILED
        if error.filename is not None:
            text = f"{error.filename}: {error.strerror}; see whose it is, and what its folder allows, with `ls -la`"
            return text, EXIT_FAILED
    # A row that makes no sense: is it the file, or a bug of ours? The file is asked.
    fault = damage_behind(error)
    return None if fault is None else (str(fault), fault.exit_code)


def setting_option(flag: str, settings: type[Settings], name: str, **more: Any) -> Callable[[F], F]:
    """Make an option that sets a variable for this call, before any command reads its settings.

    Args:
        flag: its name, with dashes.
        settings: whose variable it is.
        name: of the variable.
        more: as `click.option` takes it.
    """
    variable = variables(settings)[name]

    def remember(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
        if value is not None:
            os.environ[name] = value
            try:
                settings.value(name)
            except Fault as exc:
                raise click.BadParameter(str(exc)) from exc
        return value

    default = f"; default: {variable.default_text}" if variable.default_text else ""
    options: dict[str, Any] = {"expose_value": False, "help": f"{variable.sentence}  [env: {name}{default}]"} | more
    return click.option(flag, callback=remember, **options)


env_file_option = setting_option(
    "--env-file",
    OutboxSettings,
    ENV_FILE,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    is_eager=True,
)


def print_json(value: Any) -> None:
    """Print a result as JSON on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def json_option(function: F) -> F:
    """Add ``--json`` to a reading command, as the parameter ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(function)
