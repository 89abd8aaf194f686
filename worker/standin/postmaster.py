"""Is there a server running on this data folder, and is it really that one?

`postmaster.pid` outlives a killed server, and its number may by now belong to any other program: a process
counts as ours only if its working folder, or if there is no /proc its command line, is the data folder.
"""

import os
import subprocess
from pathlib import Path


def running_pid(cluster: Path) -> int | None:
    """The process id of the server on this data folder, or None."""
    try:
        pid = int((cluster / "postmaster.pid").read_text(encoding="ascii", errors="replace").split("\n", 1)[0])
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return pid if pid > 0 and _serves(pid, cluster) else None


def is_alive(pid: int) -> bool:
    """Whether a process of this id exists, under any user."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _serves(pid: int, cluster: Path) -> bool:
    if not is_alive(pid):
        return False
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == cluster.resolve()
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False  # it ended between the two looks
    except PermissionError:
        return False  # another user's process: not the server, whose account we are or may look into
    shown = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False)  # noqa: S607
    return str(cluster) in shown.stdout
