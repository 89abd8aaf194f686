"""An event that kills the centre's process is found by its start record in Postgres, and parked; nobody else is blamed."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.fleet import Fleet, course, fleet, on_the_list, positions
from tests.support.postgres import Database
from tests.support.processes import environment, until, worker
from worker.faults.suspects import STARTS

KILLED = -9
DEADLY = 9


@pytest.fixture
def bus(tmp_path: Path, database: Database) -> Iterator[Fleet]:
    with fleet(tmp_path, database) as made:
        yield made


def start(bus: Fleet, database: Database, tmp_path: Path, failpoint: str) -> int:
    """Run a centre until it dies, or all is applied and it is told to end; returns how it ended."""
    env = environment(
        tmp_path / "none.db",
        database.worker_dsn,
        OUTBOX_FAILPOINT=failpoint,
        OUTBOX_BUS_URL=bus.server.url,
        OUTBOX_BUS_NKEY=str(bus.server.seed("centre")),
    )
    wanted = {host.box.outbox_id: host.box.last_seq for host in bus.hosts}
    with worker("apply", "--quiet", env=env, cwd=tmp_path) as process:
        until(lambda: process.poll() is not None or positions(database) == wanted, what="an end")
        process.terminate()
        return process.wait()


def starts_until_the_end(bus: Fleet, database: Database, tmp_path: Path, failpoint: str, most: int) -> int:
    for count in range(1, most + 1):
        code = start(bus, database, tmp_path, failpoint)
        if code == 0:
            return count
        assert code == KILLED
    raise AssertionError("it never came to an end")


@pytest.mark.parametrize("where", ["apply", "decode"])
def test_an_event_that_kills_the_centre_is_parked_and_its_neighbours_and_other_hosts_go_on(
    bus: Fleet, database: Database, tmp_path: Path, where: str
) -> None:
    """The first death is free, the range is halved from start to start, the last one is proven."""
    one = bus.host(course(tmp_path / "1.db", "one", 12))
    for host in (one, bus.host(course(tmp_path / "2.db", "other", 2))):
        host.step()
    starts_until_the_end(bus, database, tmp_path, f"{where}.{DEADLY}", 1 + 5 + STARTS + 1)
    assert on_the_list(database) == {DEADLY: "parked"}
    one.step()
    (row,) = one.box.parked.list()
    assert "died" in row.reason
    with psycopg.connect(database.dsn) as connection:
        assert connection.execute("select count(*) from outbox.starts").fetchone() == (0,)
        found = connection.execute("select bool_or(is_read) from outbox.streams").fetchone()
    assert found == (False,), "the last one ended in order"


def test_a_centre_that_is_killed_from_outside_blames_nobody(bus: Fleet, database: Database, tmp_path: Path) -> None:
    """Each time at another event, or after it went through: the record of one event alone never grows."""
    bus.host(course(tmp_path / "1.db", "one", 12)).step()
    for seq in (3, 5, 7, 9, 11):
        assert start(bus, database, tmp_path, f"apply.{seq}") == KILLED
    assert start(bus, database, tmp_path, "") == 0
    assert on_the_list(database) == {}
