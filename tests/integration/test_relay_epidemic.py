"""A database that refuses everybody is held, not believed: no mass parking."""

from pathlib import Path

import psycopg
import pytest

from outbox import Outbox
from outbox import catalogue as c
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting, drain, relay
from worker.errors import WorkerError
from worker.options import HOLD_AFTER_ALIKE, Ending

EVENTS = 60


@pytest.fixture
def box(tmp_path: Path) -> Outbox:
    box = Outbox.open(tmp_path / "outbox.db")
    box.append(*(page(number) for number in range(1, EVENTS + 1)))
    return box


def page(number: int, title: str = "t") -> c.ContentUpserted:
    return c.ContentUpserted(slug=f"p--page-{number}", title=title, content_type="other")


def run(database: Database, *statements: str) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def pages(database: Database) -> int:
    with psycopg.connect(database.dsn) as connection:
        return int(str(connection.execute("select count(*) from contents").fetchone()[0]))  # type: ignore[index]


BROKEN_TRIGGER = (
    "create function broken() returns trigger language plpgsql as 'begin raise exception ''no''; end'",
    "create trigger broken before insert on contents for each row execute function broken()",
)
CHANGED_CONSTRAINT = ("alter table contents add constraint of_the_wide_world check (fidelity_score is not null)",)


@pytest.mark.parametrize(
    ("breaking", "mending"),
    [
        (BROKEN_TRIGGER, "drop trigger broken on contents"),
        (CHANGED_CONSTRAINT, "alter table contents drop constraint of_the_wide_world"),
    ],
    ids=["broken trigger", "changed constraint"],
)
def test_a_database_that_refuses_everybody_parks_a_handful_and_holds(
    breaking: tuple[str, ...], mending: str, box: Outbox, database: Database
) -> None:
    """Four are parked before the pattern shows; mended, all land by themselves, those four included."""
    run(database, *breaking)
    waker = NoWaiting()
    most_parked = 0

    def mend(_seconds: float) -> None:
        nonlocal most_parked
        most_parked = max(most_parked, box.parked.count())
        if waker.slept.count(30.0) == 3 and waker.slept[-1] == 30.0:
            run(database, mending)
        report = box.relay.report
        waker.stopping = report is not None and report.state.value == "following" and box.parked.count() == 0

    waker.on_sleep = mend
    assert relay(box, database.worker_dsn, waker=waker, until_empty=False).run() is Ending.STOPPED
    assert waker.slept.count(30.0) == 3
    assert most_parked == HOLD_AFTER_ALIKE - 1
    assert pages(database) == EVENTS


def test_the_alarm_says_what_to_do_and_holds_after_a_restart(box: Outbox, database: Database) -> None:
    """The count is read from what is parked: a new worker does not begin anew."""
    run(database, *BROKEN_TRIGGER)
    for _start in range(3):
        with pytest.raises(WorkerError, match=r"refused alike.*OUTBOX_HOLD_AFTER_ALIKE") as told:
            drain(box, database.worker_dsn)
        assert told.value.exit_code == 3
        assert box.parked.count() == HOLD_AFTER_ALIKE - 1


def test_bad_events_among_good_ones_are_parked_however_many(box: Outbox, database: Database) -> None:
    """Every other page is refused with the same words: the others show that the database is well."""
    run(database, "alter table contents add constraint even check (right(slug, 1) in ('0', '2', '4', '6', '8'))")
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert (pages(database), box.parked.count()) == (EVENTS / 2, EVENTS / 2)


def test_a_missing_table_holds_and_parks_nothing(box: Outbox, database: Database) -> None:
    run(database, "alter table content_tags rename to gone")
    box.append(c.ContentTagged(slug="p--page-1", tag="x"))
    with pytest.raises(WorkerError, match="table is missing"):
        drain(box, database.worker_dsn)
    assert box.parked.count() == 0
