"""Where the three commands begin: Ctrl-C ends them quietly, also while their modules are imported.

It stands beside the packages of the commands, because importing anything of theirs imports most of them first. From
`main` on, the command line itself says what an interrupt does.
"""

import os
import signal
from importlib import import_module
from types import FrameType

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
    asked = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else whoever started us has it ignored
    if asked:
        signal.signal(signal.SIGINT, _end)
    main = import_module(module).main
    if asked:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    main()


def _end(_signal: int, _frame: FrameType | None) -> None:
    """End at once: nothing was begun. An exception would be shown by whatever import it strikes, or be lost in it."""
    os.write(2, b"interrupted\n")
    os._exit(INTERRUPTED)
