"""What the meter is told adds up: one transaction, one count."""

from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from outbox import Outbox
from tests.support.make_outbox import project
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting
from worker import Ending
from worker.connect.connection import Limits, connect
from worker.faults.outage import Backoff, Patience
from worker.faults.verdict import Verdict
from worker.options import Options
from worker.run.relay import Relay
from worker.run.report import Report


@dataclass
class Told:
    """A meter that remembers."""

    verdicts: list[Verdict] = field(default_factory=list)

    def connected(self) -> None:
        pass

    def applied(self, events: int, seconds: float) -> None:
        pass

    def failed(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)

    def interrupted(self) -> None:
        pass


def test_an_event_that_is_too_slow_even_alone_is_counted_once_per_try(database: Database, tmp_path: Path) -> None:
    """Also the last try, which ends the session: three with more time each, and one that is waited out as an outage."""
    meter = Told()
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(
            "create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(30); return new; end'"
        )
        connection.execute("create trigger slow before insert on content_projects for each row execute function slow()")
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(project()[0])
        relay = Relay(
            box,
            dial=lambda: connect(database.worker_dsn),
            waker=NoWaiting(),
            patience=Patience(box, Backoff()),
            options=Options(
                limits=Limits(statement_timeout_ms=100), until_empty=True, patience_seconds=0.0, meter=meter
            ),
            report=Report(box),
        )
        assert relay.run() is Ending.UNREACHABLE
    assert meter.verdicts == [Verdict.OVERLOAD] * 4
