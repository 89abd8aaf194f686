"""Looks at the outbox file now and then, in a thread of its own, and sends what is news to those of OUTBOX_NOTIFY.

The relay knows nothing of it and never waits for it. An address is a secret: it is in no log line, error or file.
"""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import apprise
import msgspec

from outbox import Outbox, OutboxError, OutboxPaths, read_status
from outbox.operating import translated
from outbox.relaying import as_owner_of
from worker.errors import SettingsFault
from worker.logs import get_log
from worker.notify.news import OUTAGE_AFTER_SECONDS, Message, Sent, news

LOOK_EVERY_SECONDS = 10.0
_LONGEST_PAUSE_LOOKS = 64  # between two tries at an address that does not take a message
_LAST_LOOK_SECONDS = 3.0  # the worker has to end within five
_MODE = 0o600


@dataclass(slots=True)
class _Recipient:
    """One address. `key` names it in the file without giving it away."""

    key: str
    address: apprise.Apprise
    sent: Sent
    failed: int = 0
    pause: int = 0


@contextmanager
def notifying(
    outbox: Path,
    addresses: Sequence[str],
    *,
    look_every_seconds: float = LOOK_EVERY_SECONDS,
    outage_after_seconds: float = OUTAGE_AFTER_SECONDS,
) -> Iterator[None]:
    """Send messages while the block runs, and once more at its end.

    Args:
        outbox: the outbox file.
        addresses: URLs as Apprise has them.
        look_every_seconds: how often to look.
        outage_after_seconds: how long an outage lasts before it is reported.

    Raises:
        SettingsFault: an address is none that Apprise knows; it is named by its place, not by its text.
    """
    asset = apprise.AppriseAsset(app_id="creatoros-outbox", secure_logging=True, async_mode=False)
    recipients = []
    known = _read(OutboxPaths.of(outbox).notified)
    for place, url in enumerate(addresses, start=1):
        address = apprise.Apprise(asset=asset)
        if not address.add(url):
            raise SettingsFault(
                f"OUTBOX_NOTIFY: address {place} of {len(addresses)} is none that Apprise knows (it is not shown: it "
                "may hold a secret); see docs/operations.md#being-told"
            )
        key = hashlib.sha256(url.encode()).hexdigest()[:16]
        recipients.append(_Recipient(key, address, known.get(key, Sent())))
    watch = _Watch(outbox, recipients, outage_after_seconds)
    ended = threading.Event()
    thread = threading.Thread(target=watch.until, args=(ended, look_every_seconds), name="outbox-notify", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(_LAST_LOOK_SECONDS)


class _Watch:
    def __init__(self, outbox: Path, recipients: list[_Recipient], outage_after_seconds: float) -> None:
        self._outbox = outbox
        self._recipients = recipients
        self._outage_after_seconds = outage_after_seconds
        self._log = get_log()

    def until(self, ended: threading.Event, every_seconds: float) -> None:
        """Look now and then, and once more at the end: a worker that gives up says why in the file."""
        while not ended.wait(every_seconds):
            self._look()
        self._look()

    def _look(self) -> None:
        # A file that cannot be read now is for `outbox status` and the metrics to tell.
        with (
            suppress(OutboxError, OSError),
            translated(self._outbox),
            Outbox.open(self._outbox, create=False, reading=True) as box,
        ):
            status = read_status(box, box.clock.now())
            for one in self._recipients:
                if one.pause > 0:
                    one.pause -= 1
                    continue
                messages = news(box, status, one.sent, outage_after_seconds=self._outage_after_seconds)
                self._send_all(one, messages, box)

    def _send_all(self, one: _Recipient, messages: Iterator[Message], box: Outbox) -> None:
        for message in messages:
            if not _sent(one.address, message):
                one.failed += 1
                one.pause = min(_LONGEST_PAUSE_LOOKS, 2**one.failed)
                if one.failed == 1:  # a log line when it begins, not one a try
                    self._log.warning("notify.failed", kind=message.kind, recipient=one.key)
                return
            one.failed, one.sent = 0, message.then
            self._log.info("notify.sent", kind=message.kind, recipient=one.key)
            _write(OutboxPaths(box.path), {other.key: other.sent for other in self._recipients})


def _sent(address: apprise.Apprise, message: Message) -> bool:
    title = f"outbox on {socket.gethostname()}: {message.title}"
    try:
        return bool(address.notify(body=message.text, title=title, body_format=apprise.NotifyFormat.TEXT))
    except Exception:  # noqa: BLE001 - a service's plugin raises what it likes, with the address in its text
        return False


def _read(path: Path) -> dict[str, Sent]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Sent])
    except (OSError, msgspec.MsgspecError):
        return {}


def _write(paths: OutboxPaths, sent: dict[str, Sent]) -> None:
    """Keep what was sent, whole or not at all. On a full disk it is not kept, and sent once more after a restart."""
    new = paths.notified.with_name(paths.notified.name + ".new")
    with suppress(OSError):
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(sent))
            as_owner_of(paths.database, file.fileno())
        new.replace(paths.notified)
