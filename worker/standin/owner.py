"""Who started the server: a process id with its start time, since ids are given out again."""

import os
from pathlib import Path

from worker.standin.postmaster import is_alive


def write_owner(data_dir: Path) -> None:
    """Record this process as the one that will stop the server."""
    (data_dir / "owner").write_text(f"{os.getpid()} {_started(os.getpid())}", encoding="ascii")


def owner_is_alive(data_dir: Path) -> bool:
    """Whether the process that started the server still exists."""
    try:
        pid, _, started = (data_dir / "owner").read_text(encoding="ascii").partition(" ")
        return is_alive(int(pid)) and _started(int(pid)) == started
    except (FileNotFoundError, ValueError):
        return False


def _started(pid: int) -> str:
    """The start time in clock ticks since boot; empty if there is no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
