"""A type of event with a table of its own: one file of the user's, beside whatever else a project has."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres import Database
from tests.support.processes import environment

EVENTS = '''
from outbox import Outbox
from outbox.catalogue import Aggregate, Catalogue, Payload, event_type

reading = Aggregate(kind="reading", table="garden.readings", key=("bed",), id=None)


@event_type("reading.taken", makes=reading, example={"bed": "north", "celsius": 21})
class ReadingTaken(Payload, frozen=True):
    """Inserts or updates the newest reading of a bed."""

    bed: str
    celsius: int


CATALOGUE = Catalogue("garden", events=[ReadingTaken])

if __name__ == "__main__":
    with Outbox.open("data/outbox.db") as box:
        box.append(ReadingTaken(bed="north", celsius=21), ReadingTaken(bed="south", celsius=24))
        box.append(ReadingTaken(bed="north", celsius=22))
'''
TABLE = "create schema garden; create table garden.readings (bed text primary key, celsius integer not null)"
OTHERS = {
    "nothing": [],
    "alembic": ["alembic.ini", "migrations/__init__.py", "migrations/env.py", "migrations/versions/0001_first.py"],
    "django": [
        "manage.py",
        "garden/__init__.py",
        "garden/migrations/__init__.py",
        "worker/__init__.py",
        "tests/__init__.py",
    ],
}


@pytest.mark.parametrize("layout", OTHERS)
def test_a_type_with_a_table_is_one_file_of_the_users(
    layout: str, programs: Path, database: Database, tmp_path: Path
) -> None:
    """From an empty folder to rows that are proven; folders with the names of ours are nobody's business."""
    for name in OTHERS[layout]:
        other = tmp_path / name
        other.parent.mkdir(parents=True, exist_ok=True)
        other.write_text("raise SystemExit('a file of the project was taken for ours')\n")
    (tmp_path / "events.py").write_text(EVENTS)

    def run(*words: str) -> str:
        done = subprocess.run(
            [programs / words[0], *words[1:]],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                **environment(tmp_path / "data" / "outbox.db", database.worker_dsn),
                "OUTBOX_CATALOGUE": "events:CATALOGUE",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    run("python", "events.py")
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(TABLE.encode())
        connection.execute(run("worker", "migrate", "sql").encode())
    run("worker", "drain")
    run("worker", "verify")
    with psycopg.connect(database.dsn) as connection:
        found = connection.execute("select bed, celsius from garden.readings order by bed").fetchall()
    assert found == [("north", 22), ("south", 24)]
    assert '"backlog": 0' in run("outbox", "status", "--json")
