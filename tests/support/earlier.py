"""An outbox file and the database that it was delivered to, kept as one version left them.

`python -m tests.support.earlier tests/data/earlier/VERSION` makes a new one, once for each release. What was made is never
made again: it is there to be opened by every later version.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg import sql

from outbox import Outbox
from outbox import catalogue as c
from outbox.operating import resolve
from tests.support.postgres import SERVERS, Database, Server
from tests.support.relaying import drain
from worker.migrate import load
from worker.migrate.apply import apply_steps
from worker.standin import LocalPostgres

# Seqs of what `make` leaves behind.
DELIVERED, PARKED, HELD, EDITED, DISCARDED, RETRIED, SET_ASIDE, WAITING = 4, 5, (6, 7), 8, 9, 10, 11, (12, 13, 14)
_TABLES = """
    select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname in ('public', 'outbox') order by 1, 2"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What one version left.

    Attributes:
        migrated_to: the last migration of that version.
        rows: the rows of each table that had any, by `schema.table`.
    """

    migrated_to: str
    rows: dict[str, list[dict[str, Any]]]

    @classmethod
    def of(cls, folder: Path) -> Self:
        return cls(**json.loads((folder / "database.json").read_text("utf-8")))

    @classmethod
    def read(cls, database: Database) -> Self:
        rows: dict[str, list[dict[str, Any]]] = {}
        with psycopg.connect(database.admin_dsn) as connection:
            for table in connection.execute(_TABLES.encode()).fetchall():
                statement = sql.SQL("select coalesce(jsonb_agg(to_jsonb(t)), '[]') from {} t")
                (found,) = connection.execute(statement.format(sql.Identifier(*table))).fetchone() or ([],)
                if found:
                    rows[".".join(table)] = found
        return cls(migrated_to=load()[-1].version, rows=rows)

    def put_into(self, database: Database) -> None:
        """Make an empty database into what it was then."""
        steps = [migration for migration in load() if migration.version <= self.migrated_to]
        apply_steps(database.dsn, steps, "up", report=lambda _: None)
        with psycopg.connect(database.admin_dsn) as connection:
            connection.execute("set session_replication_role = replica")  # in any order, and without triggers
            for name, rows in self.rows.items():
                table = sql.Identifier(*name.split("."))
                columns = sql.SQL(", ").join(map(sql.Identifier, rows[0]))
                connection.execute(sql.SQL("delete from {}").format(table))
                statement = sql.SQL(
                    "insert into {} ({}) overriding system value select {} from jsonb_populate_recordset(null::{}, %s)"
                ).format(table, columns, columns, table)
                connection.execute(statement, [json.dumps(rows)])


def page(slug: str, title: str = "t") -> c.ContentUpserted:
    return c.ContentUpserted(slug=f"p--{slug}", title=title, content_type="other", project="p", body=f"# {title} ✅\n")


def make(path: Path, database: Database) -> None:
    """Leave behind events in every state that a log knows."""
    with Outbox.open(path) as box:
        box.append(c.ProjectUpserted(slug="p", name="P", metadata={"language": "pt-BR"}), page("a", "one"))
        box.append(page("d"), c.ContentTagged(slug="p--d", tag="forno"))
        drain(box, database.worker_dsn)
        with psycopg.connect(database.dsn, autocommit=True) as connection:
            connection.execute("alter table contents add constraint refused check (title <> 'bad')")
        box.append(page("a", "bad"), c.ContentStatusChanged(slug="p--a", status="reviewed"))
        box.append(c.ContentTagged(slug="p--a", tag="k"), page("b", "bad"), page("c", "bad"), page("e", "bad"))
        drain(box, database.worker_dsn)
        resolve.discard(box, DISCARDED, "not wanted")
        drain(box, database.worker_dsn)
        resolve.edit(box, EDITED, {**box.event(EDITED).payload, "title": "good"}, "a typing error")
        resolve.retry(box, RETRIED, "the rule is gone")
        box.append(page("f"))
        resolve.set_aside(box, SET_ASIDE, "later")
        box.append(page("g"), c.ContentMetadataMerged(slug="p--g", metadata={"k": 1}), c.ContentDeleted(slug="p--d"))


def main(folder: Path) -> None:
    folder.mkdir(parents=True)
    SERVERS.mkdir(mode=0o700, exist_ok=True)
    local = LocalPostgres(SERVERS / "earlier", durable=False)
    try:
        local.start()
        server = Server(local)
        database = server.clone(server.migrated())
        make(folder / "outbox.db", database)
        kept = Earlier.read(database)
    finally:
        local.stop("immediate")
        local.remove_data()
    for beside in folder.glob("outbox.db.*"):
        beside.unlink()
    data = {"migrated_to": kept.migrated_to, "rows": kept.rows}
    (folder / "database.json").write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
