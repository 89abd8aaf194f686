"""The Supabase CLI and we read and write one history. Runs where the CLI is: on PATH, or named in SUPABASE_CLI.

It is a 141 MB binary (`npm install --ignore-scripts supabase`), so it is no dependency of the project.
"""

import datetime as dt
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres import Database, Server
from worker.migrate import State, apply_all, connect, load, read_plan
from worker.migrate.plan import Plan

Cli = Callable[..., str]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Runs the CLI in a project folder that holds our migrations, and returns its output."""
    program = os.environ.get("SUPABASE_CLI") or shutil.which("supabase")
    if program is None:
        pytest.skip("NOT TESTED with the Supabase CLI: it is not installed (set SUPABASE_CLI to its path)")
    folder = tmp_path / "supabase" / "migrations"
    with resources.as_file(resources.files("migrations").joinpath("supabase")) as ours:
        shutil.copytree(ours, folder)

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [program, *arguments], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            env={**os.environ, "HOME": str(tmp_path), "DO_NOT_TRACK": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def plan_of(database: Database) -> Plan:
    with connect(database.dsn) as connection:
        return read_plan(connection, load())


def history(database: Database) -> list[tuple[object, ...]]:
    with psycopg.connect(database.dsn) as connection:
        return connection.execute(
            "select version, name, statements from supabase_migrations.schema_migrations order by version"
        ).fetchall()


def test_what_we_applied_the_cli_shows_as_applied(database: Database, cli: Cli) -> None:
    """Every version stands in both columns of its list, and it has nothing left to push."""
    listed = cli("migration", "list", "--db-url", database.dsn)
    for migration in load():
        assert listed.count(migration.version) == 2, listed
    cli("db", "push", "--db-url", database.dsn, "--yes")
    assert plan_of(database).pending == ()


def test_what_the_cli_pushed_we_see_as_applied(empty_database: Database, cli: Cli) -> None:
    """None is pending, none has drifted, and applying again does nothing."""
    cli("db", "push", "--db-url", empty_database.dsn, "--yes")
    assert {step.state for step in plan_of(empty_database).steps} == {State.APPLIED}
    assert apply_all(empty_database.dsn) == []


def test_both_write_the_same_history(database: Database, empty_database: Database, cli: Cli) -> None:
    """Version, name and every statement, to the letter."""
    cli("db", "push", "--db-url", empty_database.dsn, "--yes")
    assert history(empty_database) == history(database)


def test_half_by_us_and_half_by_the_cli(database: Database, cli: Cli) -> None:
    """A version that the CLI reverts is pending for us, and one that we apply is there for it."""
    last = load()[-1].version
    cli("migration", "repair", "--status", "reverted", last, "--yes", "--db-url", database.dsn)
    assert [migration.version for migration in plan_of(database).pending] == [last]
    assert apply_all(database.dsn) == [last]
    assert cli("migration", "list", "--db-url", database.dsn).count(last) == 2


@pytest.mark.parametrize("default_grants", [False, True], ids=["explicit grants", "historic grants"])
def test_the_advisors_find_nothing_but_unused_indexes(server: Server, cli: Cli, *, default_grants: bool) -> None:
    """On a schema that nobody has queried yet every index is unused."""
    database = server.clone(server.migrated(default_grants=default_grants))
    told = cli("db", "advisors", "--db-url", database.dsn, "--type", "all", "--level", "info", "-o", "json")
    assert {finding["name"] for finding in json.loads(told)} == {"unused_index"}
    server.drop(database)


def test_each_version_is_a_moment_as_the_cli_reads_it() -> None:
    """It shows one that is none in its column of times as it stands."""
    for migration in load():
        assert dt.datetime.strptime(migration.version, "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC).year > 0
