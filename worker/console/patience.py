"""A client that is slow to ask is not waited for.

uvicorn closes a connection that is idle between two requests; one that sends a request a byte at a time it would keep
for ever, and there are only so many connections. So a request has to be here in whole within a few seconds, and an
answer has to be taken.
"""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

SLOWEST_REQUEST_SECONDS = 10.0
SLOWEST_EXCHANGE_SECONDS = 60.0


class ImpatientProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, with a limit on how long a request and its answer may take."""

    request_seconds = SLOWEST_REQUEST_SECONDS
    exchange_seconds = SLOWEST_EXCHANGE_SECONDS
    _limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Each connection has to ask."""
        super().connection_made(transport)
        self._within(self.request_seconds)

    def data_received(self, data: bytes) -> None:
        """The limit runs from the first byte to the last, not from one to the next."""
        if self._limit is None:
            self._within(self.request_seconds)
        super().data_received(data)
        if self.conn.their_state is not h11.SEND_BODY and self.conn.our_state is not h11.IDLE:
            self._within(self.exchange_seconds)

    def on_response_complete(self) -> None:
        """Between two requests uvicorn's own limit holds."""
        self._within(None)
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is left to end."""
        self._within(None)
        super().connection_lost(exc)

    def _within(self, seconds: float | None) -> None:
        if self._limit is not None:
            self._limit.cancel()
        # Aborted, not closed: what it does not take would be kept for it.
        self._limit = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)
