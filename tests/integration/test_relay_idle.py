"""While nothing waits, nothing is asked and nothing is an outage."""

from pathlib import Path

import psycopg

from outbox import Outbox
from tests.support.make_outbox import lesson, project
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting, relay
from tests.support.rows import applied_seq
from worker.options import Ending


def test_a_restart_of_the_database_while_idle_is_no_outage(tmp_path: Path, database: Database) -> None:
    """The closed connection is noticed before it is used: no failed batch, no row in the ledger."""
    box = Outbox.open(tmp_path / "outbox.db")
    box.append(*project())
    waker = NoWaiting()

    def cut_then_append(_seconds: float) -> None:
        if len(waker.slept) == 1:
            with psycopg.connect(database.dsn, autocommit=True) as connection:
                connection.execute(
                    "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
                    "where application_name = 'outbox-worker' and datname = current_database()"
                )
            box.append(lesson(1))
        else:
            waker.stopping = True

    waker.on_sleep = cut_then_append
    assert relay(box, database.worker_dsn, waker=waker, until_empty=False).run() is Ending.STOPPED
    assert applied_seq(database.dsn) == box.last_seq
    assert box.connection.execute("select count(*) from outages").fetchone() == (0,)
