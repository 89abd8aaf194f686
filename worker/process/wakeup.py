"""Wakes the relay: watching is a hint, reading is the truth.

A thread of watchdog sees the bell ring (one byte written beside the outbox file after each commit) and writes one
byte to a pipe (`hearing`); the relay waits on that pipe. Should a notification be lost, the wait ends by itself after
the poll interval. Should the directory not be watchable, the poll is all there is.

Signals go through the same pipe: setting a `threading.Event` in a signal handler can deadlock, writing a byte cannot.
"""

import os
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Self

from worker.process.hearing import Hearing
from worker.process.supervisor import Supervisor

STOP_WITHIN_SECONDS = 4.0


class StopAtOnce(BaseException):
    """Raised in the midst of whatever runs: the second signal, or the batch in hand took too long to finish."""


class Waker:
    """Waits for the bell, for a signal to stop, or for time to pass.

    Args:
        bell: the bell file; its directory is watched.
        supervisor: told that waiting is no hanging.
    """

    def __init__(self, bell: Path, supervisor: Supervisor | None = None) -> None:
        self._supervisor = supervisor or Supervisor({})
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._pipe = select.poll()
        self._pipe.register(self._read, select.POLLIN)
        self._hearing = Hearing(bell, self._write)
        self.stopping = False
        self.ended = False
        self.obeys_signals = False

    def __enter__(self) -> Self:
        self._hearing.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._hearing.close()
        os.close(self._read)
        os.close(self._write)

    def stop(self) -> None:
        """Ask the relay to finish the batch in hand and end."""
        self.stopping = True
        with suppress(BlockingIOError):
            os.write(self._write, b"s")

    def end(self) -> None:
        """The work is over: from now on no signal and no deadline interrupts what is left, which takes a moment."""
        self.ended = True
        if self.obeys_signals:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def wait_for_news(self, seconds: float) -> None:
        """Return when the bell rang since the last call, when asked to stop, or after `seconds`."""
        end = monotonic() + seconds
        while not self.stopping:
            self._supervisor.alive()
            left = end - monotonic()
            if left <= 0:
                self._hearing.nothing_heard()
                break
            if self._pipe.poll(min(left, self._supervisor.ping_every_seconds) * 1000):
                self._hearing.heard()
                break
        with suppress(BlockingIOError):
            while os.read(self._read, 4096):
                pass

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`, or when asked to stop; the bell does not shorten it."""
        end = monotonic() + seconds
        while not self.stopping and (left := end - monotonic()) > 0:
            self.wait_for_news(left)


@contextmanager
def stopped_by_signals(waker: Waker) -> Iterator[None]:
    """SIGTERM, SIGINT and SIGHUP: the first asks to stop and sets a deadline, a second (or the deadline) stops at once.

    SIGHUP is a terminal that was closed. It may come beside a SIGTERM, and twice by itself: it only ever asks. Signals
    reach the main thread alone: in any other of a program that calls us, it is the program's to end.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waker.obeys_signals = True

    def ask(number: int, _frame: FrameType | None) -> None:
        if waker.ended:
            return
        if waker.stopping:
            if number == signal.SIGHUP:
                return
            raise StopAtOnce
        waker.stop()
        signal.setitimer(signal.ITIMER_REAL, STOP_WITHIN_SECONDS)

    def enough(_number: int, _frame: FrameType | None) -> None:
        if not waker.ended:
            raise StopAtOnce

    asking = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # `nohup`: it was told to outlive its terminal
        asking.append(signal.SIGHUP)
    before = {number: signal.signal(number, ask) for number in asking}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, enough)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
