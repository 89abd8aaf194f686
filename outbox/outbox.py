"""The outbox: one SQLite file, opened by any number of processes at once."""

from __future__ import annotations

import datetime as dt
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from uuid import UUID

from outbox import tracing
from outbox.catalogue.contract import check
from outbox.clock import Clock, SystemClock
from outbox.errors import OutboxError
from outbox.files import known_files
from outbox.files.confined import confined
from outbox.files.publish import commit
from outbox.files.recovery import Recovered, recover
from outbox.files.staging import Staging, StagingOwner, inode_of
from outbox.files.unit import Result, Unit
from outbox.log import descriptors, log
from outbox.log.bell import Bell
from outbox.log.checkpoint import checkpoint, is_due, keep_small, look_after
from outbox.log.database import connect, is_in_memory, make_directory, not_found, refuse_a_further_name
from outbox.log.gate import DEFAULT_PATIENCE_SECONDS, Gate
from outbox.log.sqlite_errors import ours, translated
from outbox.log.transaction import write_transaction
from outbox.notes.attempts import Attempts
from outbox.notes.decisions import Decisions
from outbox.notes.parked import Parked
from outbox.notes.relay_state import RelayState
from outbox.paths import OutboxPaths
from outbox.settings import DEFAULT_PAYLOAD_LIMIT_BYTES
from outbox.stored import stored

if TYPE_CHECKING:
    from outbox.catalogue.event import Event
    from outbox.catalogue.event_types import Payload
    from outbox.files.known_files import KnownFile


# What nobody waits for may wait this long for another writer, who holds the gate for milliseconds.
UPKEEP_PATIENCE_SECONDS = 0.5
PAGE_EVENTS = 500
FOLLOW_EVERY_SECONDS = 0.1


class Outbox:
    """An append-only event log with the files that it publishes.

    Open it with `Outbox.open`; use it as a context manager. One object belongs to one thread at a time;
    processes and threads with objects of their own share the file freely.

    Attributes:
        path: the SQLite file.
        outbox_id: identity of this file, made with it.
        relay: what the relay remembers here.
        parked: the events that the database did not take.
        attempts: what a worker had in hand when it died.
        recovered: what `open` found left behind by a crash and mended.
        payload_limit_bytes: largest payload of one event.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        gate: Gate,
        bell: Bell,
        *,
        path: Path,
        content_root: Path | None,
        payload_limit_bytes: int,
        clock: Clock,
        file: descriptors.File,
    ) -> None:
        self.path = path
        self.connection = connection
        self.gate = gate
        self.relay = RelayState(connection, gate, clock)
        self.parked = Parked(connection, gate, clock)
        self.attempts = Attempts(connection, gate, clock)
        self.recovered = Recovered()
        self._paths = OutboxPaths(path)
        self._bell = bell
        self._root = content_root
        self._staging = Staging(content_root, self._as_owner) if content_root is not None else None
        self.payload_limit_bytes = payload_limit_bytes
        self.clock = clock
        self._settled: list[tuple[str, str]] = []
        self._newest = log.Newest()
        self._inode = inode_of(path)
        self._units_without_news = 0
        self._file = file
        self._closed = False
        row = connection.execute("select value from meta where key = 'outbox_id'").fetchone()
        self.outbox_id = stored(UUID, row and row[0])

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        content_root: Path | str | None = None,
        create: bool = True,
        payload_limit_bytes: int = DEFAULT_PAYLOAD_LIMIT_BYTES,
        patience_seconds: float = DEFAULT_PATIENCE_SECONDS,
        clock: Clock | None = None,
        lenient: bool = False,
        reading: bool = False,
    ) -> Outbox:
        """Open an outbox, make it if it is missing, and mend what a crash left behind.

        Args:
            path: the SQLite file.
            content_root: where files are published; None for one that appends and reads only.
            create: make the file if it is missing.
            payload_limit_bytes: largest payload of one event.
            patience_seconds: how long to wait for another writer before giving up.
            clock: tells the time; the machine's by default.
            lenient: to read and deliver, open it also if nothing can be written: what a crash left behind cannot be
                mended now (`recovered.postponed` says why), or the disk has no room even for SQLite's index of the
                WAL, and it is a copy in memory that was opened (`is_snapshot`).
            reading: nothing is going to be written: a full disk does not keep it from being read, to its newest event.

        Raises:
            OutboxNotFound: missing, and `create` is off.
            OutboxTooNew, OutboxCorrupt, OutboxBusy, StorageFull, StorageFailed: see `outbox.errors`.
        """
        paths = OutboxPaths.of(path)
        root = Path(content_root).absolute() if content_root is not None else None
        clock = clock or SystemClock()
        with translated(paths.database), ExitStack() as opened:
            if not paths.database.exists():
                if not create:
                    raise not_found(paths.database)
                make_directory(paths.database.parent)
            else:
                refuse_a_further_name(paths)
            gate = Gate(paths.gate, patience_seconds=patience_seconds)
            opened.callback(gate.close)
            bell = Bell(paths.bell)
            opened.callback(bell.close)
            connection, file = connect(paths, gate, clock, create=create, without_room=lenient, reading=reading)
            opened.callback(descriptors.leave, file)
            opened.callback(connection.close)
            box = cls(
                connection,
                gate,
                bell,
                path=paths.database,
                content_root=root,
                payload_limit_bytes=payload_limit_bytes,
                clock=clock,
                file=file,
            )
            if root is not None:
                box.recovered = box._recover(root, postpone=lenient)
            opened.pop_all()
        return box

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """One unit of work: its files and events become true together when the block ends.

        When it ends normally they survive SIGKILL and power loss. When it raises, none of them exists.

        Raises:
            StorageFull, StorageFailed, OutboxBusy: nothing of the unit was kept.
        """
        unit = self._new_unit()
        try:
            yield unit
            with translated(self.path):
                unit.result = self._commit(unit)
        except BaseException:
            self._let_go(unit)
            raise

    def append(self, *payloads: Payload) -> Result:
        """Append events as one unit of work."""
        # Nothing is staged, so an error leaves nothing to let go of: the shorter way.
        unit = self._new_unit()
        unit.drafts = [check(payload, limit_bytes=self.payload_limit_bytes) for payload in payloads]
        with translated(self.path):
            return self._commit(unit)

    def read(
        self,
        *,
        after: int = 0,
        limit: int = 500,
        event_type: str | None = None,
        aggregate_id: UUID | None = None,
        most_bytes: int | None = None,
    ) -> list[Event]:
        """Return up to `limit` events with a seq greater than `after`, in order.

        Args:
            after: the seq that the first one follows.
            limit: how many at most.
            event_type: only these.
            aggregate_id: only this aggregate's, along its chain.
            most_bytes: end before the payloads together are larger; one event always comes. Not for one aggregate.
        """
        with translated(self.path):
            return log.read(
                self.connection,
                after=after,
                limit=limit,
                event_type=event_type,
                aggregate_id=aggregate_id,
                most_bytes=most_bytes,
            )

    def events(
        self,
        *,
        after: int = 0,
        event_type: str | None = None,
        aggregate_id: UUID | None = None,
        follow: bool = False,
        pause: Callable[[float], None] = time.sleep,
    ) -> Iterator[Event]:
        """Yield the events with a seq greater than `after`, in order: those that are there, then those that come.

        The log is read a page at a time, and no transaction is open between two pages: a slow reader keeps nobody from
        cutting the WAL back. Each event comes once. After a crash go on from the last seq that you are done with.

        Args:
            after: the seq that the first one follows.
            event_type: only these.
            aggregate_id: only this aggregate's, along its chain.
            follow: then wait for each new one, for ever. A look at an unchanged log costs microseconds.
            pause: waits between two looks, seconds.
        """
        while True:
            newest = self.last_seq if follow else 0
            limit = sys.maxsize if aggregate_id is not None else PAGE_EVENTS  # a chain is walked from its end
            found = self.read(after=after, limit=limit, event_type=event_type, aggregate_id=aggregate_id)
            yield from found
            if found:
                after = found[-1].seq
            elif not follow:
                return
            else:
                after = max(after, newest)  # what was looked through for one type is not looked through again
                pause(FOLLOW_EVERY_SECONDS)

    def read_these(self, seqs: Sequence[int], *, most_bytes: int | None = None) -> list[Event]:
        """Return the events with these seqs that are there, in order; see `read` for `most_bytes`."""
        with translated(self.path):
            return log.read_these(self.connection, seqs, most_bytes=most_bytes)

    def at_hand(self, seq: int, *, whole: bool = False) -> bool:  # noqa: ARG002 - whatever it is
        """Whether an event can be read that is behind the position: the file has what there is."""
        return True

    def outlines(self, seqs: Sequence[int]) -> dict[int, log.Outline]:
        """Return the id, type, aggregate and refs of the events with these seqs that are there."""
        with translated(self.path):
            return log.outlines(self.connection, seqs)

    def tail(self, *, limit: int = 20, event_type: str | None = None) -> list[Event]:
        """Return the newest `limit` events, in order."""
        with translated(self.path):
            return log.read_before(self.connection, limit=limit, event_type=event_type)

    def event(self, seq: int) -> Event:
        """Return the event with this seq.

        Raises:
            EventNotFound: there is none.
        """
        with translated(self.path):
            return log.get(self.connection, seq)

    def decisions(self) -> Decisions:
        """Return what people decided about events."""
        return Decisions(self.connection)

    def now(self) -> dt.datetime:
        """Return the time of this outbox's clock, UTC."""
        return self.clock.now()

    @contextmanager
    def patience(self, seconds: float) -> Iterator[None]:
        """Within it, what is written gives up on another writer after so long."""
        (before,) = self.connection.execute("pragma busy_timeout").fetchone()
        self.connection.execute(f"pragma busy_timeout = {int(seconds * 1000):d}")
        try:
            with self.gate.patience(seconds):
                yield
        finally:
            self.connection.execute(f"pragma busy_timeout = {before:d}")

    def fault(self, error: Exception) -> Exception:
        """Return the error of ours that one of SQLite means; any other as it is."""
        return ours(self.path, error) if isinstance(error, sqlite3.Error) else error

    def holds(self, event_id: UUID) -> bool:
        """Whether an event with this id is in the log."""
        with translated(self.path):
            return log.holds(self.connection, event_id)

    @property
    def last_seq(self) -> int:
        """The seq of the newest event, 0 in an empty log."""
        with translated(self.path):
            return log.last_seq(self.connection)

    def files(self) -> Iterator[KnownFile]:
        """Yield every file that this outbox published or recorded."""
        with translated(self.path):
            yield from known_files.every(self.connection)

    def file(self, path: str, *, base: str = "") -> KnownFile | None:
        """Return what is known of one file."""
        with translated(self.path):
            return known_files.find(self.connection, path, base)

    def forget_file(self, path: str, *, base: str = "") -> None:
        """Drop what is known of a file that is gone."""
        with translated(self.path), write_transaction(self.connection, self.gate):
            known_files.forget(self.connection, path, base)

    def place_of(self, path: str) -> Path:
        """Return where a file that an event names lies on this machine.

        Raises:
            PathRefused: it would lie outside its folder.
        """
        row = self.connection.execute("select base from files where path = ? order by base limit 1", [path]).fetchone()
        if row is not None and row[0]:
            return confined(Path(row[0]), path)
        return confined(self._root or Path.cwd(), path)

    @property
    def is_snapshot(self) -> bool:
        """Whether this is a copy in memory, as the file was when the disk had no room to open it."""
        return is_in_memory(self.connection)

    def ring(self) -> None:
        """Wake every watcher: something other than an event changed."""
        self._bell.ring()

    def recover(self) -> Recovered:
        """Finish or sweep what dead processes left; `open` did so already."""
        if self._root is None:
            return Recovered()
        with translated(self.path):
            return recover(self.connection, self.gate, self._root, self._as_owner())

    def mend_parked(self) -> tuple[int, ...]:
        """Rebuild a parked list that cannot be; returns the seqs whose row was changed. See `Parked.mend`."""
        with translated(self.path):
            if not self.parked.impossible(limit=1):
                return ()
            position = self.relay.position
            return self.parked.mend(position.applied_seq if position is not None else self.last_seq)

    def checkpoint(self) -> int:
        """Move the WAL into the file and cut it back, if nobody is going to append soon.

        Returns:
            The size of the WAL afterwards, in bytes; large if a reader sits on it.
        """
        with translated(self.path):
            return checkpoint(self.connection, self.gate, self._paths)

    def keep_small(self) -> None:
        """Empty a WAL that has grown, for the next writers to write over; the worker does so every so many batches."""
        with translated(self.path):
            keep_small(self.connection, self.gate, self._paths)

    def close(self) -> None:
        """Close the file; what was published is noted first. Closing twice is allowed."""
        if self._closed:
            return
        self._closed = True
        with ExitStack() as closing:
            closing.callback(self.gate.close)
            closing.callback(self._bell.close)
            # The last one to close makes SQLite checkpoint. It does so with the file to itself, so this needs no
            # gate, and a reader closes at once also while some writer hangs.
            closing.callback(descriptors.leave, self._file)
            closing.callback(self.connection.close)
            if self._staging is not None:
                closing.callback(self._staging.close)
            if self._settled:
                try:
                    with translated(self.path), write_transaction(self.connection, self.gate):
                        known_files.settle(self.connection, self._settled)
                except OutboxError:
                    # On a full disk, or behind a hung writer, it is left out. The directory stays: what is written
                    # there tells recovery that these files are their users' by now.
                    if self._staging is not None:
                        self._staging.abandon()
                self._settled.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _as_owner(self) -> StagingOwner:
        return StagingOwner(str(self.outbox_id), self._inode, log.last_seq(self.connection))

    def _recover(self, root: Path, *, postpone: bool) -> Recovered:
        if not postpone:
            return recover(self.connection, self.gate, root, self._as_owner())
        try:
            with translated(self.path), self.gate.patience(UPKEEP_PATIENCE_SECONDS):
                return recover(self.connection, self.gate, root, self._as_owner())
        except OutboxError as exc:
            return Recovered(postponed=str(exc))

    def _new_unit(self) -> Unit:
        return Unit(
            connection=self.connection,
            root=self._root,
            staging=self._staging,
            payload_limit_bytes=self.payload_limit_bytes,
        )

    def _let_go(self, unit: Unit) -> None:
        """Drop what was staged; where the commit happened all the same, leave it for recovery to publish."""
        try:
            committed = unit.committed or any(
                file.temp is not None and known_files.is_staged(self.connection, file.temp)
                for file in unit.files.values()
            )
        except sqlite3.Error:  # the log cannot be asked: recovery can, later
            committed = True
        if not committed:
            unit.discard()
        elif self._staging is not None:
            self._staging.abandon()

    def _commit(self, unit: Unit) -> Result:
        result = commit(self.connection, self.gate, unit, self.clock.now(), self._settled, self._newest)
        if result.rows:
            self._bell.ring()
            if tracing.is_on():
                tracing.appended(result.appended)
            due = is_due(result.rows[0][0], result.rows[-1][0])
        else:  # its files are known again, or nothing was written
            self._units_without_news += 1
            due = is_due(self._units_without_news, self._units_without_news)
        if due:
            self._look_after()
        return result

    def _look_after(self) -> None:
        """Keep the WAL small. The unit is kept, whatever becomes of this: on a full disk the next 512th event tries."""
        with suppress(OutboxError, sqlite3.Error, OSError), self.gate.patience(UPKEEP_PATIENCE_SECONDS):
            look_after(self.connection, self.gate, self._paths)
