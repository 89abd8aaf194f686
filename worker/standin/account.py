"""Which operating-system account runs the server, and where that account may keep files.

PostgreSQL refuses to run as root. As anybody else the server runs as ourselves and its files live in the
folder that was asked for. As root it runs as `nobody`, who cannot enter most folders of root's: the files
then live below `/var/tmp`, in a folder named after the one that was asked for, and no existing permission is
touched.
"""

import hashlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from worker.standin.errors import StandInError

SHELF = Path("/var/tmp")  # noqa: S108  survives a reboot; our folder in it is checked to be ours
ROOT_STAND_IN = "nobody"
ORIGIN = "data-dir"  # in each folder on the shelf: which data folder it belongs to


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The user and group that own the server's processes and files."""

    uid: int
    gid: int
    is_self: bool

    @classmethod
    def current(cls) -> "Account":
        """Ourselves, or `nobody` when we are root.

        Raises:
            StandInError: we are root and there is no such account.
        """
        import pwd  # noqa: PLC0415 - Windows has none, and runs no server of ours

        if os.geteuid() != 0:
            return cls(uid=os.geteuid(), gid=os.getegid(), is_self=True)
        try:
            entry = pwd.getpwnam(ROOT_STAND_IN)
        except KeyError as exc:
            raise StandInError(
                f"PostgreSQL does not run as root and there is no user {ROOT_STAND_IN!r}: run as an ordinary user"
            ) from exc
        return cls(uid=entry.pw_uid, gid=entry.pw_gid, is_self=False)

    def home(self, data_dir: Path) -> Path:
        """The folder for the server's own files, made if absent; only this account can enter it."""
        if self.is_self:
            home = data_dir / "server"
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            return home
        name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
        home = shelf() / name
        home.mkdir(mode=0o700, exist_ok=True)
        os.chown(home, self.uid, self.gid)
        (home / ORIGIN).write_bytes(os.fsencode(data_dir))
        return home

    def give(self, path: Path) -> None:
        """Hand a file that we wrote to the account."""
        if not self.is_self:
            os.chown(path, self.uid, self.gid)

    def run(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        timeout_seconds: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the server's programs as this account and wait for it."""
        with (cwd / "last-command.log").open("w+", encoding="utf-8", errors="replace") as output:
            # Not a pipe: the postmaster inherits it, and reading to its end would wait for the server to
            # stop.
            result = subprocess.run(
                command, cwd=cwd, env=environment(env), stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, timeout=timeout_seconds, check=False, text=True, **self.identity(),
            )  # fmt: skip
            output.seek(0)
            return subprocess.CompletedProcess(command, result.returncode, output.read(), "")

    def identity(self) -> dict[str, Any]:
        """Keyword arguments for `subprocess` that take on this account."""
        return {} if self.is_self else {"user": self.uid, "group": self.gid, "extra_groups": []}


def shelf() -> Path:
    """Root's shelf below /var/tmp: ours, enterable and not listable.

    Raises:
        StandInError: somebody else made a folder of that name first.
    """
    path = SHELF / f"creatoros-outbox-{os.geteuid()}"
    path.mkdir(mode=0o711, exist_ok=True)
    found = path.lstat()
    if path.is_symlink() or found.st_uid != os.geteuid():
        raise StandInError(f"{path} belongs to somebody else: remove it, then try again")
    path.chmod(0o711)
    return path


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """A clean environment for the server's programs: no PG* variable of the caller's leaks in."""
    kept = {key: value for key, value in os.environ.items() if key in {"PATH", "LD_LIBRARY_PATH", "TZ", "TMPDIR"}}
    return {**kept, "LC_ALL": "C.UTF-8", **(extra or {})}
