"""What the doctor looks at on this host: the settings, SQLite, file systems, space, inotify."""

import ctypes
import difflib
import errno
import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from outbox import host as system
from outbox.settings import DEFAULT_ENV_FILE, ENV_FILE, variables
from worker.bus.settings import BusSettings
from worker.doctor.finding import Finding, Outcome, judged
from worker.settings import FOR_TESTS, WorkerSettings

LOW_SPACE_BYTES = 500 * 1024 * 1024
NO_SPACE_BYTES = 50 * 1024 * 1024
OTHERS = 0o077
OLDEST_SQLITE = (3, 37, 0)  # strict tables
OURS = ("OUTBOX_", "SUPABASE_", "CREATOR_OS_")
# Locks and shared memory do not hold across machines there, and an fsync may promise more than it does.
NETWORK = (
    "nfs",
    "cifs",
    "smb",
    "9p",
    "ceph",
    "gluster",
    "lustre",
    "afs",
    "gpfs",
    "beegfs",
    "fuse.",
    "vboxsf",
    "virtiofs",
)
VOLATILE = {"tmpfs", "ramfs", "overlay"}
KNOWN = frozenset(variables(WorkerSettings, BusSettings))
MOUNTS = Path("/proc/self/mountinfo")


def examine_host(settings: WorkerSettings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at this host.

    Args:
        settings: of this process.
        environ: what they were read from, `.env` included.
    """
    outbox, content = settings.outbox.outbox_path.parent, settings.outbox.content_root
    yield configuration(environ)
    yield from settings_file(environ)
    yield delivery(settings)
    yield sqlite(sqlite3.sqlite_version_info)
    yield file_system("outbox file system", outbox)
    yield file_system("content file system", content)
    yield space("space", outbox)
    yield space("content space", content)
    yield inotify(outbox)
    yield from weaker_system()


def configuration(environ: Mapping[str, str]) -> Finding:
    """Variables that begin like ours and are not: a typo leaves a default in force without a word."""
    unknown = sorted(name for name in environ if name.startswith(OURS) and name not in KNOWN | FOR_TESTS)
    meant = {name: difflib.get_close_matches(name, KNOWN, n=1) for name in unknown}
    text = ", ".join(f"{name} (meant: {meant[name][0]}?)" if meant[name] else name for name in unknown)
    found = (
        f"nothing reads {text}" if unknown else f"{len(KNOWN & environ.keys())} variables are set, all of them known"
    )
    return judged("configuration", found, bad=bool(unknown), remedy="correct the name, see docs/configuration.md")


def settings_file(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the file that holds the password can be read by its owner alone."""
    path = Path(environ.get(ENV_FILE) or DEFAULT_ENV_FILE)
    try:
        found = path.stat()
    except OSError:  # none, the usual case in production
        return
    if not stat.S_ISREG(found.st_mode):  # /dev/null stands for none
        return
    if (ours := system.user_id()) is None:  # rights are told otherwise here
        return
    # One of root's may be shared with the group that the worker runs as.
    exposed = found.st_mode & (OTHERS if found.st_uid == ours else OTHERS & 0o007)
    foreign = found.st_uid not in {ours, 0}
    whose = f", of user {found.st_uid}" if foreign else ""
    remedy = f"chmod 600 {path}" + (f" and chown {ours} {path}: its owner decides where events go" if foreign else "")
    text = f"{path}: mode {found.st_mode & 0o777:04o}{whose}"
    yield judged("settings file", text, bad=bool(exposed or foreign), remedy=remedy)


def delivery(settings: WorkerSettings) -> Finding:
    """Whether the switch is on."""
    found = "CREATOR_OS_DB_PERSIST is true" if settings.persist else "held: CREATOR_OS_DB_PERSIST is not true"
    remedy = "set CREATOR_OS_DB_PERSIST=true to deliver, and restart the worker"
    return judged("delivery", found, bad=not settings.persist, remedy=remedy)


def weaker_system() -> Iterator[Finding]:
    """What holds less on this system than the guarantees say."""
    for weakness in system.weaknesses():
        yield Finding(check="system", outcome="warn", found=weakness, remedy="read `outbox docs systems`")


def sqlite(version: tuple[int, int, int]) -> Finding:
    """Whether the library can do what the schema asks for."""
    found = ".".join(map(str, version))
    remedy = f"use a Python whose SQLite is {'.'.join(map(str, OLDEST_SQLITE))} or newer"
    return judged("sqlite", found, bad=version < OLDEST_SQLITE, remedy=remedy, outcome="fail")


def file_system(check: str, folder: Path, mounts: str | None = None) -> Finding:
    """Whether locks, shared memory and fsync can be relied on where `folder` is, and whether it outlives a restart.

    Args:
        check: name of the finding.
        folder: need not exist yet.
        mounts: instead of the kernel's own list, in its format.
    """
    if mounts is None:
        mounts = MOUNTS.read_text() if MOUNTS.exists() else ""
    kind = _kind(folder.resolve(), mounts)
    if kind is None:
        return Finding(check=check, outcome="ok", found="unknown: this system does not list its mounts")
    if kind.startswith(NETWORK):
        remedy = "move it to a local disk: locks and fsync do not hold on a network file system (docs/guarantees.md)"
        return Finding(check=check, outcome="warn", found=f"{kind}: a network or shared file system", remedy=remedy)
    remedy = "put it on a disk or a volume: what lies there is gone with the machine or the container"
    return judged(check, kind, bad=kind in VOLATILE, remedy=remedy)


def _kind(folder: Path, mounts: str) -> str | None:
    best: tuple[int, str] | None = None
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        point = Path(left.split()[4].encode().decode("unicode_escape"))
        if folder.is_relative_to(point) and (best is None or len(point.parts) >= best[0]):
            best = (len(point.parts), right.split()[0])
    return best[1] if best else None


def space(check: str, folder: Path) -> Finding:
    """Room on the disk of `folder`, which need not exist yet."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(there).free
    remedy = f"make room (df -h {there}): an append that finds none is refused"
    found = f"{free // 1024**2:,} MiB free in {folder}"
    outcome: Outcome = "fail" if free < NO_SPACE_BYTES else "warn"
    return judged(check, found, bad=free < LOW_SPACE_BYTES, remedy=remedy, outcome=outcome)


def inotify(folder: Path) -> Finding:
    """Whether the worker can be woken by the bell; without, it polls."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    libc: Any = ctypes.CDLL(None, use_errno=True) if sys.platform != "win32" else None
    if not hasattr(libc, "inotify_init1"):
        return Finding(check="inotify", outcome="ok", found="not on this system; watchdog uses what there is")
    watcher = libc.inotify_init1(0)
    if watcher < 0:
        return _no_inotify("instance", "fs.inotify.max_user_instances")
    try:
        modified = 0x2
        if libc.inotify_add_watch(watcher, os.fsencode(there), modified) < 0:
            return _no_inotify("watch", "fs.inotify.max_user_watches")
    finally:
        os.close(watcher)
    return Finding(check="inotify", outcome="ok", found="an instance and a watch can be had")


def _no_inotify(what: str, limit: str) -> Finding:
    name = errno.errorcode.get(ctypes.get_errno(), "?")
    remedy = f"sysctl {limit} (and `ulimit -n`) raised; until then events wait up to OUTBOX_POLL_SECONDS"
    return Finding(check="inotify", outcome="warn", found=f"no {what} can be had ({name})", remedy=remedy)
