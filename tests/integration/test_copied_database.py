"""A copy of a database carries the identity of its original: it is noticed, and can be given one of its own."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from outbox import Outbox, read_status
from outbox.operating import assess
from tests.support.make_outbox import lesson, project
from tests.support.postgres import Database, Server
from tests.support.processes import ROOT, environment
from tests.support.relaying import drain
from tests.support.rows import all_rows
from worker import TargetRefused


@pytest.fixture
def box(tmp_path: Path, database: Database) -> Outbox:
    """An outbox that was delivered to the original."""
    opened = Outbox.open(tmp_path / "outbox.db")
    opened.append(*project(), lesson(1))
    drain(opened, database.worker_dsn)
    return opened


@pytest.fixture
def copy(box: Outbox, database: Database, server: Server) -> Iterator[Database]:
    name = f"{database.name}_copy"
    with psycopg.connect(database.admin_dsn.replace(database.name, "postgres"), autocommit=True) as connection:
        connection.execute(SQL("create database {} template {}").format(Identifier(name), Identifier(database.name)))
    made = replace(
        database,
        name=name,
        **{
            field: getattr(database, field).replace(database.name, name)
            for field in ("dsn", "worker_dsn", "api_dsn", "admin_dsn")
        },
    )
    yield made
    server.drop(made)


def wrong(box: Outbox) -> list[str]:
    return [one.text for one in assess(read_status(box, box.clock.now())).trouble]


def adopt(box: Outbox, dsn: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "worker", "adopt", *arguments],
        env=environment(box.path, None, SUPABASE_MIGRATE_DB_URL=dsn), cwd=ROOT, capture_output=True, text=True,
        check=False, timeout=60, input="",
    )  # fmt: skip


def test_a_database_at_its_place_is_suspected_of_nothing(box: Outbox, database: Database) -> None:
    """However often it is met."""
    box.append(lesson(2))
    drain(box, database.worker_dsn)
    assert not any("copy" in text for text in wrong(box))


def test_a_copy_is_told_until_somebody_says_which_it_is(box: Outbox, copy: Database) -> None:
    """Delivery goes on, for it may have taken the original's place; status asks, and `worker adopt` answers."""
    box.append(lesson(2))
    drain(box, copy.worker_dsn)
    assert len(all_rows(copy.dsn)["contents"]) == 4
    assert any("another database of the same server: a copy, or its heir" in text for text in wrong(box))
    drain(box, copy.worker_dsn)
    assert any("a copy" in text for text in wrong(box))
    done = adopt(box, "")
    assert (done.returncode, "right one from now on" in done.stderr) == (0, True)
    drain(box, copy.worker_dsn)
    assert not any("a copy" in text for text in wrong(box))
    assert "nothing was suspected" in adopt(box, "").stderr


def test_a_copy_with_a_new_identity_is_another_database(box: Outbox, database: Database, copy: Database) -> None:
    """The original's outbox is refused there and goes on with the original; an outbox of its own is delivered to it."""
    done = adopt(box, copy.dsn, "--new-identity", "--yes")
    assert done.returncode == 0, done.stderr
    box.append(lesson(2))
    with pytest.raises(TargetRefused, match="another database than last time"):
        drain(box, copy.worker_dsn)
    drain(box, database.worker_dsn)
    with Outbox.open(box.path.with_name("own.db")) as own:
        own.append(lesson(7, project="curso-y"), *project("curso-y"))
        drain(own, copy.worker_dsn)
    old = done.stderr.partition("it was ")[2].partition(":")[0]
    assert adopt(box, copy.dsn, "--identity", old, "--yes").stdout.strip() == old
    drain(box, copy.worker_dsn)


def test_nothing_is_changed_unless_it_is_confirmed(box: Outbox, copy: Database) -> None:
    """Who answers nothing has not said yes; the question names the database."""
    refused = adopt(box, copy.dsn, "--new-identity")
    assert refused.returncode != 0
    assert copy.name in refused.stderr
    drain(box, copy.worker_dsn)


def test_the_worker_may_not_change_the_identity(box: Outbox, copy: Database) -> None:
    """That is for the owner of the schema; it is said in words."""
    refused = adopt(box, copy.worker_dsn, "--new-identity", "--yes")
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
