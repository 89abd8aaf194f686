"""Where the three commands begin: Ctrl-C ends them quietly, also while their modules are imported.

It stands beside the packages of the commands, because importing anything of theirs imports most of them first. From
`main` on, the command line itself says what an interrupt does.

It imports nothing that Python has not loaded at its start: `signal` would load enum, and what that loads, without a
handler. What remains is the start of Python itself, before any code of ours.
"""

import _signal  # type: ignore[import-not-found]  # built in; `signal` without its enums
import os

INTERRUPTED = 130


def generate() -> None:
    """Run `generate`."""
    _run("generators.cli")


def outbox() -> None:
    """Run `outbox`."""
    _run("outbox.cli")


def worker() -> None:
    """Run `worker`."""
    _run("worker.cli")


def _run(module: str) -> None:
    asked = _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler  # else whoever started us has it ignored
    if asked:
        _signal.signal(_signal.SIGINT, _end)
    # Imported here: an interrupt is heard from now on.
    from importlib import import_module  # noqa: PLC0415

    main = import_module(module).main
    if asked:
        _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    main()


def _end(_signal: int, _frame: object) -> None:
    """End at once: nothing was begun. An exception would be shown by whatever import it strikes, or be lost in it."""
    os.write(2, b"interrupted\n")
    os._exit(INTERRUPTED)
