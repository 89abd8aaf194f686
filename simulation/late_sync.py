"""An fsync that is done when somebody waits for it, and not before: the worst that a thread may do."""

from outbox.files.syncing import Sync


class LateSync(Sync):
    """Runs in the thread of whoever waits for it."""

    __slots__ = ()

    def settle(self) -> None:
        if self._over.locked():
            self.run()
