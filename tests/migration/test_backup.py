import stat
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest

import worker.migrate.backup as module
from tests.support.postgres import Database, Server
from worker.migrate import BackupError, NotReadyError, apply_all, connect, make_backup, migrate, pg_dump
from worker.migrate.pg_dump import CHOSEN, find_pg_dump
from worker.standin.binaries import wheel_programs

FILL = """
insert into minds (slug, display_name) values ('ana', 'Ana');
insert into contents (slug, title, content_type, content)
select 'c' || n, E'linha\\\\.\\n\\\\.\\n' || n, 'other', E'\\\\.\\n' || repeat('texto ', 500) from generate_series(1, 200) n;
"""


def fill(database: Database) -> None:
    with psycopg.connect(database.dsn) as connection:
        connection.execute(FILL.encode())


def backup_of(database: Database, folder: Path) -> module.Backup:
    with connect(database.dsn) as connection:
        made = make_backup(connection, folder)
    assert made is not None
    return made


def test_a_backup_is_restored_before_it_is_called_one(database: Database, tmp_path: Path) -> None:
    """Every row is found again on another server, and the file is for us alone."""
    fill(database)
    made = backup_of(database, tmp_path / "backups")
    assert made.rehearsal.restored, made.rehearsal.reason
    assert made.rows >= 201
    assert made.size_bytes == made.path.stat().st_size > 0
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.path.parent.stat().st_mode) == 0o700


def test_a_migration_is_backed_up_first(database: Database, tmp_path: Path) -> None:
    """The file holds what was there before the rollback ran."""
    fill(database)
    report = migrate(database.dsn, "down", backups=tmp_path)
    assert report.backup is not None
    listed = subprocess.run(
        [str(wheel_programs() / "pg_restore"), "--list", str(report.backup.path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "TABLE DATA public contents" in listed.stdout
    assert "POLICY public contents contents_read" in listed.stdout


def test_there_is_nothing_to_back_up_in_an_empty_database(empty_database: Database, tmp_path: Path) -> None:
    """No file, rather than an empty one; and nobody is told of a backup that is not made."""
    said: list[str] = []
    report = migrate(empty_database.dsn, "up", backups=tmp_path / "backups", told=said.append)
    assert [line for line in said if "back" in line] == []
    assert report.backup is None
    assert not (tmp_path / "backups").exists()
    assert len(report.applied) == len(report.planned) > 0


@pytest.mark.parametrize("damage", ["cut short", "emptied"])
def test_a_damaged_file_is_no_backup(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    """A dump that ended early is refused, and not left lying about."""
    fill(database)
    real = module._dump

    def damaged(*arguments: object) -> None:
        real(*arguments)  # type: ignore[arg-type]
        path = arguments[2]
        assert isinstance(path, Path)
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) * 2 // 3] if damage == "cut short" else b"")

    monkeypatch.setattr(module, "_dump", damaged)
    with pytest.raises(BackupError, match="Nothing was changed"):
        backup_of(database, tmp_path)
    assert list(tmp_path.glob("*.dump")) == []


def test_missing_rows_are_noticed(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readable to its end is not enough: each table is counted."""
    fill(database)
    real = module._dump

    def without_contents(program: module.PgDump, live: Any, path: Path, schemas: list[str], snapshot: str) -> None:
        real(program, live, path, schemas, snapshot)
        subprocess.run(
            [str(program.path), "--format=custom", f"--file={path}", "--exclude-table-data=public.contents", "--schema=public"],
            env=module.libpq_environment(live), check=True,
        )  # fmt: skip

    monkeypatch.setattr(module, "_dump", without_contents)
    with pytest.raises(BackupError, match=r"not complete \(.*public\.contents: absent of 200 rows"):
        backup_of(database, tmp_path)


def test_a_pg_dump_older_than_the_server_is_refused_before_anything_is_touched(
    empty_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says which one was tried and that --no-backup exists."""
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 14.9'\n", encoding="utf-8")
    old.chmod(0o755)
    (tmp_path / "pg_restore").touch()
    monkeypatch.setenv(CHOSEN, str(old))
    apply_all(empty_database.dsn)
    with pytest.raises(NotReadyError, match=r"14\.9, older than the server's 18.*--no-backup"):
        migrate(empty_database.dsn, "down", backups=tmp_path)
    assert migrate(empty_database.dsn, "down", backups=None).applied != []


def test_a_pg_dump_that_cannot_connect_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Built without TLS, it looks fine until it must use it."""
    monkeypatch.setenv(CHOSEN, str(wheel_programs() / "pg_dump"))
    real = pg_dump.libpq_environment
    monkeypatch.setattr(pg_dump, "libpq_environment", lambda live: real(live) | {"PGSSLMODE": "require"})
    with connect(database.dsn) as connection, pytest.raises(BackupError, match="SSL support is not compiled in"):
        find_pg_dump(connection)


def test_the_oldest_server_is_backed_up_too(oldest_server: Server, tmp_path: Path) -> None:
    """With whichever pg_dump reads it; the restore is tried on the embedded server."""
    database = oldest_server.clone(oldest_server.migrated())
    fill(database)
    made = backup_of(database, tmp_path)
    assert made.rehearsal.restored, made.rehearsal.reason
    oldest_server.drop(database)
