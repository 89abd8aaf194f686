"""`worker verify` names every difference; `worker replay` mends what a database lost; `worker doctor` says what ails."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from outbox import Outbox
from outbox import catalogue as c
from tests.support.make_outbox import PROJECT, filled, lesson, project
from tests.support.postgres import Database, Server
from tests.support.processes import environment, worker
from tests.support.relaying import drain
from tests.support.rows import all_rows


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    path = tmp_path / "outbox.db"
    with Outbox.open(path, content_root=tmp_path / "content") as box, box.unit() as unit:
        for payload in (*project(), lesson(1), lesson(2), lesson(3)):
            unit.append(payload)
        unit.append(c.ContentTagged(slug=f"{PROJECT}--aula-1", tag="pão"))
        unit.append(c.ContentFidelityScored(slug=f"{PROJECT}--aula-1", score=0.925))
        unit.write("courses/x/lessons/1.md", "Olá ✅".encode())
    return path


def command(*arguments: str, outbox: Path, dsn: str, cwd: Path) -> tuple[int, Any]:
    with worker(*arguments, "--json", env=environment(outbox, dsn), cwd=cwd) as process:
        out, errors = process.communicate(timeout=60)
        assert out, errors
        return process.returncode, json.loads(out)


def run(database: Database, statement: str) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(statement)


def test_what_agrees_is_counted_and_exits_0(outbox: Path, database: Database, tmp_path: Path) -> None:
    with Outbox.open(outbox) as box:
        drain(box, database.worker_dsn)
        last_seq = box.last_seq
    code, found = command("verify", outbox=outbox, dsn=database.worker_dsn, cwd=tmp_path)
    assert code == 0, found
    assert found == {"files": 1, "events": last_seq, "rows": 6, "agree": 6, "overtaken": 0, "differences": []}


def test_every_difference_is_named(outbox: Path, database: Database, tmp_path: Path) -> None:
    with Outbox.open(outbox) as box:
        drain(box, database.worker_dsn)
        box.append(lesson(7))
    run(database, f"update contents set content = 'x' where slug = '{PROJECT}--aula-1'")
    run(database, f"update contents set metadata = metadata - 'duration_minutes' where slug = '{PROJECT}--aula-1'")
    run(database, "delete from content_tags")
    run(database, f"delete from contents where slug = '{PROJECT}--aula-2'")
    (tmp_path / "content/courses/x/lessons/1.md").write_text("by hand")
    code, found = command("verify", outbox=outbox, dsn=database.worker_dsn, cwd=tmp_path)
    assert code == 4
    named = {(one["kind"], one["what"]): one["detail"] for one in found["differences"]}
    assert set(named) == {
        ("file_changed", "courses/x/lessons/1.md"),
        ("row_differs", f"content {PROJECT}--aula-1"),
        ("row_missing", f"content {PROJECT}--aula-2"),
        ("waiting", f"content {PROJECT}--aula-7"),
    }
    detail = named["row_differs", f"content {PROJECT}--aula-1"]
    assert all(word in detail for word in ("body_sha256", "metadata.duration_minutes", "tag pão"))


def test_replaying_everything_fills_a_fresh_database(tmp_path: Path, database: Database, server: Server) -> None:
    """Another database is refused by drain and accepted by `replay --all`; the rows are the same."""
    path = tmp_path / "outbox.db"
    with filled(path, 60) as box:
        drain(box, database.worker_dsn)
    other = server.clone(server.migrated())
    with worker("replay", "--all", "--quiet", env=environment(path, other.worker_dsn), cwd=tmp_path) as process:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    assert all_rows(other.dsn) == all_rows(database.dsn)
    server.drop(other)


def test_replaying_one_aggregate_brings_its_row_back(outbox: Path, database: Database, tmp_path: Path) -> None:
    with Outbox.open(outbox) as box:
        drain(box, database.worker_dsn)
    before = all_rows(database.dsn)
    run(database, f"delete from contents where slug = '{PROJECT}--aula-1'")
    arguments = ("replay", "--aggregate", f"{PROJECT}--aula-1")
    with worker(*arguments, env=environment(outbox, database.worker_dsn), cwd=tmp_path) as process:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    assert all_rows(database.dsn) == before


def test_the_doctor_finds_a_healthy_patient_and_a_missing_right(
    outbox: Path, database: Database, tmp_path: Path
) -> None:
    code, findings = command("doctor", outbox=outbox, dsn=database.worker_dsn, cwd=tmp_path)
    assert code == 0, findings
    run(database, "revoke insert on contents from outbox_worker")
    code, findings = command("doctor", outbox=outbox, dsn=database.worker_dsn, cwd=tmp_path)
    assert code == 4
    (failed,) = (finding for finding in findings if finding["outcome"] == "fail")
    assert failed["check"] == "rights"
    assert "insert on public.contents" in failed["found"]
    assert "migrate up" in failed["remedy"]
