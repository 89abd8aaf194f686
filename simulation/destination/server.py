"""The database: sessions with transactions, which come and go, and what happens to them when the line is cut."""

from typing import Any, Protocol
from uuid import UUID

from simulation.declared import TABLES
from simulation.destination import carried
from simulation.destination.locks import Locks, keys_of
from simulation.destination.refusals import lost, refusal
from simulation.destination.statements import HANDLERS, Rows
from simulation.destination.tables import Tables, Transaction
from simulation.kernel import Kernel, Process

SCHEMA_VERSION = 1
KEPT = "kept"
# What the catalogue says then, and what the statements of the relay are answered with.
_HIDDEN: dict[str, Rows] = {
    "projection.find_minds": [],
    "obstacles.hidden_rows": [("minds", "row level security on public.minds shows no row", "create policy …")],
}
_BEHIND: dict[str, Rows] = {
    "obstacles.sequences": [("public.tags", "tags", "id", "public.tags_id_seq", 5, 1, 2**63 - 1, False, ["tags_pkey"])],
    "select max": [(9,)],
}
# Asked after the sequence, which somebody has set right meanwhile.
_SET_RIGHT: Rows = [(4,)]
_TITLES = {kind: table.title for kind, table in TABLES.items() if table.title is not None}


class Committed(Protocol):
    """Told of every transaction that took effect."""

    def __call__(self, server: "Server", client: Process | None, transaction: Transaction) -> None: ...


class Server:
    """A database in memory.

    Args:
        kernel: whose time it lives in.
        destination_id: its identity.
        committed: told of every commit.

    Attributes:
        tables: what is committed.
        down_until: nobody is let in before.
        started: when it was started last.
        refused: marks in titles that somebody's trigger refuses, with the SQLSTATE; KEPT: it lets the statement pass
            and keeps the row as it was.
        hides_minds: a policy shows no mind to anybody.
        sequence_is_behind: new tags get ids that are taken.
        refuse_all: a SQLSTATE that every row is refused with: somebody broke a trigger.
        restored: how often it was put back to an earlier moment.
        strange_path: the login brings a search path along in which somebody else's functions come first.
        slow: marks in titles whose rows take that many seconds to write.
        tables_locked_until: a migration holds the content tables; whoever writes waits.
    """

    def __init__(self, kernel: Kernel, destination_id: UUID, committed: Committed) -> None:
        self.kernel = kernel
        self.destination_id = destination_id
        self.tables = Tables()
        self.down_until = self.started = 0.0
        self.refused: dict[str, str] = {}
        self.refuse_all: str | None = None
        self.hides_minds = False
        self.sequence_is_behind = False
        self.restored = 0
        self.strange_path = False
        self.slow: dict[str, float] = {}
        self.tables_locked_until = 0.0
        self.sessions: list[Session] = []
        self.committed = committed
        self.locks = Locks(kernel.sleep)

    @property
    def keeps(self) -> list[str]:
        """The marks in titles whose rows are kept as they were."""
        return [mark for mark, sqlstate in self.refused.items() if sqlstate == KEPT]

    def connect(self, client: Process | None) -> "Session":
        """Open a session.

        Raises:
            psycopg.Error: the server is down.
        """
        if self.kernel.now < self.down_until:
            raise lost("connection failed: Connection refused")
        session = Session(self, client)
        self.sessions.append(session)
        return session

    def restart(self, seconds: float) -> None:
        """End every session, and let nobody in for a while; what was not committed is gone."""
        self.down_until = self.started = self.kernel.now + seconds
        for session in list(self.sessions):
            session.end()

    def waits_for_a_lock(self, host: Any) -> bool:
        """Whether somebody of this host waits until the tables are free."""
        return any(one.is_waiting and one.client is not None and one.client.host is host for one in self.sessions)

    def restore(self, tables: Tables) -> None:
        """Go back to an earlier moment, as from a backup."""
        self.restart(0.0)
        self.tables = tables.copy()
        self.restored += 1


class Session:
    """One session of a client.

    Attributes:
        alive: the server still knows it.
        is_waiting: for the tables to be free.
    """

    def __init__(self, server: Server, client: Process | None) -> None:
        self.server = server
        self.client = client
        self.alive = True
        self.is_waiting = False
        self.transaction: Transaction | None = None

    def run(self, name: str, values: Any) -> Rows:
        """Run one statement.

        Raises:
            psycopg.Error: it is refused, or the session was ended.
        """
        self._must_live()
        if name.startswith("begin"):
            self.transaction = self._begun(snapshot="repeatable read" in name)
            return []
        if name == "commit":
            self._commit()
            return []
        if name == "rollback":
            self.rollback()
            return []
        if name == "select 1":
            return [(1,)]
        if self.transaction is None:
            self.transaction = self._begun()
            try:
                rows = self._run(name, values)
                self._commit()
            finally:
                self.rollback()
            return rows
        return self._run(name, values)

    def rollback(self) -> None:
        """End the transaction, if there is one, without a trace."""
        self.transaction = None
        self.server.locks.release(self)

    def end(self) -> None:
        """The server ends the session, or notices that nobody is there any more."""
        self.rollback()
        self.alive = False
        if self in self.server.sessions:
            self.server.sessions.remove(self)

    def _begun(self, *, snapshot: bool = False) -> Transaction:
        server = self.server
        return Transaction(server.tables, server.kernel.now, destination_id=server.destination_id, snapshot=snapshot)

    def _must_live(self) -> None:
        if not self.alive:
            raise refusal("57P01")

    def _run(self, name: str, values: Any) -> Rows:
        tx = self.transaction
        assert tx is not None
        if tx.failed:
            raise refusal("25P02")
        try:
            keys = keys_of(name, values, lambda table, key: tx.get(table, key) is not None)
            if keys and keys[0][0] not in {"sources", "streams"}:
                self._wait_for_the_tables(tx)
            self.server.locks.take(self, keys, tx.lock_timeout_seconds, lambda: self.alive)
            self._must_live()
            if name == "relay.destination":
                return [(self.server.destination_id, SCHEMA_VERSION)]
            if name == "relay.server_run":  # it never crashes: it is stopped and started
                return [(self.server.started, None)]
            return self._checked(name, values, tx)
        except Exception:
            tx.failed = True
            raise

    def _wait_for_the_tables(self, tx: Transaction) -> None:
        kernel, until = self.server.kernel, self.server.tables_locked_until
        if kernel.now < until:
            self.is_waiting = True
            try:
                kernel.sleep(min(tx.lock_timeout_seconds, until - kernel.now), lambda: not self.alive)
            finally:
                self.is_waiting = False
            self._must_live()
            if kernel.now < until:
                raise refusal("55P03")

    def _checked(self, name: str, values: Any, tx: Transaction) -> Rows:
        if self.server.hides_minds and name in _HIDDEN:
            return list(_HIDDEN[name])
        if self.server.sequence_is_behind and name in _BEHIND:
            return list(_BEHIND[name])
        if name == "select max":
            return list(_SET_RIGHT)
        before = len(tx.writes)
        there = dict(tx.writes) if self.server.keeps else {}
        rows = (HANDLERS.get(name) or carried.HANDLERS[name])(tx, values)
        if name == "projection.add_tags" and self.server.sequence_is_behind and len(tx.writes) > before:
            raise refusal("23505", constraint="tags_pkey", table="tags")
        if self.server.keeps:
            self._keep(tx, there)
        if not name.startswith(("projection.insert_", "projection.update_")):
            return rows
        _, _, verb = name.partition(".")
        kind = verb.partition("_")[2].removesuffix("s")
        if kind in TABLES:
            fresh = list(tx.writes.items())[before:] if verb.startswith("insert_") else None
            self._refuse(kind, tx, fresh)
            self._take_time(kind, tx, fresh)
            if kind in _TITLES and self.server.strange_path and not tx.has_our_settings:
                self._misread(kind, tx, there)
        return rows

    def _take_time(self, kind: str, tx: Transaction, fresh: Any) -> None:
        """Some rows are slow to write: large ones, with many indexes."""
        title = _TITLES.get(kind)
        if title is None:
            return
        titles = [row[title] for (table, _), row in fresh or tx.writes.items() if table == kind and row is not None]
        needed = sum(seconds for mark, seconds in self.server.slow.items() for title in titles if mark in title)
        if needed:
            self.server.kernel.sleep(min(needed, tx.statement_timeout_seconds), lambda: not self.alive)
            self._must_live()
        if needed > tx.statement_timeout_seconds:
            raise refusal("57014")

    def _misread(self, kind: str, tx: Transaction, there: dict[Any, Any]) -> None:
        """Functions of somebody else were found first, and gave something else."""
        for key, row in list(tx.writes.items()):
            if key[0] == kind and row is not None and row is not there.get(key):
                tx.writes[key] = {**row, _TITLES[kind]: row[_TITLES[kind]].swapcase()}

    def _keep(self, tx: Transaction, there: dict[Any, Any]) -> None:
        """Triggers that let a statement pass and keep the row as it was."""
        marks = self.server.keeps
        for key, row in list(tx.writes.items()):
            title = _TITLES.get(key[0])
            if title is None or row is None or row is there.get(key) or not any(mark in row[title] for mark in marks):
                continue
            if key in there:
                tx.writes[key] = there[key]
            else:
                del tx.writes[key]

    def _refuse(self, kind: str, tx: Transaction, fresh: Any) -> None:
        """The checks and triggers of the database's owner, which no contract of ours knows."""
        if self.server.refuse_all is not None:
            raise refusal(self.server.refuse_all, constraint="broken")
        for (table, _), row in fresh or list(tx.writes.items()):
            for mark, sqlstate in self.server.refused.items():
                if table == kind and row is not None and mark in row.get(_TITLES.get(kind), ""):
                    raise refusal(sqlstate, constraint="refused")

    def _commit(self) -> None:
        tx = self.transaction
        assert tx is not None
        if tx.failed:  # COMMIT of a failed transaction is a rollback
            self.rollback()
            return
        tx.apply()
        self.rollback()
        if tx.writes:
            self.server.committed(self.server, self.client, tx)
