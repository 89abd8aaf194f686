"""Order holds on every way around a bad event, and what is not as it should be is told by its name."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from outbox import Outbox, ParkedState, Resolution
from outbox import catalogue as c
from outbox.operating import resolve
from outbox.ops.check import run_checks
from tests.support.make_outbox import PROJECT, got_in, lesson, project
from tests.support.postgres import Database
from tests.support.relaying import drain, relay
from worker import Ending, NewerEvent, WorkerError
from worker.connect.connection import connect
from worker.proof.verify import verify_all

# Writes down what the table takes, and refuses what is called bad.
WITNESS = """
create table seen (id int generated always as identity, was text);
grant insert on seen to outbox_worker;
create function see() returns trigger language plpgsql as $$
begin
    if new.title = 'bad' or new.content = 'bad' then raise check_violation; end if;
    insert into seen (was) values (new.title || coalesce((new.metadata->'n')::text, ''));
    return new;
end $$;
create trigger see before insert or update on contents for each row execute function see();
"""

LENIENT = """
create or replace function see() returns trigger language plpgsql as $$
begin
    insert into seen (was) values (new.title || coalesce((new.metadata->'n')::text, ''));
    return new;
end $$;
"""


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db", content_root=tmp_path / "content") as opened:
        yield opened


def rows(database: Database, query: str) -> list[Any]:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        return connection.execute(query).fetchall()


def change(database: Database, statements: str) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(statements)


def seen(database: Database) -> list[str]:
    return [was for (was,) in rows(database, "select was from seen order by id")]


def page(slug: str, title: str = "t", **fields: Any) -> c.ContentUpserted:
    return c.ContentUpserted(slug=slug, title=title, content_type="other", **fields)


def test_bisecting_never_applies_a_later_row_of_an_aggregate_past_the_bad_one(box: Outbox, database: Database) -> None:
    """Every half that is committed on the way to the culprit ends before it: a later state never lands first."""
    change(database, WITNESS)
    box.append(page("p--a", "first"), *(page(f"p--{n}") for n in range(8)))
    box.append(page("p--a", "bad"), *(page(f"p--{n}", "u") for n in range(8)), page("p--a", "later"))
    assert relay(box, database.worker_dsn, max_events=12).run() is Ending.EMPTY
    assert [was for was in seen(database) if was not in {"t", "u"}] == ["first"]
    assert [(row.seq, row.state) for row in box.parked.list()] == [(10, ParkedState.PARKED), (19, ParkedState.HELD)]
    change(database, "drop trigger see on contents")
    box.parked.release(10, Resolution.RETRY)
    drain(box, database.worker_dsn)
    assert rows(database, "select title from contents where slug = 'p--a'") == [("later",)]


@pytest.mark.parametrize("batch", [1, 2, 5, 12])
def test_a_bad_patch_is_found_whatever_the_batches_and_its_successors_are_held(
    batch: int, box: Outbox, database: Database
) -> None:
    """What came before it on its aggregate has landed, what came after it has not; all others are complete."""
    box.append(*(page(f"p--{n}") for n in range(10)))
    for turn in range(4):
        box.append(*(c.ContentMetadataMerged(slug=f"p--{n}", metadata={"n": turn + 10 * n}) for n in range(10)))
    change(database, "alter table contents add constraint refused check (not metadata @> '{\"n\": 42}')")
    assert relay(box, database.worker_dsn, max_events=batch).run() is Ending.EMPTY
    landed = {int(slug[3:]): number for slug, number in rows(database, "select slug, metadata->'n' from contents")}
    assert [landed.pop(n) for n in (0, 9)] == [3, 93]
    assert landed.pop(4) == 41
    assert set(landed.values()) == {10 * n + 3 for n in landed}
    assert [(row.seq, row.state) for row in box.parked.list()] == [(35, ParkedState.PARKED), (45, ParkedState.HELD)]


@pytest.mark.parametrize("resolution", ["retry", "edit", "discard", "supersede"])
def test_whatever_the_resolution_order_is_kept(
    resolution: str, box: Outbox, database: Database, tmp_path: Path
) -> None:
    """What was held follows the released one in the order of the log, and new events come after both."""
    change(database, WITNESS)
    box.append(page("p--a", "first"))
    with box.unit() as unit:
        unit.write("a.md", b"bad")
        unit.append(page("p--a", "second", body="bad", file_path="a.md"))
    for number in (1, 2, 3):
        box.append(c.ContentMetadataMerged(slug="p--a", metadata={"n": number}))
        relay(box, database.worker_dsn, max_events=1).run()
    assert [row.state for row in box.parked.list()] == [ParkedState.PARKED, *[ParkedState.HELD] * 3]
    match resolution:
        case "retry":
            change(database, LENIENT)
            resolve.retry(box, 2, "the rule is gone")
        case "edit":
            resolve.edit(box, 2, {**box.event(2).payload, "body": "good"}, "a better word")
        case "discard":
            resolve.discard(box, 2, "nobody wants it")
        case _:
            (tmp_path / "content" / "a.md").write_text("good")
            resolve.supersede(box, 2, "mended by hand")
    box.append(c.ContentMetadataMerged(slug="p--a", metadata={"n": 4}))
    relay(box, database.worker_dsn, max_events=1).run()
    assert box.parked.count() == 0
    title, second = ("first", []) if resolution == "discard" else ("second", ["second"])
    assert seen(database) == ["first", *second, *(f"{title}{number}" for number in (1, 2, 3, 4))]


def test_new_events_on_a_parked_aggregate_are_held_and_follow_in_strict_order(box: Outbox, database: Database) -> None:
    """Those that arrive after the park, too, and those after a restart; then all of them, once each, in order."""
    change(database, WITNESS)
    box.append(page("p--a", "bad"))
    drain(box, database.worker_dsn)
    for number in range(1, 6):
        box.append(c.ContentMetadataMerged(slug="p--a", metadata={"n": number}), page(f"p--{number}", "free"))
        relay(box, database.worker_dsn, max_events=1).run()
    assert seen(database) == ["free"] * 5
    resolve.edit(box, 1, {**box.event(1).payload, "title": "good"}, "a title that the database takes")
    relay(box, database.worker_dsn, max_events=1).run()
    assert seen(database)[5:] == ["good", *(f"good{number}" for number in range(1, 6))]


def test_an_unknown_type_is_held_like_a_newer_version(box: Outbox, database: Database) -> None:
    """What this worker has never heard of may be of tomorrow: held, never parked, never passed over."""
    box.append(*project())
    newer = got_in(box, '{"slug": "p--new"}', kind="content.sung")
    box.append(lesson(2))
    with pytest.raises(NewerEvent, match=f"event {newer} is content.sung"):
        drain(box, database.worker_dsn)
    assert box.parked.count() == 0
    assert rows(database, "select max(applied_seq) from outbox.sources") == [(newer - 1,)]


def test_same_id_other_content_is_reported(box: Outbox, database: Database, tmp_path: Path) -> None:
    """A row stamped with our event that says something else, and an event that is not what was appended."""
    box.append(*project(), lesson(1), lesson(2))
    drain(box, database.worker_dsn)
    change(database, f"update contents set title = 'theirs' where slug = '{PROJECT}--aula-1'")
    with connect(database.worker_dsn) as connection:
        found = verify_all(connection, box, tmp_path)
    assert [f"{PROJECT}--aula-1" in one.what and "title" in one.detail for one in found.differences] == [True]
    box.connection.execute("drop trigger events_are_never_updated")
    box.connection.execute("update events set payload = replace(payload, 'Aula 2', 'Aula 9') where seq = 5")
    assert [(one.name, one.detail) for one in run_checks(box) if not one.ok] == [
        ("payloads have the hash that they were appended with", "not so for 5")
    ]


def test_what_only_the_database_misses_is_named_by_what_the_event_says(box: Outbox, database: Database) -> None:
    """23503: an execution that is not there, and a parent that a rule of others does not find."""
    lost = "0f0e0d0c-0000-4000-8000-000000000001"
    change(
        database,
        "create table approved (id uuid primary key); alter table contents add constraint "
        "approved_parent_content_id_fkey foreign key (parent_content_id) references approved not valid",
    )
    box.append(page("p--a", generation_execution_id=lost), page("p--b"), page("p--c", parent="p--b"))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    words = "it refers to a row that does not exist"
    assert [(row.seq, row.sqlstate, row.reason) for row in box.parked.list()] == [
        (1, "23503", f"{words} (constraint contents_generation_execution_id_fkey): generation_execution_id {lost}"),
        (3, "23503", f"{words} (constraint approved_parent_content_id_fkey): parent p--b"),
    ]


def test_many_events_that_miss_different_things_alike_are_still_the_databases_fault(
    box: Outbox, database: Database
) -> None:
    """The name of what is missing differs from event to event; the rule that refuses them is one."""
    change(
        database,
        "create table approved (id uuid primary key); alter table contents add constraint "
        "approved_parent_content_id_fkey foreign key (parent_content_id) references approved not valid",
    )
    box.append(*(page(f"p--{n}") for n in range(8)), *(page(f"q--{n}", parent=f"p--{n}") for n in range(8)))
    with pytest.raises(WorkerError, match="5 events in a row"):
        drain(box, database.worker_dsn)
    assert box.parked.count() == 4
