"""`worker verify` names every difference; `worker replay` mends what a database lost; `worker doctor` says what ails."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import psycopg
import pytest

from outbox import Outbox
from outbox import catalogue as c
from outbox.operating import resolve
from outbox.ops.backup import backup
from tests.support.make_outbox import PROJECT, filled, lesson, project
from tests.support.postgres import Database, Server
from tests.support.processes import ROOT, environment, worker
from tests.support.relaying import drain
from tests.support.rows import all_rows
from worker.apply.queries import query
from worker.proof.verify import verify_all


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
        out, errors = process.communicate()
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


def test_an_outbox_that_cannot_be_written_is_compared_all_the_same(outbox: Path, database: Database) -> None:
    """A full disk takes no note of the proof; the result is told, and nothing counts as proven."""
    with Outbox.open(outbox) as box:
        drain(box, database.worker_dsn)
        box.connection.execute("pragma query_only = on")
        with psycopg.connect(database.worker_dsn, autocommit=True) as connection:
            assert verify_all(connection, box, outbox.parent / "content").differences == []
        assert box.relay.verified_seq == 0


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


# Columns that may not be null, and another value for each.
OTHERWISE = {
    "name": "'x'", "title": "'x'", "content_type": "'other'", "project_type": "'book'", "ai_generated": "not ai_generated",
}  # fmt: skip
FIELDS = {
    "audience_profiles": (
        "name", "description", "demographics", "psychographics", "technical_level", "learning_preferences",
    ),
    "content_projects": (
        "name", "description", "project_type", "status", "target_audience_id", "default_frameworks", "project_metadata",
        "creator_mind_id", "persona_mind_id",
    ),
    "contents": (
        "title", "content_type", "project_id", "parent_content_id", "sequence_order", "content", "ai_generated", "status",
        "fidelity_score", "metadata", "file_path", "published_at", "published_url", "generation_execution_id", "deleted_at",
    ),
}  # fmt: skip


def changed(table: str, column: str) -> str:
    """Another value for a column, as a statement."""
    value = OTHERWISE.get(column, "null")
    if column == "status":
        value = "'archived'"
    elif column.endswith("metadata"):
        value = "'{}'"
    elif column == "deleted_at":
        value = "now()"
    return f"update {table} set {column} = {value} where slug = 'all'"


def test_numbers_dates_and_texts_at_their_edges_are_no_difference(tmp_path: Path, database: Database) -> None:
    """Compared as the database stores them: jsonb gives a float back as another type of the same value."""
    edges = {
        "float": 6.02214076e23, "whole": 1.0, "small": 1e-7, "large": 1e100, "zero": -0.0, "least": 5e-324,
        "most": 1.7976931348623157e308, "digits": 9223372036854775807, "nested": {"list": [1.10, 1, 1e22, None, ""]},
        "text": "\u2028 é 😀 e\u0301 \\ ' \"", "time": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    for setting in ("timezone = 'Asia/Kathmandu'", "datestyle = 'German'"):
        run(database, f"alter database {database.name} set {setting}")
    times = ("2026-03-29T02:30:00.123456+02:00", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00")
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(
            c.AudienceUpserted(
                slug="a", name="A", demographics=edges, psychographics=edges, learning_preferences=edges
            ),
            c.ProjectUpserted(slug="p", name="P", metadata=edges),
            *(
                c.ContentUpserted(
                    slug=f"c-{number}",
                    title=" T\t",
                    content_type="other",
                    metadata=edges,
                    published_at=at,
                    body="\r\n ",
                )
                for number, at in enumerate(times)
            ),
            c.ContentFidelityScored(slug="c-0", score=0.123456789),
            c.ContentFidelityScored(slug="c-1", score=0.005),
            c.ContentMetadataMerged(slug="c-2", metadata={"merged": edges}),
        )
        drain(box, database.worker_dsn)
        with psycopg.connect(database.worker_dsn, autocommit=True) as connection:
            found = verify_all(connection, box, tmp_path)
    assert (found.differences, found.agree) == ([], 5)


class Timed(psycopg.Connection[Any]):
    """Notes how long a statement that compares rows may take."""

    limits: ClassVar[list[str]] = []

    def execute(self, statement: Any, *arguments: Any, **more: Any) -> psycopg.Cursor[Any]:
        if statement == query("verify", "contents"):
            self.limits.extend(super().execute("show statement_timeout").fetchone() or ())
        return super().execute(statement, *arguments, **more)


def test_a_limit_of_the_roles_statements_stops_no_comparison(tmp_path: Path, database: Database) -> None:
    """It is set for the API's short questions, and a comparison of hundreds of rows may take longer."""
    with filled(tmp_path / "outbox.db", 3) as box:
        drain(box, database.worker_dsn)
        dsn = f"{database.worker_dsn}&options=-c%20statement_timeout%3D9s"
        with Timed.connect(dsn, autocommit=True) as connection:
            assert verify_all(connection, box, tmp_path).differences == []
            assert connection.execute("show statement_timeout").fetchone() == ("9s",)
    assert set(Timed.limits) == {"5min"}


def test_every_column_that_events_set_is_compared(tmp_path: Path, database: Database) -> None:
    """Pruning rests on it: what is not compared would be taken for proven."""
    run(database, "insert into minds (slug, display_name) values ('ana', 'Ana')")
    run(database, f"insert into job_executions (id) values ('{UUID(int=7)}')")
    with Outbox.open(tmp_path / "outbox.db") as box:
        some = {"a": 1}
        box.append(
            c.AudienceUpserted(
                slug="all", name="A", description="d", demographics=some, psychographics=some,
                technical_level="beginner", learning_preferences=some,
            ),
            c.ProjectUpserted(
                slug="all", name="P", description="d", status="in_progress", target_audience="all",
                default_frameworks=["f"], metadata=some, creator_mind="ana", persona_mind="ana",
            ),
            c.ContentUpserted(slug="above", title="T", content_type="course_module", project="all"),
            c.ContentUpserted(
                slug="all", title="T", content_type="course_lesson", project="all", parent="above", sequence_order=1,
                body="b", ai_generated=True, status="published", fidelity_score=0.5, metadata=some, file_path="a.md",
                published_at="2026-01-02T03:04:05+00:00", published_url="https://example.org",
                generation_execution_id=UUID(int=7),
            ),
        )  # fmt: skip
        drain(box, database.worker_dsn)
        unseen = []
        with (
            psycopg.connect(database.worker_dsn, autocommit=True) as worker_side,
            psycopg.connect(database.dsn, autocommit=True) as owner,
        ):
            assert verify_all(worker_side, box, tmp_path).differences == []
            for table, columns in FIELDS.items():
                for column in columns:
                    owner.execute(f"create table kept as select * from {table}".encode())
                    owner.execute(changed(table, column).encode())
                    if not verify_all(worker_side, box, tmp_path).differences:
                        unseen.append(f"{table}.{column}")
                    owner.execute(
                        f"update {table} as t set {column} = k.{column} from kept as k where k.id = t.id".encode()
                    )
                    owner.execute("drop table kept")
            assert verify_all(worker_side, box, tmp_path).differences == []
    assert unseen == []


def test_a_file_that_is_gone_or_cannot_be_read_is_named(outbox: Path, database: Database, tmp_path: Path) -> None:
    """Each with the reason; the rows are fine, and are not blamed."""
    with Outbox.open(outbox, content_root=tmp_path / "content") as box:
        with box.unit() as unit:
            unit.write("courses/x/lessons/2.md", b"two")
        drain(box, database.worker_dsn)
    (tmp_path / "content/courses/x/lessons/1.md").unlink()
    (tmp_path / "content/courses/x/lessons/2.md").unlink()
    (tmp_path / "content/courses/x/lessons/2.md").mkdir()
    code, found = command("verify", outbox=outbox, dsn=database.worker_dsn, cwd=tmp_path)
    assert code == 4
    first, second = sorted(found["differences"], key=lambda one: one["what"])
    assert {first["kind"], second["kind"]} == {"file_missing"}
    assert "the outbox published it with sha256" in first["detail"]
    assert second["detail"] == "it cannot be read: Is a directory"
    assert found["agree"] == found["rows"]


def test_replaying_everything_fills_a_fresh_database(tmp_path: Path, database: Database, server: Server) -> None:
    """Another database is refused by drain and accepted by `replay --all`; the rows are the same."""
    path = tmp_path / "outbox.db"
    with filled(path, 60) as box:
        drain(box, database.worker_dsn)
    other = server.clone(server.migrated())
    with worker("replay", "--all", "--quiet", env=environment(path, other.worker_dsn), cwd=tmp_path) as process:
        _, errors = process.communicate()
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
        _, errors = process.communicate()
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
    failed, mended, tried = (finding for finding in findings if finding["outcome"] == "fail")
    assert (failed["check"], mended["check"], tried["check"]) == ("rights", "obstacles", "rehearsal")
    assert mended["remedy"] == "grant insert on public.contents to outbox_worker"
    assert "contents" in tried["found"]
    assert "insert on public.contents" in failed["found"]
    assert "migrate up" in failed["remedy"]


def prunable(outbox: Path, database: Database, cwd: Path) -> int:
    """How many events `outbox prune` would delete."""
    env = {**environment(outbox, database.worker_dsn), "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-m", "outbox", "prune", "--keep-days", "0", "--dry-run", "--json"]
    done = subprocess.run(arguments, env=env, cwd=cwd, capture_output=True, text=True, check=True)
    return int(json.loads(done.stdout)["events"])


def test_nothing_is_pruned_before_verify_has_proven_it(outbox: Path, database: Database, tmp_path: Path) -> None:
    """G6: a delivered event may go only after its row was compared; a row that differs keeps everything."""
    with Outbox.open(outbox) as box:
        drain(box, database.worker_dsn)
    assert prunable(outbox, database, tmp_path) == 0
    run(database, f"update contents set title = 'tampered' where slug = '{PROJECT}--aula-1'")
    code, _ = command("verify", outbox=outbox, dsn=database.worker_dsn, cwd=tmp_path)
    assert code == 4
    assert prunable(outbox, database, tmp_path) == 0
    code, _ = command("verify", "--repair", outbox=outbox, dsn=database.worker_dsn, cwd=tmp_path)
    assert code == 0
    assert prunable(outbox, database, tmp_path) > 0


def test_a_proof_that_no_longer_holds_is_withdrawn(outbox: Path, database: Database, tmp_path: Path) -> None:
    """A row is gone that was proven to be there: nothing is pruned until it is back."""
    with (
        Outbox.open(outbox) as box,
        psycopg.connect(database.worker_dsn, autocommit=True) as connection,
    ):
        drain(box, database.worker_dsn)
        assert verify_all(connection, box, tmp_path / "content").proven
        assert box.relay.verified_seq == box.last_seq
        run(database, "delete from contents where slug like '%aula-3'")
        assert not verify_all(connection, box, tmp_path / "content").proven
        assert box.relay.verified_seq == 0


def test_a_cloned_file_proves_nothing_by_the_rows_of_the_other(
    outbox: Path, database: Database, tmp_path: Path
) -> None:
    """The position in the database stands at an event of the file that was delivered."""
    with Outbox.open(outbox) as box:
        backup(box, tmp_path / "clone.db")
        box.append(c.ContentTagged(slug=f"{PROJECT}--aula-1", tag="delivered"))
        drain(box, database.worker_dsn)
    with Outbox.open(tmp_path / "clone.db") as clone:
        clone.append(c.ContentUntagged(slug=f"{PROJECT}--aula-1", tag="never"))
        with psycopg.connect(database.worker_dsn, autocommit=True) as connection:
            verify_all(connection, clone, tmp_path / "content")
        assert clone.relay.verified_seq == 0


def test_a_waiting_event_excuses_no_row_that_is_missing(outbox: Path, database: Database, tmp_path: Path) -> None:
    """A newer event of the same content waits: what was delivered must be there all the same, or nothing is proven."""
    with Outbox.open(outbox) as box:
        drain(box, database.worker_dsn)
        box.append(c.ContentFidelityScored(slug=f"{PROJECT}--aula-2", score=0.5))
    run(database, f"delete from contents where slug = '{PROJECT}--aula-2'")
    _, found = command("verify", outbox=outbox, dsn=database.worker_dsn, cwd=tmp_path)
    kinds = {one["kind"] for one in found["differences"] if one["what"] == f"content {PROJECT}--aula-2"}
    assert kinds == {"waiting", "row_missing"}
    assert prunable(outbox, database, tmp_path) == 0


def test_repair_says_again_what_the_log_says(outbox: Path, database: Database, tmp_path: Path) -> None:
    """Changed, lost and orphaned rows are as before; nothing is appended, the position stays, files are only told."""
    with Outbox.open(outbox) as box:
        drain(box, database.worker_dsn)
        last_seq = box.last_seq
    before = all_rows(database.dsn)
    run(database, f"update contents set content = 'x', title = 'x' where slug = '{PROJECT}--aula-1'")
    run(database, "delete from content_tags")
    run(database, f"delete from contents where slug in ('{PROJECT}--modulo-1', '{PROJECT}--aula-2')")
    (tmp_path / "content/courses/x/lessons/1.md").write_text("by hand")
    code, found = command("verify", "--repair", outbox=outbox, dsn=database.worker_dsn, cwd=tmp_path)
    assert code == 4
    assert [one["kind"] for one in found["differences"]] == ["file_changed"]
    assert {one["reason"] for one in found["repaired"]} == {None}
    assert all_rows(database.dsn) == before
    with Outbox.open(outbox) as box:
        assert box.last_seq == last_seq


def test_repair_leaves_what_another_outbox_wrote_later(outbox: Path, database: Database, tmp_path: Path) -> None:
    with Outbox.open(outbox) as box:
        drain(box, database.worker_dsn)
    with Outbox.open(tmp_path / "other" / "outbox.db") as other:
        other.append(c.ContentUpserted(slug=f"{PROJECT}--aula-1", title="theirs", content_type="course_lesson"))
        drain(other, database.worker_dsn)
    run(database, f"update contents set title = 'x' where slug = '{PROJECT}--aula-2'")
    code, found = command("verify", "--repair", outbox=outbox, dsn=database.worker_dsn, cwd=tmp_path)
    assert (code, found["overtaken"], len(found["repaired"])) == (0, 1, 1)
    assert any('"theirs"' in row for row in all_rows(database.dsn)["contents"])


def test_what_an_operator_decided_stays_decided(
    outbox: Path, database: Database, tmp_path: Path, server: Server
) -> None:
    """A discarded event is missed by no comparison; neither it nor the original of an edited one comes back."""
    run(database, "alter table contents add constraint refused check (slug not like '%aula-8%' or title = 'mended')")
    with Outbox.open(outbox) as box:
        box.append(lesson(80), lesson(81))
        drain(box, database.worker_dsn)
        edited, discarded = (row.seq for row in box.parked.list())
        resolve.edit(box, edited, {**box.event(edited).payload, "title": "mended"}, "too long a title")
        resolve.discard(box, discarded, "not wanted")
        drain(box, database.worker_dsn)
        assert box.parked.count() == 0
    code, found = command("verify", outbox=outbox, dsn=database.worker_dsn, cwd=tmp_path)
    assert code == 0, found
    other = server.clone(server.migrated())
    with worker("replay", "--all", "--quiet", env=environment(outbox, other.worker_dsn), cwd=tmp_path) as process:
        assert process.wait() == 0
    assert all_rows(other.dsn) == all_rows(database.dsn)
    server.drop(other)
