"""A database that refuses everybody is held, not believed: no mass parking."""

from pathlib import Path

import psycopg
import pytest
from structlog.testing import capture_logs

from outbox import Outbox, ParkedState, Resolution
from outbox import catalogue as c
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting, drain, relay
from worker import Ending, WorkerError
from worker.faults.epidemic import WINDOW
from worker.options import HOLD_AFTER_ALIKE

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


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_how_many_alike_are_too_many_is_a_setting(limit: int, box: Outbox, database: Database) -> None:
    """The last of them is not parked any more, and the alarm counts it."""
    run(database, *BROKEN_TRIGGER)
    words = (
        f"{limit} events in a row (content.upserted) were refused alike: a function or trigger of the database refused "
        "it, in function broken() of the database (trigger broken on contents); a trigger or a constraint of the database has changed: mend it there, or set OUTBOX_HOLD_AFTER_ALIKE=0 to "
        "park them all"
    )
    with capture_logs() as lines, pytest.raises(WorkerError) as told:
        relay(box, database.worker_dsn, hold_after_alike=limit).run()
    assert told.value.what == words
    assert [row.seq for row in box.parked.list()] == list(range(1, limit))
    (blocked,) = [line for line in lines if line["event"] == "relay.blocked"]
    assert (blocked["verdict"], blocked["sqlstate"], blocked["reason"]) == ("environment", "P0001", words)


def few(path: Path, *numbers: int) -> Outbox:
    box = Outbox.open(path / "few.db")
    box.append(*(page(number) for number in numbers))
    return box


def test_with_the_setting_off_all_are_parked_and_with_it_on_again_only_the_last_are_counted(
    tmp_path: Path, database: Database
) -> None:
    """Seven are parked by choice; of these the two before the third count, and they alone are released by the mending."""
    run(database, *BROKEN_TRIGGER)
    box = few(tmp_path, *range(1, 8))
    assert relay(box, database.worker_dsn, hold_after_alike=0).run() is Ending.EMPTY
    assert box.parked.count() == 7
    box.append(page(8))
    waker = NoWaiting()
    reasons: list[str | None] = []

    def mend(seconds: float) -> None:
        report = box.relay.report
        assert report is not None
        if seconds == 30.0:
            reasons.append(report.last_error)
            run(database, "drop trigger broken on contents")
        waker.stopping = report.state.value == "following"

    waker.on_sleep = mend
    with capture_logs() as lines:
        one = relay(box, database.worker_dsn, waker=waker, until_empty=False, hold_after_alike=3)
        assert one.run() is Ending.STOPPED
    (reason,) = reasons
    assert str(reason).startswith("3 events in a row")
    (withdrawn,) = [line for line in lines if line["event"] == "relay.blame_withdrawn"]
    assert (withdrawn["type"], withdrawn["seqs"]) == ("content.upserted", [6, 7])
    assert [row.seq for row in box.parked.list()] == [1, 2, 3, 4, 5]


def test_what_an_operator_discarded_meanwhile_stays_discarded(tmp_path: Path, database: Database) -> None:
    """The mending releases those that are still parked, and no other."""
    run(database, *BROKEN_TRIGGER)
    box = few(tmp_path, 1, 2, 3, 4)
    waker = NoWaiting()

    def mend(seconds: float) -> None:
        report = box.relay.report
        assert report is not None
        if seconds == 30.0:
            box.parked.release(1, Resolution.DISCARD)
            run(database, "drop trigger broken on contents")
        waker.stopping = report.state.value == "following"

    waker.on_sleep = mend
    assert relay(box, database.worker_dsn, waker=waker, until_empty=False, hold_after_alike=3).run() is Ending.STOPPED
    assert box.parked.count() == 0
    with psycopg.connect(database.dsn) as connection:
        assert connection.execute("select array_agg(slug order by slug) from contents").fetchone() == (
            ["p--page-2", "p--page-3", "p--page-4"],
        )


def test_events_of_other_types_that_go_through_do_not_break_the_row(tmp_path: Path, database: Database) -> None:
    """Audiences land while every page is refused: it is the table of the pages that is broken."""
    run(database, *BROKEN_TRIGGER)
    box = few(tmp_path)
    for number in range(1, 8):
        box.append(page(number), c.AudienceUpserted(slug=f"a-{number}", name="A"))
    with pytest.raises(WorkerError, match=r"^5 events in a row"):
        drain(box, database.worker_dsn)
    assert [row.seq for row in box.parked.list()] == [1, 3, 5, 7]


def test_one_that_goes_through_begins_the_row_anew(tmp_path: Path, database: Database) -> None:
    """Four refused, one fine, four refused: no five in a row."""
    run(database, "alter table contents add constraint fine check (title = 'fine')")
    box = few(tmp_path, 1, 2, 3, 4)
    box.append(page(5, "fine"), *(page(number) for number in range(6, 10)))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [row.seq for row in box.parked.list()] == [1, 2, 3, 4, 6, 7, 8, 9]
    box.append(page(10))
    with pytest.raises(WorkerError, match=r"^5 events in a row"):
        drain(box, database.worker_dsn)


@pytest.mark.parametrize(
    "breaking",
    [
        (
            "alter table contents add constraint odd check (right(slug, 1) not in ('1', '3', '5', '7'))",
            "alter table contents add constraint even check (right(slug, 1) not in ('2', '4', '6', '8'))",
        ),
        (
            (
                "create function broken() returns trigger language plpgsql as 'begin if right(new.slug, 1) in "
                "(''1'', ''3'', ''5'', ''7'') then raise exception ''no''; end if; "
                "raise exception ''no'' using errcode = ''22023''; end'"
            ),
            "create trigger broken before insert on contents for each row execute function broken()",
        ),
    ],
    ids=["other words", "other code"],
)
def test_refusals_of_different_kinds_are_not_alike(
    breaking: tuple[str, ...], tmp_path: Path, database: Database
) -> None:
    """Two rules, four events each: neither makes five."""
    run(database, *breaking)
    box = few(tmp_path, *range(1, 9))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert box.parked.count() == 8


def test_what_is_held_behind_the_first_does_not_break_the_row(tmp_path: Path, database: Database) -> None:
    """Hundreds of later states of one refused page went nowhere: they show nothing about the database."""
    run(database, *BROKEN_TRIGGER)
    box = few(tmp_path, 1)
    box.append(*(page(1, f"title {number}") for number in range(600)), *(page(number) for number in range(2, 6)))
    with pytest.raises(WorkerError, match=r"^5 events in a row"):
        drain(box, database.worker_dsn)
    assert [row.seq for row in box.parked.list(state=ParkedState.PARKED)] == [1, 602, 603, 604]


def test_a_row_of_long_ago_is_not_counted(tmp_path: Path, database: Database) -> None:
    """More than a thousand of the type since the first of them: that is no row."""
    run(database, *BROKEN_TRIGGER)
    box = few(tmp_path, 1)
    box.append(*(page(1, f"title {number}") for number in range(WINDOW)), *(page(number) for number in range(2, 6)))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert len(box.parked.list(state=ParkedState.PARKED)) == 5


def test_references_to_nothing_are_not_counted(tmp_path: Path, database: Database) -> None:
    """Each names what it lacks: a fault of the events, however many."""
    box = few(tmp_path)
    box.append(
        *(c.ContentUpserted(slug=f"p--{n}", title="t", content_type="other", parent="p--gone") for n in range(7))
    )
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert box.parked.count() == 7
