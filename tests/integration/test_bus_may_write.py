"""A host writes the projects that were granted to its outbox, and no other: the database says which those are."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from outbox import catalogue as c
from tests.support.fleet import Fleet, add_lessons, course, fleet, on_the_list, positions
from tests.support.make_outbox import lesson
from tests.support.postgres import Database


@pytest.fixture
def bus(tmp_path: Path, database: Database) -> Iterator[Fleet]:
    with fleet(tmp_path, database) as made:
        yield made


def grant(database: Database, outbox_id: UUID, project: str) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("insert into outbox.rights (outbox_id, project) values (%s, %s)", [outbox_id, project])


def slugs(database: Database) -> set[tuple[str, str]]:
    with psycopg.connect(database.dsn) as connection:
        return set(
            connection.execute(
                "select c.slug, p.slug from contents as c join content_projects as p on p.id = c.project_id"
            ).fetchall()
        )


def test_an_event_of_anothers_project_is_parked_with_the_reason_and_the_rest_flows(
    bus: Fleet, database: Database, tmp_path: Path
) -> None:
    """A row of its own, one put there, one taken away from there, and one of which only the slug is named."""
    mine = course(tmp_path / "1.db", "mine", 5)
    others = course(tmp_path / "2.db", "others", 5)
    grant(database, mine.outbox_id, "mine")
    grant(database, others.outbox_id, "others")
    bus.host(others)
    bus.until_all_is_applied()
    before = {row for row in slugs(database) if row[1] == "others"}
    forbidden = [
        lesson(9, project="others"),
        c.ContentUpserted(slug="mine--aula-1", title="T", content_type="course_lesson", project="others"),
        c.ContentUpserted(slug="others--aula-1", title="T", content_type="course_lesson", project="mine"),
        c.ContentTagged(slug="others--aula-2", tag="mine"),
        c.ProjectStatusChanged(slug="others", status="archived"),
    ]
    for payload in forbidden:
        mine.append(payload)
    refused = {event.seq for event in mine.events()} - set(range(1, mine.last_seq - len(forbidden) + 1))
    add_lessons(mine, "mine", range(11, 14))
    host = bus.host(mine)
    bus.until_all_is_applied()
    assert set(on_the_list(database)) == refused
    assert all("may not write the project others" in row.reason for row in host.box.parked.list())
    assert {row for row in slugs(database) if row[1] == "others"} == before
    assert {slug for slug, project in slugs(database) if project == "mine"} >= {"mine--aula-1", "mine--aula-13"}
    assert positions(database) == {box.outbox_id: box.last_seq for box in (mine, others)}


def test_without_rights_every_outbox_may_write_everything_and_a_star_grants_all(
    bus: Fleet, database: Database, tmp_path: Path
) -> None:
    one, other = course(tmp_path / "1.db", "one", 2), course(tmp_path / "2.db", "other", 2)
    bus.host(one)
    bus.until_all_is_applied()
    grant(database, other.outbox_id, "*")
    other.append(lesson(7, project="one"))
    bus.host(other)
    bus.until_all_is_applied()
    assert on_the_list(database) == {}
    one.append(lesson(8, project="one"))
    bus.until_all_is_applied()
    assert len(on_the_list(database)) == 1, "somebody was granted something, and this one nothing"


def test_a_worker_with_its_own_connection_grants_itself_nothing(database: Database) -> None:
    """Only the owner of the database writes rights."""
    with psycopg.connect(database.worker_dsn, autocommit=True) as connection:
        for statement in (
            "insert into outbox.rights (outbox_id, project) values (gen_random_uuid(), '*')",
            "delete from outbox.rights",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
