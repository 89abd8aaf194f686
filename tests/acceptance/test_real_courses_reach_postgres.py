"""The whole way for real course folders: imported while no database is there, drained, counted in Postgres.

The folders are not part of this repository: they are looked for beside it, and without them the test says so.
"""

import csv
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from generators.publishing import import_folders
from outbox import Outbox
from tests.support.postgres import Database
from tests.support.relaying import relay
from worker.connect.connection import connect
from worker.proof.verify import verify_all

SHARED = (Path(__file__).parents[2].parent / "shared").resolve()  # it may be a link
COURSES = SHARED / "data" / "courses"

pytestmark = pytest.mark.skipif(not COURSES.is_dir(), reason=f"NOT RUN: no real courses at {COURSES}")


def test_every_lesson_of_the_real_courses_is_a_row_and_agrees_by_hash(database: Database, tmp_path: Path) -> None:
    """No lesson is lost to a slug that another has too; modules, titles and bodies are those of the files."""
    with (SHARED / "data" / "truth" / "truth_lessons.csv").open(encoding="utf-8", newline="") as stream:
        truth = [(row["course"].rsplit("/", 1)[-1], row["title"]) for row in csv.DictReader(stream)]
    with Outbox.open(tmp_path / "outbox.db", content_root=tmp_path / "outputs") as box:
        import_folders([COURSES], box, content_root=tmp_path / "outputs")
        imported = box.last_seq
        relay(box, database.worker_dsn).run()
        with psycopg.connect(database.dsn) as connection:
            rows = connection.execute(
                """
                select split_part(file_path, '/', 1), title from public.contents
                where content_type = 'course_lesson' and deleted_at is null
                """
            ).fetchall()
            modules = connection.execute(
                """
                select count(*), count(parent_content_id) from public.contents where content_type = 'course_module'
                """
            ).fetchone()
        assert Counter(course for course, _ in rows) == Counter(course for course, _ in truth)
        assert (
            len({title for _, title in rows} & {title for _, title in truth})
            >= len({title for _, title in truth}) * 0.98
        )
        assert modules == (36, 36)
        with connect(database.worker_dsn) as connection:
            found = verify_all(connection, box, tmp_path / "outputs")
        assert found.differences == []
        assert found.agree == found.rows > len(truth)
        import_folders([COURSES], box, content_root=tmp_path / "outputs")
        assert box.last_seq == imported
