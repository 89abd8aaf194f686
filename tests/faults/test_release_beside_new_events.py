"""Thousands of events are let go by a running worker, and new events of other contents do not wait for them."""

from pathlib import Path

import psycopg

from outbox import Outbox, WorkerState
from outbox import catalogue as c
from outbox.operating import resolve
from tests.support.postgres import Database
from tests.support.processes import environment, until, worker
from tests.support.relaying import drain

HELD, BATCH = 6_000, 500


def page(slug: str, parent: str | None = None) -> c.ContentUpserted:
    return c.ContentUpserted(slug=f"p--{slug}", title="t", content_type="other", parent=parent)


def test_a_new_event_passes_between_the_batches_of_a_release(tmp_path: Path, database: Database) -> None:
    """They wait for one batch of the 6,000, and no longer: on any machine, under any load."""
    with (
        Outbox.open(tmp_path / "outbox.db") as box,
        psycopg.connect(database.dsn, autocommit=True) as owner,
    ):
        owner.execute("alter table contents add constraint refused check (slug <> 'p--first')")
        box.append(page("first"))
        for start in range(0, HELD, BATCH):
            box.append(*(page(str(number), parent="p--first") for number in range(start, start + BATCH)))
        drain(box, database.worker_dsn)
        assert box.parked.count() == HELD + 1
        owner.execute("alter table contents drop constraint refused")
        owner.execute("create table left_then (slug text, parked bigint)")
        owner.execute(
            "create function note_left() returns trigger language plpgsql security definer as $$ begin "
            "insert into public.left_then select new.slug, count(*) from outbox.parked; return new; end $$"
        )
        owner.execute(
            "create trigger note_left before insert on contents for each row when (new.slug like 'p--new%') "
            "execute function note_left()"
        )
        with worker("run", "--quiet", env=environment(box.path, database.worker_dsn), cwd=tmp_path):
            until(lambda: state_of(box) is WorkerState.FOLLOWING, what="the worker waits for events")
            box.relay.pause()
            until(lambda: state_of(box) is WorkerState.HOLDING, what="the worker is paused")
            resolve.retry(box, 1, "mended")
            box.append(*(page(f"new-{number}") for number in range(3)))
            box.relay.resume()
            box.ring()
            until(lambda: is_empty(owner, "outbox.parked"), what="all is let go")
            until(lambda: box.parked.count() == 0, what="the list in the file is empty")
        left: dict[str, int] = dict(owner.execute("select slug, parked from left_then").fetchall())
        assert left.keys() == {"p--new-0", "p--new-1", "p--new-2"}
        assert min(left.values()) >= HELD + 1 - BATCH
        assert owner.execute("select count(*) from contents").fetchone() == (HELD + 4,)


def state_of(box: Outbox) -> WorkerState | None:
    report = box.relay.report
    return report.state if report is not None else None


def is_empty(connection: psycopg.Connection, table: str) -> bool:
    return connection.execute(f"select from {table} limit 1".encode()).fetchone() is None
