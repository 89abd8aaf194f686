"""Databases for tests: one server per session, one template per kind, a clone per test."""

import itertools
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from tests.support.pooler import Pooler
from worker.migrate import ready_for_worker
from worker.standin import LocalPostgres, prepare

# Outside pytest's own temporary folders: a later session must find what a killed one left.
SERVERS = Path(tempfile.gettempdir()) / "creatoros-outbox-tests"

_numbers = itertools.count(1)
_lock = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One throw-away database.

    Attributes:
        dsn: as postgres, the owner.
        worker_dsn: as outbox_worker, the role that may write contents and nothing else.
        api_dsn: as authenticator, who may become any API role and is nothing by itself.
        admin_dsn: as supabase_admin, the superuser that nobody has on the hosted service.
    """

    name: str
    dsn: str
    worker_dsn: str
    api_dsn: str
    admin_dsn: str


class Server:
    """The session's server and its templates."""

    def __init__(self, local: LocalPostgres, pooler: Pooler | None = None) -> None:
        self.local = local
        self._pooler = pooler
        self._templates: dict[str, str] = {}

    def prepared(self, *, default_grants: bool = False) -> str:
        """The name of a template as Supabase hands it out: nothing of ours in it."""
        name = f"standin_{'historic' if default_grants else 'explicit'}"
        with _lock:
            if name not in self._templates:
                self._create(name, "template1")
                prepare(
                    self.local.dsn(name, "supabase_admin"),
                    password=self.local.password,
                    default_grants=default_grants,
                )
                self._templates[name] = name
        return name

    def migrated(self, *, default_grants: bool = False) -> str:
        """The name of a template with every migration applied."""
        base = self.prepared(default_grants=default_grants)
        name = f"migrated_{base}"
        with _lock:
            if name not in self._templates:
                self._create(name, base)
                ready_for_worker(self.local, name)
                self._templates[name] = name
        return name

    def clone(self, template: str) -> Database:
        """A new database with what the template holds, and an identity of its own."""
        name = f"test_{next(_numbers)}"
        self._create(name, template)
        database = Database(
            name=name,
            dsn=self.local.dsn(name),
            worker_dsn=self._worker_dsn(name),
            api_dsn=self.local.dsn(name, "authenticator"),
            admin_dsn=self.local.dsn(name, "supabase_admin"),
        )
        with psycopg.connect(database.dsn, autocommit=True) as connection:
            if connection.execute("select to_regclass('outbox.destination')").fetchone() != (None,):
                connection.execute("update outbox.destination set destination_id = gen_random_uuid()")
        return database

    def _worker_dsn(self, name: str) -> str:
        dsn = self.local.dsn(name, "outbox_worker")
        return dsn if self._pooler is None else self._pooler.through(dsn)

    def drop(self, database: Database) -> None:
        """Drop a clone, whoever is still connected to it."""
        if not self.local.running:
            return
        with psycopg.connect(self.local.dsn(user="supabase_admin"), autocommit=True) as connection:
            statement = sql.SQL("drop database if exists {} with (force)")
            connection.execute(statement.format(sql.Identifier(database.name)))

    def _create(self, name: str, template: str) -> None:
        with psycopg.connect(self.local.dsn(user="supabase_admin"), autocommit=True) as connection:
            # wal_log copies page by page without the checkpoint that file_copy forces: faster for a small template.
            statement = sql.SQL("create database {} owner postgres template {} strategy wal_log")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
            # As the hosted service limits everybody; a clone does not inherit it from its template.
            limit = sql.SQL("alter database {} set statement_timeout = '2min'")
            connection.execute(limit.format(sql.Identifier(name)))
