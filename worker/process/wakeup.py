"""Wakes the relay: watching is a hint, reading is the truth.

A thread of watchdog sees the bell ring (one byte written beside the outbox file after each commit) and sends one byte
through a pair of sockets (`bell_watch`), on which the relay waits; not through a pipe, since Windows waits for sockets
alone. Should a notification be lost, the wait ends by itself after the poll interval. Should the bell not be
watchable, the poll is all there is.

Signals go through the same pair: setting a `threading.Event` in a signal handler can deadlock, writing a byte cannot.
"""

import selectors
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Self

from worker.process.alarm import Alarm
from worker.process.bell_watch import BellWatch
from worker.process.supervisor import Supervisor

STOP_WITHIN_SECONDS = 4.0
SIGHUP: signal.Signals | None = getattr(signal, "SIGHUP", None)  # Windows has none


class StopAtOnce(BaseException):
    """Raised in the midst of whatever runs: the second signal, or the batch in hand took too long to finish."""


class Waker:
    """Waits for the bell, for a signal to stop, or for time to pass.

    Args:
        bell: the bell file.
        supervisor: told that waiting is no hanging.
    """

    def __init__(self, bell: Path, supervisor: Supervisor | None = None) -> None:
        self._supervisor = supervisor or Supervisor({})
        self._read, self._write = socket.socketpair()
        self._read.settimeout(0)
        self._write.settimeout(0)
        self._rings = selectors.DefaultSelector()
        self._rings.register(self._read, selectors.EVENT_READ)
        self._bell_watch = BellWatch(bell, lambda: self._wake(b"b"))
        self._alarm = Alarm()
        self.stopping = False
        self.ended = False

    def __enter__(self) -> Self:
        self._bell_watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bell_watch.close()
        self._rings.close()
        self._read.close()
        self._write.close()

    def stop(self) -> None:
        """Ask the relay to finish the batch in hand and end."""
        self.stopping = True
        self._wake(b"s")

    def end(self) -> None:
        """The work is over: from now on no signal and no deadline interrupts what is left, which takes a moment."""
        self.ended = True
        self._alarm.lift()

    def wait_for_news(self, seconds: float) -> None:
        """Return when the bell rang since the last call, when asked to stop, or after `seconds`."""
        end = monotonic() + seconds
        while not self.stopping:
            self._supervisor.alive()
            left = end - monotonic()
            if left <= 0:
                self._bell_watch.nothing_heard()
                break
            if self._rings.select(min(left, self._supervisor.ping_every_seconds)):
                self._bell_watch.heard()
                break
        with suppress(BlockingIOError):
            while self._read.recv(4096):
                pass

    def stop_within(self, seconds: float) -> None:
        """End whatever runs then, with `StopAtOnce`; only if `stopped_by_signals` has set that up."""
        self._alarm.set(seconds)

    def _wake(self, by: bytes) -> None:
        with suppress(BlockingIOError):  # as many rings as the system keeps are unheard already
            self._write.send(by)

    def sleep(self, seconds: float, *, until: Callable[[], bool] = lambda: False) -> None:
        """Return after `seconds`, when asked to stop, or if `until` holds when the bell rings."""
        end = monotonic() + seconds
        while not self.stopping and not until() and (left := end - monotonic()) > 0:
            self.wait_for_news(left)


def _asking() -> Iterator[signal.Signals]:
    yield from (signal.SIGTERM, signal.SIGINT)
    if SIGHUP is not None and signal.getsignal(SIGHUP) is not signal.SIG_IGN:  # `nohup`: it outlives its terminal
        yield SIGHUP


@contextmanager
def stopped_by_signals(waker: Waker) -> Iterator[None]:
    """SIGTERM, SIGINT and SIGHUP: the first asks to stop and sets a deadline, a second (or the deadline) stops at once.

    SIGHUP is a terminal that was closed. It may come beside a SIGTERM, and twice by itself: it only ever asks. Signals
    reach the main thread alone: in any other of a program that calls us, it is the program's to end.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, _frame: FrameType | None) -> None:
        if waker.ended:
            return
        if waker.stopping:
            if number == SIGHUP:
                return
            raise StopAtOnce
        waker.stop()
        waker.stop_within(STOP_WITHIN_SECONDS)

    def enough(_number: int, _frame: FrameType | None) -> None:
        if not waker.ended:
            raise StopAtOnce

    before = {number: signal.signal(number, ask) for number in _asking()}
    if Alarm.SIGNAL is not None:
        before[Alarm.SIGNAL] = signal.signal(Alarm.SIGNAL, enough)
    try:
        yield
    finally:
        waker.end()
        for number, handler in before.items():
            signal.signal(number, handler)
