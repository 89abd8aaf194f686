import json
import os
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from tests.support.postgres import Database
from worker.commands.migrate import migrate
from worker.migrate import load
from worker.standin import LocalPostgres


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host with an outbox and nothing else in its environment."""
    for name in list(os.environ):
        if name.startswith(("OUTBOX_", "SUPABASE_", "CREATOR_", "PG")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OUTBOX_PATH", str(tmp_path / "outbox.db"))
    monkeypatch.setenv("CONTENT_ROOT", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(migrate, arguments)


def test_up_status_check_down(home: Path, empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands in the order of a rollout, with their exit codes."""
    monkeypatch.setenv("SUPABASE_DB_URL", empty_database.dsn)
    assert run("check").exit_code == 4
    dry = run("up", "--dry-run")
    assert dry.exit_code == 0
    assert dry.stdout.count("would apply") == len(load())
    assert json.loads(run("status", "--json").stdout)["pending"] == len(load())
    up = run("up", "--json")
    assert up.exit_code == 0, up.output
    assert [step["version"] for step in json.loads(up.stdout)["applied"]] == [m.version for m in load()]
    assert json.loads(run("check", "--json").stdout) == {"holds": True, "pending": [], "findings": []}
    assert "nothing to do" in run("up").stdout
    down = json.loads(run("down", "--json").stdout)
    assert [step["version"] for step in down["applied"]] == [load()[-1].version]
    assert down["backup"]["restored"] is True
    assert Path(down["backup"]["path"]).parent == home / "backups"
    assert run("check").exit_code == 4
    assert run("down", "--all", "--no-backup").exit_code == 0
    assert set(json.loads(run("status", "--json").stdout)["migrations"][0]) == {"version", "name", "state"}


def test_a_person_reads_what_was_backed_up_and_taken_back(
    home: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the backup lies, what is in it, and that it was restored; then what the database lacks."""
    monkeypatch.setenv("SUPABASE_DB_URL", database.dsn)
    with psycopg.connect(database.dsn) as connection:
        connection.execute("insert into contents (slug, title, content_type) values ('a', 'A', 'other')")
    down = run("down")
    assert down.exit_code == 0, down.output
    (backup,) = (home / "backups").iterdir()
    assert f"backup    {backup}" in down.stdout
    assert "restored and counted" in down.stdout
    last = load()[-1]
    assert f"removed   {last.version} {last.name}" in down.stdout
    status = run("status").stdout
    assert last.version in status
    assert "pending" in status


def test_a_broken_promise_is_exit_code_4(home: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Applied is not enough: what was promised must hold."""
    monkeypatch.setenv("SUPABASE_DB_URL", database.dsn)
    assert run("check").exit_code == 0
    with psycopg.connect(database.dsn) as connection:
        connection.execute("grant select on contents to anon")
    told = run("check")
    assert told.exit_code == 4
    assert "anon may use SELECT on table public.contents, which is not meant" in told.stdout
    assert "revoke SELECT on table public.contents from anon;" in told.stdout


def test_the_administrators_url_goes_first(home: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker's own login need not be able to migrate."""
    monkeypatch.setenv("SUPABASE_DB_URL", database.worker_dsn)
    refused = run("status")
    assert refused.exit_code == 3
    assert "connect as postgres" in refused.stderr
    monkeypatch.setenv("SUPABASE_MIGRATE_DB_URL", database.dsn)
    assert run("status").exit_code == 0


@pytest.mark.parametrize(
    ("url", "code", "told"),
    [
        (None, 3, "set SUPABASE_MIGRATE_DB_URL (or SUPABASE_DB_URL)"),
        ("postgresql://postgres:geheim@127.0.0.1:1/postgres", 5, "127.0.0.1:1/postgres cannot be reached"),
    ],
)
def test_errors_say_what_to_do(
    home: Path, monkeypatch: pytest.MonkeyPatch, url: str | None, code: int, told: str
) -> None:
    """On stderr, with the code of the contract, and without the password."""
    if url:
        monkeypatch.setenv("SUPABASE_DB_URL", url)
    result = run("up")
    assert result.exit_code == code
    assert told in result.stderr
    assert result.stdout == ""
    assert "geheim" not in result.output


def test_the_local_database_needs_no_url(home: Path) -> None:
    """It is made beside the outbox, migrated, and stopped again; a second command finds it as it was."""
    assert run("up", "--local").exit_code == 0
    assert run("check", "--local").exit_code == 0
    assert (home / "local-postgres" / "port").exists()
    local = LocalPostgres(home / "local-postgres")
    assert not local.running
    local.remove_data()
