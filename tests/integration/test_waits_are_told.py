"""Who is killed while it waits for the database died of no event; who dies at work of its own may have."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.abc import PQGen
from psycopg.waiting import WAIT_W

from tests.support.postgres import Database
from worker.connect.connection import Connection, connect, told_of_waits


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with connect(database.worker_dsn) as made:
        yield made


def test_a_wait_is_told_once_it_has_begun_and_when_it_ends(connection: Connection) -> None:
    """The server is busy for much longer than the socket is looked at in one go."""
    told: list[bool] = []
    with told_of_waits(connection, lambda *, begins: told.append(begins)):
        connection.execute("select pg_sleep(1)")
    assert told == [True, False]


def test_a_wait_that_an_error_ends_is_over(connection: Connection) -> None:
    """The note must not stand while the process goes on with something else."""
    told: list[bool] = []
    with told_of_waits(connection, lambda *, begins: told.append(begins)), pytest.raises(psycopg.errors.RaiseException):
        connection.execute("do $$ begin perform pg_sleep(1); raise exception 'no'; end $$")
    assert told == [True, False]


def test_what_the_process_does_itself_between_two_answers_is_no_wait(connection: Connection) -> None:
    """An event can kill whoever encodes it or reads its answer: such a death is charged."""
    told: list[bool] = []
    at_work: list[list[bool]] = []

    def exchange() -> PQGen[None]:
        at_work.append(list(told))
        ready = 0
        while not ready:  # the socket of an idle connection can be written to
            ready = yield WAIT_W
        at_work.append(list(told))

    with told_of_waits(connection, lambda *, begins: told.append(begins)):
        connection.wait(exchange())
    assert all(state.count(True) == state.count(False) for state in at_work)
