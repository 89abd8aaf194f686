"""A PostgreSQL without Supabase is a destination: what the migrations build upon is made by one command."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

import worker.standin.server
from outbox import Outbox
from tests.conftest import DEBIAN_15
from tests.support.make_outbox import lesson, project
from tests.support.postgres import Database
from worker.cli import cli
from worker.migrate import NotReadyError, bootstrap, connect
from worker.standin import LocalPostgres


@pytest.fixture(params=["PostgreSQL 18", "PostgreSQL 15"])
def plain(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalPostgres]:
    """A server as initdb makes it, whose superuser is `boss`."""
    if request.param == "PostgreSQL 15" and not (DEBIAN_15 / "postgres").exists():
        pytest.skip("NOT TESTED on PostgreSQL 15: it is not installed (apt-get install postgresql-15)")
    monkeypatch.setattr(worker.standin.server, "prepare", lambda *_args, **_more: None)
    programs = DEBIAN_15 if request.param == "PostgreSQL 15" else None
    local = LocalPostgres(tmp_path / "server", durable=False, programs=programs)
    try:
        local.start()
        with psycopg.connect(local.dsn(user="supabase_admin"), autocommit=True) as connection:
            for statement in (
                f"create role boss login superuser password '{local.password}'",
                f"create role shopkeeper login createrole password '{local.password}'",
                "create database shop owner shopkeeper",
            ):
                connection.execute(statement.encode())
        with psycopg.connect(local.dsn(user="boss"), autocommit=True) as connection:
            connection.execute("alter role supabase_admin rename to initial")
        yield local
    finally:
        local.stop("immediate")
        local.remove_data()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith(("OUTBOX_", "SUPABASE_", "CREATOR_", "PG")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OUTBOX_PATH", str(tmp_path / "box" / "outbox.db"))
    monkeypatch.setenv("CONTENT_ROOT", str(tmp_path / "content"))
    (tmp_path / "content").mkdir()
    return tmp_path


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == code, result.output
    return result


@pytest.mark.parametrize("login", ["boss", "shopkeeper"])
def test_the_whole_way_on_a_plain_server(
    plain: LocalPostgres, home: Path, monkeypatch: pytest.MonkeyPatch, login: str
) -> None:
    """Bootstrap twice, migrate, check, deliver, verify, down and up again: as a superuser, and as the database's owner."""
    monkeypatch.setenv("SUPABASE_MIGRATE_DB_URL", plain.dsn("shop", login))
    refused = run("migrate", "up", "--no-backup", code=4)
    assert "worker migrate bootstrap --plain" in refused.stderr
    assert "Supabase database" not in refused.stderr
    made = json.loads(run("migrate", "bootstrap", "--plain", "--json").stdout)["made"]
    assert "role anon" in made
    assert "function auth.uid()" in made
    assert json.loads(run("migrate", "bootstrap", "--plain", "--json").stdout) == {"made": []}
    run("migrate", "up", "--no-backup")
    checked = json.loads(run("migrate", "check", "--json").stdout)
    assert checked["holds"]
    # Without a superuser nobody can give service_role its exemption.
    assert {one["name"] for one in checked["findings"]} <= ({"audit_roles"} if login == "shopkeeper" else set())
    with psycopg.connect(plain.dsn("shop", login), autocommit=True) as connection:
        connection.execute(f"alter role outbox_worker password '{plain.password}'".encode())
    monkeypatch.setenv("SUPABASE_DB_URL", plain.dsn("shop", "outbox_worker"))
    monkeypatch.setenv("CREATOR_OS_DB_PERSIST", "true")
    with Outbox.open(home / "box" / "outbox.db") as box, box.unit() as unit:
        for payload in (*project(), lesson(1), lesson(2)):
            unit.append(payload)
    run("drain")
    assert "0 remain" in run("drain").stdout
    assert json.loads(run("verify", "--json").stdout)["differences"] == []
    doctor = json.loads(CliRunner().invoke(cli, ["doctor", "--json"]).stdout)
    assert [one for one in doctor if one["outcome"] == "fail"] == []
    run("migrate", "down", "--all", "--no-backup")
    run("migrate", "up", "--no-backup")
    assert json.loads(run("migrate", "check", "--json").stdout)["holds"]


def test_bootstrap_without_the_flag_is_a_usage_error(home: Path) -> None:
    """The flag says that one knows what kind of server it is."""
    run("migrate", "bootstrap", code=2)


def test_a_supabase_server_needs_no_bootstrap(empty_database: Database) -> None:
    """It is refused, and told what to do instead."""
    with connect(empty_database.dsn) as connection, pytest.raises(NotReadyError, match="this is a Supabase server"):
        bootstrap(connection)


def test_a_login_without_the_rights_is_told_what_is_missing(plain: LocalPostgres) -> None:
    """By name, and nothing is half made."""
    with psycopg.connect(plain.dsn(user="boss"), autocommit=True) as connection:
        connection.execute(f"create role nobody_special login password '{plain.password}'".encode())
    with connect(plain.dsn("shop", "nobody_special")) as connection:
        with pytest.raises(NotReadyError, match=r"nobody_special may not make what is missing .*role anon"):
            bootstrap(connection)
        assert connection.execute("select to_regrole('anon')").fetchone() == (None,)
