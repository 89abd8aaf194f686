"""The line to the database: what psycopg's connection is to the relay, with a network in between that fails.

A pipeline is one round trip, or several where answers are read before it ends: its statements travel together, and
the server takes them one by one. So a line that is cut has let some of them through; where COMMIT was among them, it
is done and nobody says so. A line that is merely slow to die lets the rest through later, when the relay has long
given up on it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import psycopg
from psycopg.sql import Composable

from simulation.destination.names import name_of
from simulation.destination.refusals import lost, refusal
from simulation.destination.server import Session
from simulation.destination.statements import Rows
from simulation.faults import Fault
from simulation.kernel import Kernel, Process

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
        self._fds = (shut_fd, quiet_fd)
        self._pipeline: Sent | None = None
        self.closed = False
        self.info = SimpleNamespace(server_version=180000)
        # What travels together is never half sent, and its answers come when somebody asks for them.
        self.pgconn = SimpleNamespace(flush=lambda: 0, send_flush_request=lambda: None)

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
            sent, self._pipeline = self._pipeline, []
            self._trip(sent)

    def rollback(self) -> None:
        if self._is_dead():
            return
        if self.closed or not self.session.alive:
            self.closed = True
            raise lost()
        self.session.rollback()

    def close(self) -> None:
        if not self._is_dead():
            self.closed = True
            self.session.end()

    def fileno(self) -> int:
        return self._fds[self.session.alive]

    def _trip(self, sent: Sent) -> None:
        if self.closed:
            raise lost("the connection is closed")
        commits = any(name == "commit" for name, _, _ in sent)
        fault = self._kernel.pause("net.commit" if commits else "net.send")
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
                self._kernel.sleep(min((self._kernel.me or _nobody).deadlines, default=float("inf")) - self._kernel.now)
                self._lose(fault)
            case "refuse":
                self._execute(through[:-1])
                if self.session.transaction is not None:
                    self.session.transaction.failed = True
                if fault.sqlstate in _FATAL:
                    self.session.end()
                raise refusal(fault.sqlstate)
            case "slow":
                self._kernel.sleep(fault.seconds)
                self._execute(sent)
            case _:
                self._execute(sent)

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
        kernel.after(fault.seconds, lambda: kernel.spawn(late))
        self.closed = True
        raise lost()

    def _is_dead(self) -> bool:
        """Whether whoever holds this end was killed: then the server notices when it notices."""
        return self._kernel.me is not None and self._kernel.me.dead

    def _hang_up(self) -> None:
        self.closed = True
        self.session.end()


_nobody = Process("nobody", "network", None, lambda: None)
