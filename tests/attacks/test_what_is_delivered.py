"""Nobody makes the relay drop an event, or own what it delivers, by a row of theirs."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from outbox import Outbox, Resolution
from outbox import catalogue as c
from tests.support.postgres import Database
from tests.support.relaying import drain
from worker import Ending
from worker.apply.position import greet
from worker.connect.connection import connect
from worker.proof.repair import repair_all
from worker.proof.verify import verify_all

ANA, EVE = UUID("a0000000-0000-4000-8000-000000000002"), UUID("e0000000-0000-4000-8000-000000000002")
MINDS = f"insert into minds (id, slug, display_name) values ('{ANA}', 'ana', 'Ana'), ('{EVE}', 'eve', 'Eve');"
PROJECT_OF_EVE = (
    "insert into content_projects (id, slug, name, creator_mind_id) values "
    f"('e0000000-0000-4000-8000-000000000003', 'dela', 'x', '{EVE}');"
)
# Nobody's: beyond every clock, no UUIDv7 at all, all zeros but the version, and one hour ahead.
STAMPS = [
    "ffffffff-ffff-7fff-bfff-ffffffffffff", "ffffffff-ffff-ffff-ffff-ffffffffffff", "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    "fffffffe-0000-1000-8000-000000000000", "7fffffff-ffff-7000-8000-000000000000",
]  # fmt: skip
COURSE = (
    c.AudienceUpserted(slug="publico", name="Público"),
    c.ProjectUpserted(slug="curso", name="Curso", creator_mind="ana", target_audience="publico"),
    c.ContentUpserted(slug="curso--1", title="Aula 1", content_type="course_lesson", project="curso", body="um"),
    c.ContentTagged(slug="curso--1", tag="tema"),
)


def ask(database: Database, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def box(tmp_path: Path, database: Database) -> Iterator[Outbox]:
    ask(database, MINDS)
    with Outbox.open(tmp_path / "outbox.db") as box:
        yield box


def parked(box: Outbox) -> dict[str, str]:
    return {row.type: row.reason for row in box.parked.list() if row.state.value == "parked"}


@pytest.mark.parametrize("stamp", STAMPS)
@pytest.mark.parametrize("table", ["audience_profiles", "content_projects", "contents"])
def test_a_stamp_that_no_outbox_made_makes_no_row_deaf(box: Outbox, database: Database, table: str, stamp: str) -> None:
    """On a row that waits for the first event, and on one that was delivered: the newest event arrives."""
    extra = ("title, content_type", "'x', 'other'") if table == "contents" else ("name", "'x'")
    slug = {"audience_profiles": "publico", "content_projects": "curso", "contents": "curso--1"}[table]
    ask(database, f"insert into {table} (slug, {extra[0]}, last_event_id) values ('{slug}', {extra[1]}, '{stamp}')")
    box.append(*COURSE)
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert parked(box) == {}
    shown = "title" if table == "contents" else "name"
    assert ask(database, f"select {shown} from {table} where slug = '{slug}'") != [("x",)]
    ask(database, f"update {table} set last_event_id = '{stamp}'")
    box.append(
        c.AudienceUpserted(slug="publico", name="neu"),
        c.ProjectUpserted(slug="curso", name="neu", creator_mind="ana"),
        c.ContentUpserted(slug="curso--1", title="neu", content_type="course_lesson", project="curso"),
    )
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert ask(database, f"select {shown} from {table} where slug = '{slug}'") == [("neu",)]


@pytest.mark.parametrize("stamp", STAMPS)
def test_a_link_with_such_a_stamp_is_removed_all_the_same(box: Outbox, database: Database, stamp: str) -> None:
    """Tags and minds: what the newest event says is what stands there."""
    box.append(*COURSE, c.ContentMindLinked(slug="curso--1", mind="ana", role="author"))
    drain(box, database.worker_dsn)
    ask(
        database,
        f"update content_tags set last_event_id = '{stamp}'; update content_minds set last_event_id = '{stamp}'",
    )
    box.append(
        c.ContentUntagged(slug="curso--1", tag="tema"),
        c.ContentMindUnlinked(slug="curso--1", mind="ana", role="author"),
    )
    drain(box, database.worker_dsn)
    assert ask(database, "select count(*) from content_tags") == [(0,)]
    assert ask(database, "select count(*) from content_minds") == [(0,)]


def test_such_a_stamp_is_told_and_mended_and_nothing_is_proven_by_it(
    box: Outbox, database: Database, tmp_path: Path
) -> None:
    """`worker verify` compares the row; until it is mended nothing may be pruned."""
    box.append(*COURSE)
    drain(box, database.worker_dsn)
    ask(database, f"update contents set title = 'x', last_event_id = '{STAMPS[0]}'")
    with connect(database.worker_dsn) as connection:
        found = verify_all(connection, box, tmp_path)
        assert [one.detail for one in found.differences] == [
            "title; last_event_id names an event that no outbox has made"
        ]
        assert (found.overtaken, box.relay.verified_seq) == (0, 0)
        assert [one.reason for one in repair_all(connection, box, found, greet(connection, box))] == [None]
        assert verify_all(connection, box, tmp_path).differences == []
    assert box.relay.verified_seq == box.last_seq


def test_what_another_outbox_wrote_differently_is_not_proven(box: Outbox, database: Database, tmp_path: Path) -> None:
    """It was not compared, so nothing of it is pruned, and nothing after it."""
    box.append(*COURSE)
    drain(box, database.worker_dsn)
    with Outbox.open(tmp_path / "other" / "outbox.db") as other:
        other.append(c.ContentUpserted(slug="curso--1", title="theirs", content_type="course_lesson", project="curso"))
        drain(other, database.worker_dsn)
    with connect(database.worker_dsn) as connection:
        found = verify_all(connection, box, tmp_path)
    assert (found.overtaken, found.differences) == (1, [])
    assert box.relay.verified_seq == 2


SQUATTED = {
    "project.upserted": f"insert into content_projects (slug, name, creator_mind_id) values ('curso', 'x', '{EVE}')",
    "audience.upserted": f"insert into audience_profiles (slug, name, creator_mind_id) values ('publico', 'x', '{EVE}')",
    "content.upserted": PROJECT_OF_EVE
    + "insert into contents (slug, title, content_type, project_id) values ('curso--1', 'x', 'other', 'e0000000-0000-4000-8000-000000000003')",
}


@pytest.mark.parametrize("kind", SQUATTED)
def test_whoever_takes_a_coming_name_owns_nothing_of_what_comes(box: Outbox, database: Database, kind: str) -> None:
    """Its event is parked with the reason and two ways out; all that belongs into it is held; both ways lead on."""
    ask(database, SQUATTED[kind])
    box.append(*COURSE)
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    ((of, reason),) = parked(box).items()
    assert of == kind
    assert "belongs to another creator" in reason
    assert "to null" in reason
    assert "rename or delete it" in reason
    assert ask(database, "select count(*) from contents where content is not null") == [(0,)]


def test_each_of_the_two_ways_out_delivers_everything(box: Outbox, database: Database) -> None:
    """Emptying the owner takes the row over; renaming it puts it aside."""
    ask(database, SQUATTED["project.upserted"])
    ask(database, SQUATTED["audience.upserted"])
    box.append(*COURSE)
    drain(box, database.worker_dsn)
    ask(database, "update audience_profiles set creator_mind_id = null; update content_projects set slug = 'curso-old'")
    for _ in range(2):
        for row in box.parked.list():
            if row.state.value == "parked":
                box.parked.release(row.seq, Resolution.RETRY)
        drain(box, database.worker_dsn)
    assert box.parked.count() == 0
    rows = "select p.slug, p.creator_mind_id, a.slug from content_projects p left join audience_profiles a on a.id = p.target_audience_id order by 1"
    assert ask(database, rows) == [("curso", ANA, "publico"), ("curso-old", EVE, None)]
    assert ask(database, "select p.slug from contents c join content_projects p on p.id = c.project_id") == [("curso",)]


def test_a_row_of_the_same_creator_or_of_nobody_is_taken_over(box: Outbox, database: Database) -> None:
    """What exists is adopted where it is no stranger's."""
    ask(
        database,
        f"insert into content_projects (slug, name, creator_mind_id) values ('curso', 'x', '{ANA}');"
        "insert into audience_profiles (slug, name) values ('publico', 'x');"
        "insert into contents (slug, title, content_type, project_id) select 'curso--1', 'x', 'course_lesson', id from content_projects",
    )
    box.append(*COURSE)
    drain(box, database.worker_dsn)
    assert parked(box) == {}
    assert ask(database, "select title, content from contents") == [("Aula 1", "um")]


def test_contents_alone_are_not_delivered_into_a_strangers_project(box: Outbox, database: Database) -> None:
    """Of another host's course, whose project is not delivered yet: the first to take the name does not get the lessons."""
    ask(database, SQUATTED["project.upserted"])
    box.append(c.ContentUpserted(slug="curso--1", title="Aula 1", content_type="course_lesson", project="curso"))
    drain(box, database.worker_dsn)
    assert list(parked(box)) == ["content.upserted"]
    assert ask(database, "select count(*) from contents") == [(0,)]


def test_a_patch_does_not_make_a_strangers_row_ours(box: Outbox, database: Database) -> None:
    """Or the next state would go into it."""
    ask(database, SQUATTED["content.upserted"])
    box.append(
        c.ContentMetadataMerged(slug="curso--1", metadata={"k": 1}), c.ContentTagged(slug="curso--1", tag="tema")
    )
    drain(box, database.worker_dsn)
    assert list(parked(box)) == ["content.metadata_merged"]
    assert ask(database, "select last_event_id from contents") == [(None,)]


@pytest.mark.parametrize("table", ["contents", "content_projects", "audience_profiles"])
def test_a_row_under_the_id_of_a_coming_one_keeps_it_out_nowhere(box: Outbox, database: Database, table: str) -> None:
    """Ids can be computed by anybody; rows are known by their names, and another id does."""
    box.append(*COURSE)
    kind = {"contents": "content", "content_projects": "project", "audience_profiles": "audience"}[table]
    taken = next(event.aggregate_id for event in box.read(after=0, limit=9) if event.type == f"{kind}.upserted")
    extra = ("title, content_type", "'x', 'other'") if table == "contents" else ("name", "'x'")
    ask(database, f"insert into {table} (id, slug, {extra[0]}) values ('{taken}', 'dela', {extra[1]})")
    drain(box, database.worker_dsn)
    assert box.parked.count() == 0
    found = ask(
        database,
        "select c.slug, p.slug, a.slug, t.name from contents c join content_projects p on p.id = c.project_id "
        "join audience_profiles a on a.id = p.target_audience_id join content_tags l on l.content_id = c.id join tags t on t.id = l.tag_id",
    )
    assert found == [("curso--1", "curso", "publico", "tema")]


def test_a_mind_whose_slug_spells_the_id_of_another_is_not_taken_for_it(box: Outbox, database: Database) -> None:
    """The course belongs to the mind that has the id."""
    ask(database, f"update minds set slug = '{ANA}' where id = '{EVE}'")
    box.append(
        c.ProjectUpserted(slug="curso", name="Curso", creator_mind=str(ANA), persona_mind=str(EVE)),
    )
    drain(box, database.worker_dsn)
    assert ask(database, "select creator_mind_id, persona_mind_id from content_projects") == [(ANA, EVE)]
