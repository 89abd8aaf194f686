"""A server with the whole schema to drain into, a fresh clone of it for every case, and the relay that drains."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from outbox import Outbox, OutboxSettings
from outbox.catalogue import ContentUpserted, ProjectUpserted
from worker import Ending, WorkerSettings
from worker.logs import configure_logs
from worker.migrate import ready_for_worker
from worker.run.runtime import relay_for, waker_for
from worker.standin import LocalPostgres

PROJECT, LESSONS_PER_MODULE, MODULES = "pao-caseiro", 20, 1_500


@contextmanager
def prepared_server(folder: Path, *, durable: bool = True) -> Iterator[LocalPostgres]:
    """A server whose database `template` has the schema, the project and its modules."""
    configure_logs(quiet=True)
    server = LocalPostgres(folder / "server", durable=durable)
    with server:
        _create(server, "template", "postgres")
        ready_for_worker(server, "template")
        with Outbox.open(folder / "course.db") as box, box.unit() as unit:
            unit.append(ProjectUpserted(slug=PROJECT, name="Pão caseiro"))
            for number in range(MODULES):
                slug = f"{PROJECT}--modulo-{number}"
                unit.append(
                    ContentUpserted(slug=slug, title=f"Módulo {number}", content_type="course_module", project=PROJECT)
                )
        with Outbox.open(folder / "course.db") as box:
            drain(box, server.dsn("template", "outbox_worker"))
        with psycopg.connect(server.dsn("template"), autocommit=True) as connection:
            connection.execute("delete from outbox.sources")
            connection.execute("vacuum analyze")
        yield server
    server.remove_data()


@contextmanager
def clone(server: LocalPostgres, name: str) -> Iterator[str]:
    """A fresh copy of the template, for as long as it is needed."""
    _create(server, name, "template")
    yield name
    with psycopg.connect(server.dsn(user="supabase_admin"), autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
        connection.execute("checkpoint")  # what one case left to write must not be written during the next


def _create(server: LocalPostgres, name: str, template: str) -> None:
    with psycopg.connect(server.dsn("template1", "supabase_admin"), autocommit=True) as connection:
        statement = sql.SQL("create database {} owner postgres template {}")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))


def drain(box: Outbox, dsn: str, *, second_lane: bool = True, **more: object) -> Ending:
    where = OutboxSettings.from_env({"OUTBOX_PATH": str(box.path)})
    settings = WorkerSettings(outbox=where, persist=True, second_lane=second_lane)
    with waker_for(box) as waker:
        relay, _ = relay_for(box, settings, dsn, waker, until_empty=True, patience_seconds=1, **more)  # type: ignore[arg-type]
        return relay.run()
