"""Takes away from Python what Windows lacks. Python itself imports this first, where its folder is on PYTHONPATH.

A stand-in for `msvcrt` locks a byte as Windows does: for a descriptor, refused with EACCES, gone when it is closed.
"""

import errno
import fcntl
import os
import select
import signal
import struct
import subprocess  # noqa: F401 - first: where there is a `msvcrt`, it takes the system for Windows itself
import sys
from importlib.abc import MetaPathFinder
from types import ModuleType

MISSING = {"fcntl", "pwd", "grp", "resource", "termios"}
_locks = fcntl


class _Missing(MetaPathFinder):
    def find_spec(self, name: str, *_: object) -> None:
        if name in MISSING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _locking(fd: int, mode: int, count: int) -> None:
    kind = _locks.F_UNLCK if mode == 0 else _locks.F_WRLCK
    start = os.lseek(fd, 0, os.SEEK_CUR)
    wanted = struct.pack("hhqqi4x", kind, os.SEEK_SET, start, count, 0)
    try:
        _locks.fcntl(fd, _locks.F_OFD_SETLK, wanted)
    except OSError as exc:
        if exc.errno == errno.EBADF:  # open for reading alone: Windows locks that, Linux does not
            _locks.flock(fd, _locks.LOCK_EX | _locks.LOCK_NB)
        elif exc.errno in {errno.EACCES, errno.EAGAIN}:
            raise PermissionError(errno.EACCES, "Permission denied") from None
        else:
            raise


def _hide() -> None:
    msvcrt = ModuleType("msvcrt")
    vars(msvcrt).update(LK_UNLCK=0, LK_LOCK=1, LK_NBLCK=2, locking=_locking)
    sys.modules["msvcrt"] = msvcrt
    for name in MISSING:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, _Missing())
    for module, names in (
        (
            os,
            (
                "O_DIRECTORY",
                "O_CLOEXEC",
                "O_NONBLOCK",
                "geteuid",
                "getuid",
                "pread",
                "pwrite",
                "fchown",
                "chown",
                "fork",
            ),
        ),
        (signal, ("SIGALRM", "SIGHUP", "setitimer", "ITIMER_REAL")),
        (select, ("poll", "epoll")),
    ):
        for name in names:
            delattr(module, name)


_hide()
