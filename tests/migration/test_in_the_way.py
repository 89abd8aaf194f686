"""`worker migrate check` and `worker doctor` find what would hold the relay up, and never say that all is well then."""

import psycopg
import pytest

from tests.support.postgres import Database
from tests.support.rows import all_rows
from worker.connect.connection import connect
from worker.doctor.database import in_the_way as known_to_the_doctor
from worker.doctor.database import rights, tried
from worker.migrate import Severity
from worker.migrate.in_the_way import in_the_way

FUNCTION = "create function nt() returns trigger language plpgsql as $$ begin {} return new; end $$"
AFTER = "create trigger t after insert on {} for each row execute function nt()"

CASES: dict[str, tuple[tuple[str, ...], str]] = {
    "a right": (("create table notes (x text)", FUNCTION.format("insert into notes values (new.slug);"), AFTER.format("contents")), "notes"),
    "a schema": ((FUNCTION.format("insert into nowhere.notes values (1);"), AFTER.format("contents")), "nowhere"),
    "a function": ((FUNCTION.format("perform public.nofn();"), AFTER.format("content_tags")), "nofn"),
    "a table, built at run time": ((FUNCTION.format("execute 'insert into gone values (1)';"), AFTER.format("tags")), "gone"),
    "a column of the row": ((FUNCTION.format("if new.nocol then null; end if;"), AFTER.format("content_projects")), "nocol"),
    "a swallowing trigger": ((FUNCTION.format("return null;"), AFTER.format("contents").replace("after", "before")), "kept a row of contents"),
    "a generated column": (("drop view v_contents_with_creators", "alter table contents drop column file_path", "alter table contents add file_path text generated always as (slug) stored"), "contents.file_path"),
    "a required column": (("alter table contents add column owner text not null",), "contents.owner"),
    "a publication": (("alter table contents replica identity nothing", "create publication p for table contents"), "contents is published"),
    "a sequence": (("insert into tags (id, name) values (7, 'x')",), "setval("),
    "hidden rows": (("alter table minds enable row level security", "drop policy if exists outbox_worker_minds on minds"), "public.minds"),
    "a restrictive policy": (("create policy p on contents as restrictive for update using (slug <> 'x')",), "restrictive policy p"),
    "a rule": (("create rule r as on update to contents do instead nothing",), "rule r on public.contents"),
}  # fmt: skip

# Nothing can be read of these any more.
TAKEN_AWAY: dict[str, tuple[tuple[str, ...], str]] = {
    "a table that was dropped": (("drop table content_tags cascade",), "table public.content_tags is not there: is the database being restored?"),
    "a table that was renamed": (("alter table contents rename to contents_old",), "table public.contents is not there"),
    "a schema that is closed to the role": (("revoke usage on schema public from outbox_worker, public",), "grant usage on schema public to outbox_worker"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_stands_in_the_way_is_found_beforehand(case: str, database: Database) -> None:
    """By both commands, as an error, by its name; and nothing of the trial stays."""
    statements, name = CASES[case]
    with psycopg.connect(database.dsn, autocommit=True) as owner:
        owner.execute("insert into minds (slug, display_name) values ('ana', 'Ana')")
        for statement in statements:
            owner.execute(statement.encode())
        before = all_rows(database.dsn)
        found = in_the_way(owner, database.worker_dsn)
    told = " ".join(f"{breach.what}: {breach.closes}" for one in found for breach in one.breaches)
    assert name in told
    assert "run `worker migrate check`" not in told
    assert any(one.severity is Severity.ERROR for one in found)
    with connect(database.worker_dsn) as connection:
        lines = [known_to_the_doctor(connection), tried(connection)]
    assert "fail" in {line.outcome for line in lines}
    assert name in " ".join(f"{line.found}: {line.remedy}" for line in lines)
    assert all_rows(database.dsn) == before


@pytest.mark.parametrize("case", TAKEN_AWAY)
def test_what_was_taken_away_is_named_with_a_way_out(case: str, database: Database) -> None:
    """`migrate up` has nothing to do then, and nobody is sent to the command that was just run."""
    statements, name = TAKEN_AWAY[case]
    with psycopg.connect(database.admin_dsn, autocommit=True) as owner:
        for statement in statements:
            owner.execute(statement.encode())
        found = in_the_way(owner, database.worker_dsn)
    told = " ".join(f"{breach.what}: {breach.closes}" for one in found for breach in one.breaches)
    assert name in told
    assert "run `worker migrate check`" not in told
    with connect(database.worker_dsn) as connection:
        assert rights(connection).outcome == "fail"
        line = known_to_the_doctor(connection)
    assert line.outcome == "fail"
    assert name in f"{line.found}: {line.remedy}"


def test_a_database_in_which_nothing_is_in_the_way_has_no_finding(database: Database) -> None:
    """A trigger that does its own work well is none of our business."""
    with psycopg.connect(database.dsn, autocommit=True) as owner:
        owner.execute("insert into minds (slug, display_name) values ('ana', 'Ana')")
        owner.execute("create table notes (x text)")
        owner.execute("grant insert on notes to outbox_worker")
        owner.execute(FUNCTION.format("insert into notes values (new.slug);").encode())
        owner.execute(AFTER.format("contents").encode())
        before = all_rows(database.dsn)
        assert in_the_way(owner, database.worker_dsn) == ()
        assert owner.execute("select count(*) from notes").fetchone() == (0,)
    assert all_rows(database.dsn) == before
