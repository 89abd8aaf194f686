"""A login of its own for one host, which moves the positions of that host's outboxes and no other.

It is a member of `outbox_worker`: it has that role's rights and is held by its policies, and the policies on positions
and parked events ask for the login that a position belongs to (`session_user`, which no SET ROLE changes). Positions
that the host has moved with the shared login so far are handed over.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg import sql

from worker.migrate.errors import NotReadyError, TargetError
from worker.migrate.local import WORKER_ROLE
from worker.migrate.queries import query

LONGEST_NAME_BYTES = 63
# As on the shared login: settings of a role hold for logins as that role, not for its members.
_SETTINGS = (
    ("statement_timeout", "60s"),
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "60s"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRole:
    """The login of a host.

    Attributes:
        role: its name.
        made: whether it was not there before.
        outboxes: whose positions it now has.
    """

    role: str
    made: bool
    outboxes: tuple[UUID, ...]


def role_name(host: str) -> str:
    """The login's name, from the name of the host.

    Raises:
        TargetError: nothing of it can be part of a name, or too much.
    """
    slug = re.sub(r"[^a-z0-9]+", "_", host.lower()).strip("_")
    name = f"{WORKER_ROLE}_{slug}"
    if not slug or len(name) > LONGEST_NAME_BYTES:
        longest = LONGEST_NAME_BYTES - len(WORKER_ROLE) - 1
        raise TargetError(f"a host's name must have 1 to {longest} letters and digits: {host!r} has not")
    return name


def make_role(connection: psycopg.Connection, host: str, outboxes: Sequence[UUID] = ()) -> HostRole:
    """Make the login (or find it), and hand it the positions of its host.

    Args:
        connection: as the owner of the tables, in autocommit mode.
        host: as it stands beside its positions (`outbox.sources.host`).
        outboxes: positions to hand over besides, whatever host stands there.

    Raises:
        TargetError: see `role_name`; or no such outbox is known here.
        NotReadyError: the migration that tells logins apart is not applied.
    """
    name = role_name(host)
    with connection.transaction():
        if connection.execute(query("tells_logins_apart")).fetchone() is None:
            raise NotReadyError("positions do not belong to logins here yet: run `worker migrate up`")
        known = {row[0] for row in connection.execute(query("known_outboxes"))}
        if unknown := [str(one) for one in outboxes if one not in known]:
            raise TargetError(f"no outbox {', '.join(unknown)} was ever delivered here: see outbox.sources")
        made = connection.execute(query("role_exists"), (name,)).fetchone() is None
        role = sql.Identifier(name)
        if made:
            connection.execute(sql.SQL("create role {} login inherit connection limit 10").format(role))
        connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(WORKER_ROLE), role))
        for setting, value in _SETTINGS:
            statement = sql.SQL("alter role {} set {} = {}")
            connection.execute(statement.format(role, sql.Identifier(setting), sql.Literal(value)))
        values = {"role": name, "host": host, "outboxes": list(outboxes), "shared": WORKER_ROLE}
        handed = connection.execute(query("hand_over_positions"), values).fetchall()
    return HostRole(role=name, made=made, outboxes=tuple(row[0] for row in handed))
