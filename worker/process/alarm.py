"""Interrupts the main thread after a while, whatever it does then.

By the system's timer, whose signal comes in the midst of a call that waits. If there is none (Windows), by a thread
that does what Ctrl-C does: a call that waits there is interrupted once it returns.
"""

import _thread
import signal
import threading

_HAS_TIMER = hasattr(signal, "setitimer")


class Alarm:
    """One at a time; what happens when it rings is the signal's handler to say.

    Attributes:
        SIGNAL: comes when it rings; without a timer that is SIGINT, and this is None.
    """

    SIGNAL: signal.Signals | None = getattr(signal, "SIGALRM", None) if _HAS_TIMER else None

    def __init__(self) -> None:
        self._is_set = False
        self._thread: threading.Timer | None = None

    def set(self, seconds: float) -> None:
        """Ring after `seconds`."""
        self.lift()
        self._is_set = True
        if _HAS_TIMER:
            signal.setitimer(signal.ITIMER_REAL, seconds)
        else:
            self._thread = threading.Timer(seconds, _thread.interrupt_main)
            self._thread.daemon = True
            self._thread.start()

    def lift(self) -> None:
        """Do not ring any more; a timer that somebody else has set is left alone."""
        if self._is_set and _HAS_TIMER:
            signal.setitimer(signal.ITIMER_REAL, 0)
        if self._thread is not None:
            self._thread.cancel()
            self._thread = None
        self._is_set = False
