"""`worker doctor` beside a real database: each line of it warns or fails for real."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from outbox import Outbox
from tests.support.make_outbox import filled
from tests.support.postgres import Database
from tests.support.processes import environment, worker
from tests.support.relaying import drain
from worker import WorkerSettings
from worker.doctor import Finding, examine
from worker.doctor.database import Server, clock, encryption
from worker.doctor.database import database as version

Examine = Callable[..., dict[str, Finding]]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with filled(tmp_path / "box" / "outbox.db", 2) as made:
        yield made


@pytest.fixture
def found(box: Outbox, tmp_path: Path) -> Examine:
    def command(dsn: str) -> dict[str, Finding]:
        env = {"OUTBOX_PATH": str(box.path), "CONTENT_ROOT": str(tmp_path / "content"), "SUPABASE_DB_URL": dsn}
        return {one.check: one for one in examine(WorkerSettings.from_env(env), dsn, env)}

    return command


def run(dsn: str, statement: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement)


def sources(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        return connection.execute("select count(*) from outbox.sources").fetchone()[0]


def test_a_database_that_is_well_has_no_failing_line_and_nothing_is_written(found: Examine, database: Database) -> None:
    """Not even the outbox is made known to it."""
    lines = found(database.worker_dsn)
    assert {one.outcome for one in lines.values()} <= {"ok", "warn"}
    names = (
        "database",
        "tls",
        "role",
        "clock",
        "writable",
        "rights",
        "row security",
        "statement timeout",
        "obstacles",
        "rehearsal",
        "schema",
        "target",
    )
    assert [lines[name].outcome for name in names] == ["ok"] * len(names)
    assert sources(database.dsn) == 0


def test_a_role_that_may_do_more_is_a_warning(found: Examine, database: Database) -> None:
    assert found(database.dsn)["role"].outcome == "warn"


def test_missing_rights_and_open_tables_fail(found: Examine, database: Database) -> None:
    run(database.dsn, "revoke insert on contents from outbox_worker")
    run(database.dsn, "alter table content_tags disable row level security")
    lines = found(database.worker_dsn)
    assert lines["rights"].outcome == lines["row security"].outcome == "fail"
    assert "insert on public.contents" in lines["rights"].found
    assert "content_tags" in lines["row security"].found


def test_a_read_only_database_fails(found: Examine, database: Database) -> None:
    """As a project over its quota is."""
    lines = found(f"{database.worker_dsn}&options=-c%20default_transaction_read_only%3Don")
    assert lines["writable"].outcome == "fail"
    assert lines["rights"].outcome == "ok"


@pytest.mark.parametrize("key", ["tags ((1))", "tags (left(name, 3))", "contents (content_type)"])
def test_a_unique_key_that_refuses_what_is_tried_is_named(key: str, found: Examine, database: Database) -> None:
    """A key of the owner's, also of tags, which are looked for one by one: not told as a trigger that keeps a row."""
    with psycopg.connect(database.dsn, autocommit=True) as owner:
        owner.execute("insert into tags (name) values ('outside')")
        owner.execute("insert into contents (slug, title, content_type) values ('z', 'z', 'course_lesson')")
        owner.execute(f"create unique index uq on {key}".encode())
    line = found(database.worker_dsn)["rehearsal"]
    assert (line.outcome, line.found) == ("fail", "another row has the same unique value (constraint uq)")


def test_a_tighter_limit_than_ours_is_a_warning(found: Examine, database: Database) -> None:
    line = found(f"{database.worker_dsn}&options=-c%20statement_timeout%3D5s")["statement timeout"]
    assert line.outcome == "warn"
    assert "OUTBOX_STATEMENT_TIMEOUT_SECONDS=5" in line.remedy


def test_a_missing_schema_and_another_version_fail(
    found: Examine, database: Database, empty_database: Database
) -> None:
    line = found(empty_database.dsn)["schema"]
    assert line.outcome == "fail"
    assert "worker migrate up" in line.remedy
    run(database.dsn, "update outbox.destination set schema_version = 99")
    line = found(database.worker_dsn)["schema"]
    assert (line.outcome, "version 99" in line.found) == ("fail", True)


def test_another_database_than_last_time_fails(found: Examine, box: Outbox, database: Database) -> None:
    drain(box, database.worker_dsn)
    assert found(database.worker_dsn)["target"].outcome == "ok"
    run(database.dsn, "update outbox.destination set destination_id = gen_random_uuid()")
    lines = found(database.worker_dsn)
    assert (lines["schema"].outcome, lines["target"].outcome) == ("ok", "fail")
    assert "SUPABASE_DB_URL leads to" in lines["target"].found


def test_a_wrong_password_fails_with_what_mends_it(found: Examine, database: Database) -> None:
    user, _, rest = database.worker_dsn.partition("@")
    wrong = f"{user.rsplit(':', 1)[0]}:wrong-word@{rest}"
    line = found(wrong)["database"]
    assert (line.outcome, line.unreachable) == ("fail", False)
    assert "SUPABASE_DB_URL" in line.remedy
    assert "wrong-word" not in str(line)


def test_what_a_test_cannot_make_wrong_is_judged_from_what_the_server_says(database: Database) -> None:
    """A clock that is minutes apart and a session without TLS that leaves this machine warn; an old server fails."""
    with psycopg.connect(database.worker_dsn, autocommit=True) as connection:
        server = Server.ask(connection)
    assert (clock(server).outcome, version(server).outcome) == ("ok", "ok")
    assert clock(dataclasses.replace(server, skew_seconds=31.0)).outcome == "warn"
    assert version(dataclasses.replace(server, version_number=140_011)).outcome == "fail"
    assert encryption(server, "127.0.0.1").outcome == "ok"
    assert encryption(server, "db.example.org").outcome == "warn"


def test_the_command_exits_with_what_it_found(box: Outbox, database: Database, tmp_path: Path) -> None:
    """0 where all is well, 4 where something must be mended, 5 where only the database is away; as lines and as JSON."""

    def command(dsn: str, *more: str) -> tuple[int, str]:
        with worker("doctor", *more, env=environment(box.path, dsn), cwd=tmp_path) as process:
            out, errors = process.communicate()
            assert errors == ""
        return process.returncode, out

    code, out = command(database.worker_dsn)
    assert code == 0
    assert "\x1b" not in out
    assert "ok    rights" in out
    code, out = command("postgresql://outbox_worker:p@127.0.0.1:1/postgres", "--json")
    assert code == 5
    assert {tuple(one) for one in json.loads(out)} == {("check", "outcome", "found", "remedy")}
    run(database.dsn, "revoke insert on contents from outbox_worker")
    assert command(database.worker_dsn, "--json")[0] == 4
