"""Databases that were migrated before the files took their present form go on like any other."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres import Database
from tests.support.schema import BROWNFIELD, catalogue
from worker.migrate import Migration, Severity, State, audit, connect, load, migrate, read_plan
from worker.migrate.apply import apply_steps

EARLIER = {
    path.name: path.read_text(encoding="utf-8")
    for path in (Path(__file__).parents[1] / "data" / "migrations_before").glob("*.sql")
}
LAST_OF_THEM = "20260101000700"
Prepare = Callable[[Database], Database]

HELPERS = """
    select f.proname, pg_get_functiondef(f.oid), f.proacl::text from pg_proc f
    where f.pronamespace = 'content_access'::regnamespace order by 1"""
COLUMN_RIGHTS = """
    select table_name, column_name, grantee, privilege_type from information_schema.column_privileges
    where table_schema = 'public' and grantee in ('anon', 'authenticated', 'service_role', 'outbox_worker')
    order by 1, 2, 3, 4"""
DEFAULTS = """
    select table_schema, table_name, column_name, column_default from information_schema.columns
    where table_schema in ('public', 'outbox') and column_default is not null order by 1, 2, 3"""
OWN_POLICIES = "select policyname, cmd, roles, qual, with_check from pg_policies where schemaname = 'outbox' order by 1"


def earlier() -> list[Migration]:
    """The files as they were, as far as there were any."""
    return [
        dataclasses.replace(migration, sql=EARLIER.get(migration.file_name, migration.sql))
        for migration in load()
        if migration.version <= LAST_OF_THEM
    ]


def migrate_as_before(database: Database, *, brownfield: bool, up_to: str = LAST_OF_THEM) -> None:
    if brownfield:
        ask(database, BROWNFIELD)
    steps = [migration for migration in earlier() if migration.version <= up_to]
    apply_steps(database.dsn, steps, "up", report=lambda _: None)


def ask(database: Database, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def everything(database: Database) -> dict[str, object]:
    asked = {"helpers": HELPERS, "rights": COLUMN_RIGHTS, "defaults": DEFAULTS, "own": OWN_POLICIES}
    return {**catalogue(database.dsn), **{name: ask(database, statement) for name, statement in asked.items()}}


@pytest.mark.parametrize("brownfield", [False, True], ids=["fresh", "brownfield"])
def test_an_earlier_form_is_applied_and_has_not_drifted(any_empty_database: Database, *, brownfield: bool) -> None:
    """Only what came later is pending; the audit after it finds nothing to complain of."""
    migrate_as_before(any_empty_database, brownfield=brownfield)
    with connect(any_empty_database.dsn) as connection:
        plan = read_plan(connection, load())
    assert plan.drifted == ()
    assert {step.state for step in plan.steps if step.version <= LAST_OF_THEM} == {State.APPLIED}
    report = migrate(any_empty_database.dsn, "up", backups=None)
    assert [step.version for step in report.applied] == [m.version for m in load() if m.version > LAST_OF_THEM]
    assert [finding for finding in report.findings if finding.severity is Severity.ERROR] == []


@pytest.mark.parametrize("brownfield", [False, True], ids=["fresh", "brownfield"])
@pytest.mark.parametrize("reached", ["20260101000500", "20260101000510", "20260101000600", LAST_OF_THEM])
def test_whatever_was_reached_before_the_end_is_the_same(
    database: Database, empty_database: Database, reached: str, *, brownfield: bool
) -> None:
    """Policies, helpers, rights and defaults are those of a database that only knows the present files."""
    migrate_as_before(empty_database, brownfield=brownfield, up_to=reached)
    migrate(empty_database.dsn, "up", backups=None)
    if brownfield:
        with connect(empty_database.dsn) as connection:
            assert [f for f in audit(connection) if f.severity is Severity.ERROR] == []
        migrate(empty_database.dsn, "down", backups=None, steps=99)
        migrate(empty_database.dsn, "up", backups=None)
        with connect(empty_database.dsn) as connection:
            assert [f for f in audit(connection) if f.severity is Severity.ERROR] == []
        return
    assert everything(empty_database) == everything(database)


@pytest.mark.parametrize("brownfield", [False, True], ids=["fresh", "brownfield"])
@pytest.mark.parametrize("upgraded", [False, True], ids=["as it was", "brought up to date"])
def test_down_all_leaves_what_was_there_before(
    any_empty_database: Database, *, brownfield: bool, upgraded: bool
) -> None:
    """Policies, row level security and rights of before come back, whichever files set them aside."""
    kinds = ("policies", "row security", "grants", "column grants")
    if brownfield:
        ask(any_empty_database, BROWNFIELD)
    before = catalogue(any_empty_database.dsn, *kinds)
    migrate_as_before(any_empty_database, brownfield=False)
    if upgraded:
        migrate(any_empty_database.dsn, "up", backups=None)
    migrate(any_empty_database.dsn, "down", backups=None, steps=99)
    assert catalogue(any_empty_database.dsn, *kinds) == before
    assert ask(any_empty_database, "select to_regnamespace('content_access')") == [(None,)]


def test_a_text_that_was_never_ours_has_drifted(database: Database) -> None:
    """Somebody ran another file under this name."""
    ask(
        database,
        "update supabase_migrations.schema_migrations set statements = array['select 1'] where version = '20260101000510'",
    )
    with connect(database.dsn) as connection:
        assert [step.version for step in read_plan(connection, load()).drifted] == ["20260101000510"]
