"""An event that ends the session whenever it is applied: found by what the server takes besides; nobody else is charged."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from outbox import Outbox, ParkedState, Resolution
from outbox import catalogue as c
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting, drain, relay
from worker import Ending
from worker.connect.connection import Connection, connect
from worker.faults import lost_sessions
from worker.faults.lost_sessions import TRIES

TERMINATE = "perform pg_terminate_backend(pg_backend_pid());"
CRASH = "execute format('copy (select 1) to program %L', 'kill -SEGV ' || pg_backend_pid());"
A_LOT = 16


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db") as box:
        yield box


def page(number: int, **fields: Any) -> c.ContentUpserted:
    return c.ContentUpserted(slug=f"p--{number}", title=f"Aula {number}", content_type="other", **fields)


def run(database: Database, *statements: str, superuser: bool = False) -> None:
    with psycopg.connect(database.admin_dsn if superuser else database.dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def trigger(
    condition: str,
    *,
    body: str = TERMINATE,
    table: str = "contents",
    when: str = "before insert or update",
    options: str = "",
) -> tuple[str, str]:
    return (
        f"""create function nt() returns trigger language plpgsql {options} as $$
            begin if {condition} then {body} end if; return new; end $$""",
        f"create trigger t {when} on {table} for each row execute function nt()",
    )


def slugs(database: Database) -> list[str]:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        return [str(slug) for (slug,) in connection.execute("select slug from contents order by slug")]


def stops_after(sessions: int) -> NoWaiting:
    """Waits that take no time, and end the relay after so many."""
    waker = NoWaiting()

    def waited(_seconds: float) -> None:
        waker.stopping = len(waker.slept) >= sessions

    waker.on_sleep = waited
    return waker


@pytest.mark.parametrize("number", [1, 2, 3], ids=["the first", "in the middle", "the last"])
def test_an_event_that_terminates_the_session_is_parked_and_stops_nobody(
    number: int, box: Outbox, database: Database
) -> None:
    box.append(*(page(one) for one in (1, 2, 3)))
    run(database, *trigger(f"new.title = 'Aula {number}'"))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    (parked,) = box.parked.list()
    assert (parked.seq, parked.sqlstate, parked.state) == (number, "57P01", ParkedState.PARKED)
    assert "in function nt() of the database (trigger t on contents)" in parked.reason
    assert slugs(database) == [f"p--{one}" for one in (1, 2, 3) if one != number]


def test_it_is_found_in_a_large_batch(box: Outbox, database: Database) -> None:
    box.append(*(page(one) for one in range(1, 301)))
    run(database, *trigger("new.title = 'Aula 217'"))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [row.seq for row in box.parked.list()] == [217]
    assert len(slugs(database)) == 299


def test_the_only_event_of_the_log_is_weighed_against_rows_that_are_made_up(box: Outbox, database: Database) -> None:
    box.append(page(1))
    run(database, *trigger("new.title = 'Aula 1'"))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [row.sqlstate for row in box.parked.list()] == ["57P01"]


@pytest.mark.parametrize(
    ("table", "when", "condition", "payload"),
    [
        ("tags", "before insert", "new.name = 'bad'", c.ContentTagged(slug="p--1", tag="bad")),
        ("content_projects", "after insert", "new.slug = 'bad'", c.ProjectUpserted(slug="bad", name="P")),
        ("audience_profiles", "before insert", "new.slug = 'bad'", c.AudienceUpserted(slug="bad", name="A")),
        (
            "contents",
            "before insert or update",
            "new.status = 'published'",
            c.ContentStatusChanged(slug="p--1", status="published"),
        ),
    ],
)
def test_the_same_holds_for_every_table(
    table: str, when: str, condition: str, payload: c.Payload, box: Outbox, database: Database
) -> None:
    box.append(page(1), payload, page(2))
    run(database, *trigger(condition, table=table, when=when))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [(row.seq, row.sqlstate) for row in box.parked.list()] == [(2, "57P01")]
    assert slugs(database) == ["p--1", "p--2"]


def test_a_deferred_trigger_that_terminates_at_commit_is_found(box: Outbox, database: Database) -> None:
    box.append(*(page(one) for one in (1, 2, 3)))
    function, _ = trigger("new.title = 'Aula 2'")
    made = (
        "create constraint trigger t after insert on contents deferrable initially deferred "
        "for each row execute function nt()"
    )
    run(database, function, made)
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [row.seq for row in box.parked.list()] == [2]


def test_a_released_event_that_ends_the_session_again_is_parked_again(box: Outbox, database: Database) -> None:
    box.append(*(page(one) for one in (1, 2, 3)))
    run(database, *trigger("new.title = 'Aula 2'"))
    drain(box, database.worker_dsn)
    box.parked.release(2, Resolution.RETRY)
    box.append(page(4))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [(row.seq, row.state) for row in box.parked.list()] == [(2, ParkedState.PARKED)]
    assert slugs(database) == ["p--1", "p--3", "p--4"]
    run(database, "drop trigger t on contents")
    box.parked.release(2, Resolution.RETRY)
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert box.parked.count() == 0


def test_two_that_end_the_session_are_both_found(box: Outbox, database: Database) -> None:
    """The neighbour that is asked ends the session as well: then another is asked."""
    box.append(*(page(one) for one in range(1, 6)))
    run(database, *trigger("new.title in ('Aula 2', 'Aula 3')"))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [row.seq for row in box.parked.list()] == [2, 3]


def test_a_refused_event_whose_neighbour_ends_the_session_is_judged_all_the_same(
    box: Outbox, database: Database
) -> None:
    box.append(*(page(one) for one in range(1, 6)))
    run(database, *trigger("new.title = 'Aula 3'"))
    run(
        database,
        "create function refuse() returns trigger language plpgsql as $$ begin if new.title = 'Aula 2' then "
        "raise exception 'no' using errcode = '42501'; end if; return new; end $$",
        "create trigger a before insert on contents for each row execute function refuse()",
    )
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [(row.seq, row.sqlstate) for row in box.parked.list()] == [(2, "42501"), (3, "57P01")]


def test_an_event_that_crashes_the_server_is_parked(box: Outbox, database: Database) -> None:
    """Nobody says so to us: the server's statistics begin anew."""
    box.append(*(page(one) for one in (1, 2, 3)))
    run(database, *trigger("new.title = 'Aula 2'", body=CRASH, options="security definer"), superuser=True)
    assert relay(box, database.worker_dsn, waker=Patient()).run() is Ending.EMPTY
    (parked,) = box.parked.list()
    assert (parked.seq, parked.sqlstate) == (2, None)
    assert "the server crashes each time this event is applied" in parked.reason
    assert slugs(database) == ["p--1", "p--3"]


class Patient(NoWaiting):
    """A server that recovers takes real time."""

    def sleep(self, seconds: float, *, until: Callable[[], bool] = lambda: False) -> None:
        super().sleep(seconds, until=until)
        threading.Event().wait(min(seconds, 0.3))


# Nobody is charged.


def test_a_trigger_that_ends_every_session_charges_nobody(box: Outbox, database: Database) -> None:
    box.append(*(page(one) for one in range(1, 8)))
    run(database, *trigger("true"))
    waker = stops_after(A_LOT)
    assert relay(box, database.worker_dsn, waker=waker, until_empty=False).run() is Ending.STOPPED
    assert box.parked.count() == 0
    state = box.relay.report
    assert state is not None
    assert "each time event 1 is applied" in str(state.last_error)
    run(database, "drop trigger t on contents")
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert box.parked.count() == 0


def test_a_moment_in_which_the_others_do_not_go_through_ends_no_search(box: Outbox, database: Database) -> None:
    """Somebody held their rows when they were tried beside the suspect; they are tried again later."""
    box.append(*(page(one) for one in (1, 2, 3)))
    in_the_way = "if nextval('refused') > 0 and exists (select from busy) then raise lock_not_available; end if;"
    run(
        database,
        "create sequence refused",
        "create table busy as select 1",
        "grant select, delete on busy to public",
        "grant usage on sequence refused to public",
        *trigger("new.title = 'Aula 1'", body=f"{TERMINATE} else {in_the_way}"),
    )
    waker = stops_after(2 * A_LOT)
    ends = waker.on_sleep

    def waited(seconds: float) -> None:
        run(database, "delete from busy where (select is_called from refused)")
        assert ends is not None
        ends(seconds)

    waker.on_sleep = waited
    assert relay(box, database.worker_dsn, waker=waker, max_events=1).run() is Ending.EMPTY
    assert [(row.seq, row.sqlstate) for row in box.parked.list()] == [(1, "57P01")]
    assert slugs(database) == ["p--2", "p--3"]


def test_five_that_end_the_session_alike_are_held(box: Outbox, database: Database) -> None:
    """Like any others that are refused alike: the trigger is to be mended, and those that were parked come back."""
    box.append(*(page(one) for one in range(1, 8)), *(page(one) for one in range(20, 23)))
    run(database, *trigger("new.title like 'Aula _'"))
    with pytest.raises(Exception, match="5 events in a row") as told:
        drain(box, database.worker_dsn)
    assert getattr(told.value, "exit_code", None) == 3
    run(database, "drop trigger t on contents")
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert box.parked.count() == 0


def dialling(database: Database, harm: Callable[[Connection], None]) -> Callable[[], Connection]:
    """Connections that come to harm."""

    def dial() -> Connection:
        connection = connect(database.worker_dsn)
        harm(connection)
        return connection

    return dial


def test_an_administrator_who_terminates_session_after_session_charges_nobody(box: Outbox, database: Database) -> None:
    """Whatever is in hand then: once the event itself, once what it is compared with."""
    box.append(page(1), page(2), page(3))
    admin = psycopg.connect(database.admin_dsn, autocommit=True)
    told: list[str] = []

    def harm(connection: Connection) -> None:
        def ended(text: Any, *rest: Any, **more: Any) -> Any:
            if "applied_event_id" in str(text) and "for update" in str(text):
                told.append("ended")
                admin.execute("select pg_terminate_backend(%s, 5000)", [connection.info.backend_pid])
            return real(text, *rest, **more)

        real = connection.execute
        connection.execute = ended  # type: ignore[method-assign]

    waker = stops_after(A_LOT)
    one = relay(box, dialling(database, harm), waker=waker, until_empty=False)
    assert one.run() is Ending.STOPPED
    admin.close()
    assert len(told) > 2 * TRIES
    assert box.parked.count() == 0
    assert drain(box, database.worker_dsn) is Ending.EMPTY


def test_a_server_that_was_restarted_between_the_losses_charges_nobody(box: Outbox, database: Database) -> None:
    """Whoever restarts it, and fails over, ends the sessions as well."""
    box.append(page(1), page(2), page(3))
    run(database, *trigger("new.title = 'Aula 2'"))
    starts: list[int] = []

    def harm(connection: Connection) -> None:
        def answered(text: Any, *rest: Any, **more: Any) -> Any:
            if "pg_postmaster_start_time" in str(text):
                starts.append(len(starts))
                return SimpleNamespace(fetchone=lambda: (starts[-1], None))
            return real(text, *rest, **more)

        real = connection.execute
        connection.execute = answered  # type: ignore[method-assign]

    waker = stops_after(A_LOT)
    assert relay(box, dialling(database, harm), waker=waker, until_empty=False).run() is Ending.STOPPED
    assert len(starts) > 2 * TRIES
    assert box.parked.count() == 0


def test_a_session_that_ends_after_a_long_wait_charges_nobody(
    box: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody may have ended it for the wait."""
    monkeypatch.setattr(lost_sessions, "PROMPT_SECONDS", 0.0)
    box.append(page(1), page(2), page(3))
    run(database, *trigger("new.title = 'Aula 2'"))
    waker = stops_after(A_LOT)
    assert relay(box, database.worker_dsn, waker=waker, until_empty=False).run() is Ending.STOPPED
    assert box.parked.count() == 0


def test_a_line_that_is_cut_at_one_event_charges_nobody(box: Outbox, database: Database) -> None:
    """A proxy that does not like its words: the server says nothing and has not crashed."""
    box.append(page(1), page(2, body="EICAR"), page(3))
    cut: list[int] = []

    def harm(connection: Connection) -> None:
        def watched(text: Any, values: Any = None, **more: Any) -> Any:
            if "EICAR" in str(values):
                cut.append(1)
                connection.pgconn.finish()
            return real(text, values, **more)

        real = connection.execute
        connection.execute = watched  # type: ignore[method-assign]

    waker = stops_after(A_LOT)
    assert relay(box, dialling(database, harm), waker=waker, until_empty=False).run() is Ending.STOPPED
    assert len(cut) > 2 * TRIES
    assert box.parked.count() == 0
    assert drain(box, database.worker_dsn) is Ending.EMPTY
