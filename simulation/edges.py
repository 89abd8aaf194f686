"""The edges of the real code: where it meets the disk, the clock, chance and other processes.

Nothing of what it decides is replaced. While a world runs, the calls that reach outside pass through here: each is
a step of the scheduler, a place to die at, and for a process that is dead already no more than a refusal.
"""

import datetime as dt
import errno
import os
import pkgutil
import random
import socket
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol
from uuid import UUID

from outbox import Event
from outbox.files.syncing import Sync
from outbox.log.bell import Bell
from outbox.log.database import _PRAGMAS
from outbox.log.gate import Gate
from simulation.invariants import the_file_is_opened_as_promised
from simulation.kernel import Kernel, Killed, Process
from simulation.late_sync import LateSync
from simulation.plan import Scenario
from worker.apply.fold import decode
from worker.apply.known import Decoded

_real = SimpleNamespace(
    **{
        name: getattr(os, name)
        for name in (
            "open",
            "close",
            "write",
            "pwrite",
            "fsync",
            "rename",
            "replace",
            "unlink",
            "mkdir",
            "rmdir",
            "ftruncate",
        )
    }
)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
AT_ONCE = 0.5
_CLOSED = sqlite3.connect(":memory:")
_CLOSED.close()


class Lent:
    """A connection to an outbox file that is used again by who opens it next: most of an opening is reading the schema.

    What is set to what it is already is not sent: SQLite would prepare all statements again. Nor is how long it waits
    for locks: all is one thread here, and whoever waited would wait in vain.
    """

    def __init__(self, real: sqlite3.Connection) -> None:
        self.real = real
        self.timeout_ms = 0
        self._settings: dict[str, str] = {}
        self._syncs: bool | None = None

    def pragma(self, sql: str) -> Any:
        """Run a pragma, or answer as SQLite would."""
        name, sets, value = _pragma(sql)
        if name == "busy_timeout":
            self.timeout_ms = int(value) if sets else self.timeout_ms
            return _Row((self.timeout_ms,))
        if sets:
            if self._settings.get(name) == value:
                return _Row(())
            self._settings[name], self._syncs = value, None
        return self.real.execute(sql)

    def syncs_commits(self) -> bool:
        """Whether a commit has the WAL fsynced."""
        if self._syncs is None:
            (synchronous,) = self.real.execute("pragma synchronous").fetchone()
            self._syncs = synchronous >= 2
        return self._syncs

    def is_as_opened(self) -> bool:
        """Whether nothing was set but what everybody sets who opens it."""
        return {f"pragma {name} = {value}" for name, value in self._settings.items()} <= set(_PRAGMAS)


@cache
def _pragma(sql: str) -> tuple[str, str, str]:
    return sql.removeprefix("pragma ").partition(" = ")


class _Row(tuple[Any, ...]):
    """The answer of a pragma that SQLite was not asked for."""

    __slots__ = ()

    def fetchone(self) -> Any:
        return self


class Host(Protocol):
    """What the edges ask a host: see `simulation.host`."""

    disk: Any
    log: Path
    idle: list[Any]

    def is_full(self) -> bool: ...

    def fsync(self, path: str) -> None: ...

    def wait_for_disk(self) -> None: ...

    def rang(self) -> None: ...


class World(Protocol):
    """What the edges ask a world: see `simulation.world`."""

    kernel: Kernel
    chance: random.Random
    scenario: Scenario

    def random_bytes(self, count: int) -> bytes: ...

    def log_changed(self, process: Process) -> None: ...

    def in_hand(self, process: Process, seq: int, event_id: UUID | None = None) -> None: ...

    def now(self) -> dt.datetime: ...


@contextmanager
def injected(world: World) -> Iterator[None]:
    """Lead every edge of the real code through `world` for the length of the block."""
    kernel = world.kernel
    with ExitStack() as patches:

        def put(target: str, value: Any) -> None:
            owner, _, name = target.rpartition(".")
            place = _place(owner)
            patches.callback(setattr, place, name, getattr(place, name))
            setattr(place, name, value)

        for name, function in _disk_calls(world).items():
            put(f"os.{name}", function)
        put("os.urandom", world.random_bytes)
        put("outbox.files.staging.secrets", SimpleNamespace(token_hex=lambda count: world.random_bytes(count).hex()))
        put("outbox.log.worker_lock.time", SimpleNamespace(sleep=kernel.sleep))
        # All of them are one process here: a descriptor that a process shares would outlive those that are killed.
        put("outbox.log.worker_lock.WorkerLock._is_ours_by_file", lambda _lock: True)
        put("outbox.log.put_back.take_up", lambda *_: False)
        put("outbox.log.database.refuse_a_second_wal", lambda *_, **__: None)
        put("outbox.outbox.Gate", _gate_class(kernel))
        put("outbox.outbox.Bell", _bell_class(kernel))
        put("outbox.files.staging.Syncing", _syncing_class(world))
        put(
            "outbox.log.database.sqlite3",
            SimpleNamespace(connect=_connecting(world), Connection=sqlite3.Connection),
        )
        put("tenacity.wait.random", world.chance)
        put("outbox.notes.audit.operator", lambda: "operator")
        for module in ("exchange", "ahead"):
            put(f"worker.carry.{module}.failpoints", SimpleNamespace(armed=True, reach=_in_hand(world)))
        put("worker.connect.deadline.threading", SimpleNamespace(Timer=_timer_class(kernel)))
        put("worker.connect.deadline.os", SimpleNamespace(dup=lambda fd: fd, close=lambda _fd: None))
        put("worker.connect.deadline.socket", _sockets())
        put("worker.faults.suspects.told_of_waits", _told_of_waits)
        put("worker.apply.together.decode", _decoded_together(world))
        put("worker.bus.forward.random", world.chance)
        put("worker.bus.log.BusLog.now", lambda _log: world.now())
        put("worker.bus.prove.LOOK_SECONDS", 4.0)
        if world.scenario.carrier is not None:
            put("worker.bus.frames.PART_BYTES", world.scenario.carrier.part_bytes)
        yield


@cache
def _place(name: str) -> Any:
    """Return the module, or the class in one, that has this name; looked up once, for every seed puts its own there."""
    return pkgutil.resolve_name(name)


def _disk_calls(world: World) -> dict[str, Callable[..., Any]]:
    """The system calls that change files; each may meet a full disk, and each is a place to die at."""
    kernel = world.kernel

    def enter(name: str, *, needs_room: bool = False) -> Process | None:
        me = kernel.me
        if me is None:
            return None
        kernel.pause(f"disk.{name}")
        if needs_room and me.host.is_full():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return me

    def opened(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        me = kernel.me
        if me is not None and flags & _WRITES:
            if me.dead:
                raise Killed
            if flags & os.O_EXCL:
                enter("create", needs_room=True)
        fd: int = _real.open(path, flags, mode, dir_fd=dir_fd)
        if me is not None:
            me.fds[fd] = os.fspath(path)
        return fd

    def closed(fd: int) -> None:
        me = kernel.me
        if me is not None:
            me.fds.pop(fd, None)
        _real.close(fd)

    def write(fd: int, data: Any) -> int:
        enter("write", needs_room=True)
        written: int = _real.write(fd, data)
        return written

    def pwrite(fd: int, data: Any, offset: int) -> int:
        if (me := kernel.me) is not None and me.dead:
            raise Killed
        written: int = _real.pwrite(fd, data, offset)
        return written

    def fsync(fd: int) -> None:
        me = enter("fsync")
        if me is None:
            _real.fsync(fd)
        else:
            me.host.fsync(me.fds[fd])

    def rename(source: Any, target: Any, **where: Any) -> None:
        me = enter("rename")
        if me is not None:
            kernel.judge(me.host.about_to_publish, os.fspath(target))
        _real.rename(source, target, **where)
        if me is not None:
            me.host.disk.renamed(os.fspath(source), os.fspath(target))
            kernel.judge(me.host.published, os.fspath(target))

    def named(name: str, *, needs_room: bool = False, judge: str | None = None) -> Callable[..., None]:
        def call(*args: Any, **kwargs: Any) -> None:
            me = enter(name, needs_room=needs_room)
            if me is not None and judge is not None:
                kernel.judge(getattr(me.host, judge), os.fspath(args[0]))
            getattr(_real, name)(*args, **kwargs)

        return call

    return {
        "open": opened, "close": closed, "write": write, "pwrite": pwrite, "fsync": fsync, "rename": rename,
        "replace": rename,
        "unlink": named("unlink", judge="about_to_unlink"), "rmdir": named("rmdir"), "ftruncate": named("ftruncate"),
        "mkdir": named("mkdir", needs_room=True),
    }  # fmt: skip


def _gate_class(kernel: Kernel) -> type[Gate]:
    class SimulatedGate(Gate):
        """A gate at which others may go first; inside, nobody is interrupted, only killed."""

        def enter(self) -> None:
            me = kernel.me
            if me is not None:
                kernel.pause("gate")
            super().enter()
            if me is not None:
                me.gates += 1

        def leave(self) -> None:
            super().leave()
            if (me := kernel.me) is not None:
                me.gates -= 1

    return SimulatedGate


def _bell_class(kernel: Kernel) -> type[Bell]:
    class SimulatedBell(Bell):
        """A bell that is heard, unless the notification is lost."""

        def ring(self) -> None:
            super().ring()
            me = kernel.me
            if me is not None and kernel.step("bell") is None:
                me.host.rang()

    return SimulatedBell


def _syncing_class(world: World) -> type:
    class SimulatedSyncing:
        """At once, or as late as may be: chance says what a thread would have got done."""

        def start(self, fd: int, path: Path) -> Sync:
            sync = LateSync(fd, path)
            if world.chance.random() < AT_ONCE:
                sync.settle()
            return sync

        def close(self) -> None:
            """There is no thread to end."""

    return SimulatedSyncing


def _connecting(world: World) -> Callable[..., Any]:
    kernel = world.kernel

    class SimulatedLog:
        """SQLite itself; what is added is that one may die, be interrupted, or find the disk full."""

        def __init__(self, lent: Lent, host: Host) -> None:
            self._lent = lent
            self._real = lent.real
            self._host = host
            self._is_looked_at = False

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

        def execute(self, sql: str, parameters: Any = (), /) -> Any:
            me = kernel.me
            if me is None:
                return self._real.execute(sql, parameters)
            if me.dead:
                raise Killed
            if sql == "commit":
                return self._commit(me)
            if me.gates == 0 and sql.startswith("select"):
                kernel.pause("log.read")
            elif sql.startswith("pragma"):
                return self._lent.pragma(sql)
            return self._real.execute(sql, parameters)

        def close(self) -> None:
            """Also for the dead: the operating system does it for them. A whole connection goes back to its host."""
            real, self._real = self._real, _CLOSED
            me = kernel.me
            if real is _CLOSED:
                return
            if me is None or me.dead or real.in_transaction or not self._lent.is_as_opened():
                real.close()
            else:
                self._host.idle.append(self._lent)

        def _commit(self, me: Process) -> sqlite3.Cursor:
            fault = kernel.step("log.commit")
            kind = fault.kind if fault is not None else None
            me.host.disk.log_begins()
            if me.host.is_full():
                raise _sqlite_error("database or disk is full", sqlite3.SQLITE_FULL)
            me.host.wait_for_disk()
            if not self._is_looked_at:  # as long as it is open, nobody else can change that
                kernel.judge(the_file_is_opened_as_promised, *self._real.execute("pragma journal_mode").fetchone())
                self._is_looked_at = True
            cursor = self._real.execute("commit")
            if kind == "power":  # the frames were on their way to the disk
                kernel.die()
            if self._lent.syncs_commits():
                me.host.disk.log_synced()
            world.log_changed(me)
            if kind == "unsure":
                raise _sqlite_error("disk I/O error", sqlite3.SQLITE_IOERR)
            kernel.step("log.committed")
            return cursor

    def connect(path: Any, **options: Any) -> Any:
        me = kernel.me
        if me is None or path != me.host.log:
            return sqlite3.connect(path, **options)
        lent = me.host.idle.pop() if me.host.idle else Lent(sqlite3.connect(path, **{**options, "timeout": 0.0}))
        lent.timeout_ms = int(options["timeout"] * 1000)
        connection = SimulatedLog(lent, me.host)
        me.belongings.append(connection)
        return connection

    return connect


def _sqlite_error(words: str, code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(words)
    error.sqlite_errorcode = code
    return error


def _in_hand(world: World) -> Callable[[str], None]:
    def reach(name: str) -> None:
        if (me := world.kernel.me) is not None:
            world.in_hand(me, int(name.partition(".")[2]))

    return reach


def _decoded_together(world: World) -> Callable[[Sequence[Event]], list[Decoded]]:
    def decoded(events: Sequence[Event]) -> list[Decoded]:
        if (me := world.kernel.me) is not None:
            for event in events:
                world.in_hand(me, event.seq, event.event_id)
        return decode(events)

    return decoded


@contextmanager
def _told_of_waits(line: Any, told: Callable[..., None]) -> Iterator[None]:
    line.on_wait = told
    try:
        yield
    finally:
        line.on_wait = None


def _timer_class(kernel: Kernel) -> type:
    class VirtualTimer:
        """A deadline in virtual time: what it is set for happens while nobody runs."""

        daemon = False

        def __init__(self, seconds: float, function: Callable[[], None]) -> None:
            self._seconds = seconds
            self._function = function
            self._is_off = False

        def start(self) -> None:
            kernel.after(self._seconds, self._fire)

        def cancel(self) -> None:
            self._is_off = True

        def _fire(self) -> None:
            if not self._is_off:
                self._function()

    return VirtualTimer


def _sockets() -> SimpleNamespace:
    """What `socket` is to a deadline: the descriptor of a line leads to what its kernel knows, and to its end."""
    names = ("TCP_INFO", "IPPROTO_TCP", "SHUT_RDWR")
    return SimpleNamespace(socket=lambda fileno: fileno.line.wire, **{name: getattr(socket, name) for name in names})
