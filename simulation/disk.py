"""What a power loss leaves of a host's files.

Kept per file: its bytes at its last fsync; per directory: its names at its last fsync. When the power goes, a file that
was never fsynced is torn, and of every name that changed since its directory's last fsync chance decides whether the
change survived; a rename survives whole or not at all. For the log SQLite's own promise is taken as it stands: a commit
under `synchronous=FULL` has fsynced the WAL. What lies in the WAL beyond the last such commit is torn.
"""

import os
import random
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

Names = dict[str, int]  # name -> inode


@dataclass(frozen=True, slots=True)
class Rename:
    """A name that moved: from a directory and name, to a directory and name, and the inode that it names."""

    source: tuple[int, str]
    target: tuple[int, str]
    inode: int


class Disk:
    """Follows the files of one host.

    Args:
        root: CONTENT_ROOT, which exists.
        log: the outbox file.
    """

    def __init__(self, root: Path, log: Path) -> None:
        self._root = root
        self._wal = f"{log}-wal"
        self._wal_bytes = 0
        self.everything_synced()

    def everything_synced(self) -> None:
        """What is there now is what a power loss leaves, the log included."""
        self._synced: dict[int, bytes] = {}
        self._names: dict[int, Names] = {}
        self._renames: list[Rename] = []
        for folder, _, files in os.walk(self._root):
            self._names[_inode(folder)] = _listing(folder)
            for name in files:
                self.synced(f"{folder}/{name}")
        self.log_synced()

    def log_begins(self) -> None:
        """A commit is about to be written; a checkpoint may have cut the WAL since the last."""
        self._wal_bytes = min(self._wal_bytes, _size(self._wal))

    def log_synced(self) -> None:
        """A commit has fsynced the WAL."""
        self._wal_bytes = _size(self._wal)

    def synced(self, path: str) -> None:
        """A file or a directory was fsynced."""
        found = os.stat(path)  # noqa: PTH116 - a path is made of a name millions of times here
        inode = found.st_ino
        if not stat.S_ISDIR(found.st_mode):
            with open(path, "rb") as file:  # noqa: PTH123 - as above
                self._synced[inode] = file.read()
            return
        self._names[inode] = _listing(path)
        self._renames = [one for one in self._renames if one.target[0] != inode]

    def renamed(self, source: str, target: str) -> None:
        """A name was moved, just now."""
        (old, old_name), (new, new_name) = os.path.split(source), os.path.split(target)
        self._renames.append(Rename((_inode(old), old_name), (_inode(new), new_name), _inode(target)))

    def lose_power(self, chance: random.Random) -> None:
        """Leave what survives; nobody may have a file of this host open."""
        now: dict[int, Names] = {}
        torn: dict[int, bytes] = {}
        for folder, _, files in os.walk(self._root):
            now[_inode(folder)] = _listing(folder)
            for name in files:
                data = Path(folder, name).read_bytes()
                torn[_inode(f"{folder}/{name}")] = data[: chance.randrange(len(data) + 1)]
        kept = {inode: self._kept(inode, now.get(inode, {}), chance) for inode in sorted({*self._names, *now})}
        for rename in self._renames:
            self._whole(rename, kept)
        root = _inode(self._root)
        shutil.rmtree(self._root)
        self._restore(str(self._root), root, kept, {**torn, **self._synced})
        _tear(self._wal, self._wal_bytes, chance)
        self.everything_synced()

    def _kept(self, inode: int, now: Names, chance: random.Random) -> Names:
        synced = self._names.get(inode, {})
        kept: Names = {}
        for name in sorted({*synced, *now}):
            survives = synced.get(name) == now.get(name) or chance.random() < 0.5
            found = now.get(name) if survives else synced.get(name)
            if found is not None:
                kept[name] = found
        return kept

    def _whole(self, rename: Rename, kept: dict[int, Names]) -> None:
        (old, old_name), (new, new_name) = rename.source, rename.target
        if kept.get(new, {}).get(new_name) == rename.inode:
            if kept.get(old, {}).get(old_name) == rename.inode:
                del kept[old][old_name]
        elif self._names.get(old, {}).get(old_name) == rename.inode:
            kept[old][old_name] = rename.inode

    def _restore(self, path: str, inode: int, kept: dict[int, Names], synced: dict[int, bytes]) -> None:
        Path(path).mkdir(0o700)
        for name, found in kept[inode].items():
            if found in kept:
                self._restore(f"{path}/{name}", found, kept, synced)
            else:
                Path(path, name).write_bytes(synced.get(found, b""))


def _tear(wal: str, synced_bytes: int, chance: random.Random) -> None:
    """Cut what was not fsynced somewhere, and let a byte of the rest be wrong."""
    size = _size(wal)
    if size <= synced_bytes:
        return
    end = chance.randrange(synced_bytes, size + 1)
    with Path(wal).open("r+b") as file:
        file.truncate(end)
        if end > synced_bytes:
            file.seek(chance.randrange(synced_bytes, end))
            file.write(b"\xa5")


def _listing(folder: str) -> Names:
    with os.scandir(folder) as entries:
        return {entry.name: entry.inode() for entry in entries}


def _inode(path: str | Path) -> int:
    return os.stat(path).st_ino  # noqa: PTH116 - as above


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - as above
    except FileNotFoundError:
        return 0
