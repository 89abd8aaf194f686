"""The line to the database: what psycopg's connection is to the relay, with a network in between that fails.

A pipeline is one round trip, or several where answers are read before it ends: its statements travel together, and
the server takes them one by one. So a line that is cut has let some of them through; where COMMIT was among them, it
is done and nobody says so. A line that is merely slow to die lets the rest through later, when the relay has long
given up on it.
"""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Self

import psycopg
from psycopg.sql import Composable

from simulation.destination.names import name_of
from simulation.destination.refusals import lost, refusal
from simulation.destination.server import Session
from simulation.destination.statements import Rows
from simulation.faults import Fault
from simulation.kernel import Kernel, Process, Violation

_FATAL = frozenset({"57P01", "57P02", "57P03", "25P03", "08006"})


class Answer:
    """A cursor.

    Args:
        flush: sends what a pipeline has gathered; called where rows are read that are not there yet.
    """

    def __init__(self, flush: Callable[[], None]) -> None:
        self._flush = flush
        self._rows: Rows = []
        self.rowcount = -1

    def fill(self, rows: Rows) -> None:
        self._rows, self.rowcount = list(rows), len(rows)

    def fetchone(self) -> tuple[Any, ...] | None:
        self._wait()
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> Rows:
        self._wait()
        rows, self._rows = self._rows, []
        return rows

    def _wait(self) -> None:
        if self.rowcount < 0:
            self._flush()

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        yield from self.fetchall()


Sent = list[tuple[str, Any, Answer]]


class Descriptor(int):
    """A file descriptor that a deadline finds its line by."""

    line: "Line"


class Wire:
    """The bytes of a line, as the kernel of its host knows them: when some moved last, and whether it is shut down.

    Attributes:
        moved_at: when the last byte moved.
        moves_until: until when bytes move, slowly.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.moved_at = kernel.now
        self.moves_until = 0.0
        self.is_shut = False

    def getsockopt(self, _level: int, _option: int, size: int) -> bytes:
        """As `TCP_INFO` has it: milliseconds since bytes moved, in every place where it tells of that."""
        now = self._kernel.now
        since = now - max(self.moved_at, min(now, self.moves_until))
        return struct.pack("=I", int(since * 1000)) * (size // 4)

    def shutdown(self, _how: int) -> None:
        """End the wait for it from outside.

        Raises:
            Violation: bytes move.
        """
        if self._kernel.now < self.moves_until:
            raise Violation("a_slow_line_is_not_cut", f"{self.moves_until - self._kernel.now:.0f} s before the end")
        self.is_shut = True

    def close(self) -> None:
        """There is nothing to give back."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class Line:
    """One connection.

    Args:
        session: at the other end.
        kernel: whose time it takes.
        quiet_fd: a descriptor that never has anything to say.
        shut_fd: one that always has: the other side hung up.
    """

    def __init__(self, session: Session, kernel: Kernel, *, quiet_fd: int, shut_fd: int) -> None:
        self.session = session
        self._kernel = kernel
        self._fds = (Descriptor(shut_fd), Descriptor(quiet_fd))
        for fd in self._fds:
            fd.line = self
        self.wire = Wire(kernel)
        self._pipeline: Sent | None = None
        self.closed = False
        self.on_wait: Callable[..., None] | None = None
        self.info = SimpleNamespace(server_version=180000)
        # What travels together is never half sent, and its answers come when somebody asks for them.
        self.pgconn = SimpleNamespace(flush=lambda: 0, send_flush_request=self._hand_over)
        self._handed_over = 0

    def execute(self, text: str | Composable, values: Any = None) -> Answer:
        answer = Answer(self._flush)
        if self._pipeline is not None:
            self._pipeline.append((name_of(text), values, answer))
        else:
            self._trip([(name_of(text), values, answer)])
        return answer

    @contextmanager
    def pipeline(self) -> Iterator[None]:
        self._pipeline = []
        try:
            yield
            sent = self._pipeline
        finally:
            self._pipeline = None
        self._trip(sent)

    def _flush(self) -> None:
        if self._pipeline is not None:
            sent, self._pipeline, self._handed_over = self._pipeline, [], 0
            self._trip(sent)

    def rollback(self) -> None:
        if self._is_dead():
            return
        if self.closed or not self.session.alive:
            self.closed = True
            raise lost()
        self.session.rollback()

    def _hand_over(self) -> None:
        """What was gathered so far is the network's; it arrives, whatever becomes of this end."""
        self._handed_over = len(self._pipeline or ())

    def close(self) -> None:
        if self._is_dead():
            return
        self.closed = True
        on_its_way = (self._pipeline or [])[: self._handed_over]
        if on_its_way and self.session.alive:
            self._arrives_late(on_its_way, 0.0)
        else:
            self.session.end()

    def fileno(self) -> int:
        return self._fds[self.session.alive]

    def _trip(self, sent: Sent) -> None:
        if self.closed:
            raise lost("the connection is closed")
        if self.on_wait is None:
            self._and_back(sent)
            return
        self.on_wait(begins=True)
        try:
            self._and_back(sent)
        finally:
            self.on_wait(begins=False)

    def _and_back(self, sent: Sent) -> None:
        commits = any(name == "commit" for name, _, _ in sent)
        fault = self._kernel.pause("net.commit" if commits else "net.send")
        self.wire.moved_at = self._kernel.now
        try:
            self._run(sent, fault)
        except Exception as error:
            if not self.session.alive or getattr(error, "sqlstate", None) in _FATAL:
                self._hang_up()
            raise
        self._kernel.pause("net.answer")

    def _run(self, sent: Sent, fault: Fault | None) -> None:
        if fault is None:
            self._execute(sent)
            return
        through = sent[: int(fault.at * (len(sent) + 1))]
        match fault.kind:
            case "cut":
                self._execute(through)
                self._lose(fault)
            case "late":
                self._execute(through)
                self._deliver_later(sent[len(through) :], fault)
            case "hang":
                self._execute(through)
                self._wait(float("inf"))
                self._lose(fault)
            case "refuse":
                self._execute(through[:-1])
                if self.session.transaction is not None:
                    self.session.transaction.failed = True
                if fault.sqlstate in _FATAL:
                    self.session.end()
                raise refusal(fault.sqlstate)
            case "slow":
                self._wait(fault.seconds)
                if self.wire.is_shut:
                    self._lose(fault)
                self._execute(sent)
            case "trickle":
                self.wire.moves_until = self._kernel.now + fault.seconds
                for statement in sent:
                    self._kernel.sleep(fault.seconds / len(sent))
                    self._execute([statement])
            case _:
                self._execute(sent)

    def _wait(self, seconds: float) -> None:
        """Nothing moves for so long, or until somebody ends the wait from outside."""
        self._kernel.sleep(seconds, lambda: self.wire.is_shut)

    def _execute(self, sent: Sent) -> None:
        for name, values, answer in sent:
            answer.fill(self.session.run(name, values))

    def _lose(self, fault: Fault) -> None:
        """The line is gone; the server notices at once, or only after a while."""
        self.closed = True
        if fault.seconds and self.session.transaction is not None:
            self._kernel.after(fault.seconds, self.session.end)
        else:
            self.session.end()
        raise lost()

    def _deliver_later(self, rest: Sent, fault: Fault) -> None:
        self._arrives_late(rest, fault.seconds)
        self.closed = True
        raise lost()

    def _arrives_late(self, rest: Sent, seconds: float) -> None:
        """What is on its way arrives when nobody waits for it any more."""
        session, kernel = self.session, self._kernel

        def arrive() -> None:
            try:
                for name, values, _ in rest:
                    session.run(name, values)
            except psycopg.Error:  # the server refused it, and there is nobody to tell
                self._kernel.tell("what came late was refused")
            finally:
                session.end()

        late = Process(f"late-{kernel.steps}", "network", None, arrive)
        kernel.after(seconds, lambda: kernel.spawn(late))

    def _is_dead(self) -> bool:
        """Whether whoever holds this end was killed: then the server notices when it notices."""
        return self._kernel.me is not None and self._kernel.me.dead

    def _hang_up(self) -> None:
        self.closed = True
        self.session.end()
