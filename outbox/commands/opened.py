"""Opens the outbox that the environment names, for a command."""

from __future__ import annotations

from outbox.outbox import Outbox
from outbox.settings import OutboxSettings


def opened(*, publish: bool = False, reading: bool = False) -> Outbox:
    """Open the outbox; it must exist.

    Args:
        publish: open it for files as well, which also mends what a crash left behind.
        reading: nothing is going to be written; then no room is needed either.
    """
    settings = OutboxSettings.from_env()
    return Outbox.open(
        settings.outbox_path,
        content_root=settings.content_root if publish else None,
        create=False,
        payload_limit_bytes=settings.payload_limit_bytes,
        reading=reading,
    )
