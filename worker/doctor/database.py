"""What the doctor asks the database. Nothing is written: what has to be tried is rolled back."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

from outbox import Outbox
from outbox.catalogue import CATALOGUE, active
from worker.apply import obstacles
from worker.apply.position import greet
from worker.apply.queries import query
from worker.connect.address import is_this_machine
from worker.connect.connection import Connection
from worker.connect.pooling import SessionKind, session_kind
from worker.doctor.finding import Finding, judged
from worker.errors import SchemaFault, TargetRefused, WorkerError
from worker.faults.evidence import READ_ONLY, read_only
from worker.faults.rehearse import rehearse
from worker.judgement import Judgement, Verdict
from worker.settings import WorkerSettings

SKEW_SECONDS = 30.0
OLDEST_SERVER = 150_000  # views with security_invoker


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What the server says of itself and of this session; `skew_seconds` is how far its clock and ours are apart."""

    version: str
    version_number: int
    role: str
    tls: bool
    read_only: bool
    superuser: bool
    statement_timeout_ms: int
    skew_seconds: float

    @classmethod
    def ask(cls, connection: Connection) -> Self:
        before = time.time()
        row = connection.execute(query("doctor", "server")).fetchone()
        after = time.time()
        if row is None:
            raise WorkerError("the database gave no answer")
        version, number, role, tls, read_only, now, superuser, timeout = row
        return cls(
            version=str(version),
            version_number=int(str(number)),
            role=str(role),
            tls=bool(tls),
            read_only=bool(read_only),
            superuser=bool(superuser),
            statement_timeout_ms=int(str(timeout)),
            skew_seconds=abs(float(str(now)) - (before + after) / 2),
        )


def examine_database(
    connection: Connection, box: Outbox | None, settings: WorkerSettings, dial: Callable[[], Connection]
) -> Iterator[Finding]:
    """Look at the database.

    Args:
        connection: in autocommit mode.
        box: the outbox; None if it could not be opened, and whose place in the database is then not looked at.
        settings: of this process.
        dial: opens another connection to the same address.
    """
    server = Server.ask(connection)
    yield database(server)
    yield pooler_mode(connection, dial)
    yield encryption(server, connection.info.host)
    yield role(server)
    yield clock(server)
    yield writable(server, connection)
    yield rights(connection)
    yield row_security(connection)
    yield statement_timeout(server, settings)
    yield in_the_way(connection)
    if not server.read_only:
        yield tried(connection)
    if box is not None and not server.read_only:  # a first contact is tried, and taken back
        yield from schema_and_target(connection, box)


def database(server: Server) -> Finding:
    """Whether the server is one that the migrations were made for."""
    old = server.version_number < OLDEST_SERVER
    return judged(
        "database", f"PostgreSQL {server.version}", bad=old, remedy="upgrade to PostgreSQL 15 or newer", outcome="fail"
    )


def pooler_mode(connection: Connection, dial: Callable[[], Connection]) -> Finding:
    """Which kind of session this is."""
    kind = session_kind(connection, dial)
    remedy = "deliveries work; prefer session mode (on Supabase port 5432): `worker migrate` needs a session that lasts"
    return judged("pooler mode", kind.value, bad=kind is SessionKind.TRANSACTION, remedy=remedy)


def encryption(server: Server, host: str) -> Finding:
    """Whether this very session is encrypted."""
    bare = not server.tls and not is_this_machine({"host": host})
    remedy = "add sslmode=verify-full and sslrootcert=FILE (docs/security.md)"
    return judged("tls", "on" if server.tls else "off", bad=bare, remedy=remedy)


def role(server: Server) -> Finding:
    """Whether the login may do more than it needs."""
    broad = server.superuser or server.role == "postgres"
    remedy = "connect as outbox_worker, which can do the work of the relay and nothing else"
    return judged("role", server.role, bad=broad, remedy=remedy)


def clock(server: Server) -> Finding:
    """Whether this host tells the time that the database tells."""
    remedy = "set this host's clock: between hosts the newest event wins"
    return judged("clock", f"{server.skew_seconds:.1f} s apart", bad=server.skew_seconds > SKEW_SECONDS, remedy=remedy)


def writable(server: Server, connection: Connection) -> Finding:
    """Whether it takes writes: a full project and a replica do not, nor a session that is not to."""
    if not server.read_only:
        return judged("writable", "yes", bad=False, remedy="")
    why = read_only(connection, Judgement(verdict=Verdict.OUTAGE, sqlstate=READ_ONLY, reason="read-only"))
    remedy = why.remedy or "the database is full or a replica: see its dashboard; the worker waits meanwhile"
    return judged("writable", why.reason, bad=True, remedy=remedy, outcome="fail")


def rights(connection: Connection) -> Finding:
    """Whether the role may do all that it needs."""
    relations, privileges = zip(*active().privileges(), strict=True)
    values = {"relations": list(relations), "privileges": list(privileges)}
    missing = [str(right) for (right,) in connection.execute(query("doctor", "missing_rights"), values)]
    remedy = (
        "worker migrate up, as the role postgres (on plain PostgreSQL: worker migrate bootstrap --plain first); where "
        "it has nothing to do, worker migrate check names what was taken away since; for tables of your own, what "
        "worker migrate sql prints"
    )
    found = f"lacks {', '.join(missing)}" if missing else "all that is needed"
    return judged("rights", found, bad=bool(missing), remedy=remedy, outcome="fail")


def row_security(connection: Connection) -> Finding:
    """Whether the API could read a table that the relay writes, without any policy."""
    catalogue = active()
    tables = [one.table for one in catalogue.aggregates.values()] + [one.table for one in catalogue.links.values()]
    of_content = list(CATALOGUE.written())
    values = {"relations": tables, "always": of_content}
    bare = [str(table) for (table,) in connection.execute(query("doctor", "without_row_security"), values)]
    remedy = "worker migrate up; then worker migrate check"
    if own := [table for table in bare if table not in of_content]:
        alter = "; ".join(f"alter table {table} enable row level security" for table in own)
        remedy = f"{alter}; then what `worker migrate sql` prints"
    return judged(
        "row security", f"off on {', '.join(bare)}" if bare else "on", bad=bool(bare), remedy=remedy, outcome="fail"
    )


def statement_timeout(server: Server, settings: WorkerSettings) -> Finding:
    """Whether somebody limits this role more than the worker's own limit, which wins inside its transactions."""
    theirs, ours = server.statement_timeout_ms / 1000, settings.statement_timeout_seconds
    said = f"{theirs:g} s" if theirs else "none"
    remedy = f"alter role {server.role} reset statement_timeout, or OUTBOX_STATEMENT_TIMEOUT_SECONDS={theirs:g}"
    return judged(
        "statement timeout", f"the server's {said}, the worker's {ours:g} s", bad=0 < theirs < ours, remedy=remedy
    )


def in_the_way(connection: Connection) -> Finding:
    """Whether something in the catalogue holds every event up: hidden rows, sequences, columns, publications."""
    found = obstacles.find(connection)
    return judged(
        "obstacles",
        "; ".join(one.what for one in found[:3]) or "none is known",
        bad=bool(found),
        remedy="; ".join(one.remedy for one in found[:3]),
        outcome="fail",
    )


def tried(connection: Connection) -> Finding:
    """Whether what the relay writes goes through: tried and taken back, since triggers of others are code."""
    found = rehearse(connection)
    refused, unshown = found.refused, sorted(active().contracts.keys() - found.shown)
    told = "an event of every type was written and taken back"
    if unshown:
        told = (
            f"events of {len(found.shown)} types were written and taken back; refused as values: {', '.join(unshown)}"
        )
    return judged(
        "rehearsal",
        told if refused is None else refused.reason,
        bad=refused is not None,
        remedy="mend what it names, in the database; then run worker doctor again",
        outcome="fail",
    )


def schema_and_target(connection: Connection, box: Outbox) -> Iterator[Finding]:
    """Whether the bookkeeping is of our version, and the position one that this file has."""
    connection.execute("begin")  # a first contact would register the outbox
    try:
        position = greet(connection, box)
    except SchemaFault as exc:
        yield Finding(check="schema", outcome="fail", found=exc.what, remedy=_remedy(exc, "worker migrate up"))
        return
    except TargetRefused as exc:
        yield Finding(check="schema", outcome="ok", found="of this worker's version")
        yield Finding(
            check="target",
            outcome="fail",
            found=exc.what,
            remedy=_remedy(exc, "worker replay --all"),
        )
        return
    finally:
        connection.execute("rollback")
    yield Finding(check="schema", outcome="ok", found="of this worker's version")
    yield Finding(check="target", outcome="ok", found=f"{position.destination_id}, applied up to {position.seq}")


def _remedy(error: WorkerError, otherwise: str) -> str:
    command = f": {error.command}" if error.command else ""
    return f"{error.remedy or otherwise}{command} (docs/runbook.md#{error.entry})"
