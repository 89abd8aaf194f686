"""Talks to systemd, if it started us: ready, alive, stopping. One datagram each; nothing to install.

READY is said once the outbox is ours: a database that is away is no reason to fail a start. WATCHDOG is said only by
the loop itself, when it begins a round or waits with good reason (nothing to do, an outage, held), never by a thread of
its own: a thread would go on saying that all is well beside a loop that hangs. An exchange with the database has a
deadline of its own, so the watchdog has only to be longer than the longest of these (see the sample unit).
"""

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic

PINGS_PER_TIMEOUT = 3


class Supervisor:
    """The service manager that listens at NOTIFY_SOCKET; none if it is not set.

    Args:
        environ: NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID as systemd sets them.
        heard_every_seconds: how often somebody else asks when the loop was last heard of (`alive_at`).
        clock: monotonic seconds.

    Attributes:
        ping_every_seconds: how long the loop may wait without a word; infinite if nobody listens.
        alive_at: when the loop last said that it is alive, or this was made.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        heard_every_seconds: float = float("inf"),
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._clock = clock
        self.alive_at = clock()
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        timeout = environ.get("WATCHDOG_USEC", "")
        ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watched = bool(address) and timeout.isdigit() and int(timeout) > 0 and ours
        watchdog = int(timeout) / 1e6 / PINGS_PER_TIMEOUT if watched else float("inf")
        self.ping_every_seconds = min(watchdog, heard_every_seconds)
        self._pinged_at = float("-inf")

    def ready(self) -> None:
        """The outbox is ours, and signals are heard."""
        self._tell("READY=1")

    def stopping(self) -> None:
        """On the way out."""
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """The loop goes round, or waits with good reason."""
        now = self.alive_at = self._clock()
        if now - self._pinged_at >= self.ping_every_seconds / 2:
            self._pinged_at = now
            self._tell("WATCHDOG=1")

    def _tell(self, state: str) -> None:
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.sendto(state.encode(), self._address)
