"""Two outboxes into one database at the same time: neither stops the other, and the newest event of each row wins."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from outbox import Outbox
from outbox import catalogue as c
from tests.support.lessons import SetClock
from tests.support.postgres import Database
from tests.support.processes import until
from tests.support.relaying import drain, relay
from worker import Ending, SchemaFault
from worker.connect.connection import connect
from worker.run.replay import rewind

PAGES = 60
ROUNDS = 3


def test_two_hosts_write_the_same_rows_at_once(tmp_path: Path, database: Database) -> None:
    """Overlapping rows in opposite orders: no deadlock that lasts, nothing parked, the newest state everywhere."""
    paths = [tmp_path / host / "outbox.db" for host in ("one", "two")]
    newest: dict[str, tuple[str, str]] = {}
    with Outbox.open(paths[0]) as one, Outbox.open(paths[1]) as two:
        for turn in range(ROUNDS):
            for host, box in (("one", one), ("two", two)):
                numbers = range(PAGES) if host == "one" else reversed(range(PAGES))
                for number in numbers:
                    title = f"{host} {turn}"
                    page = c.ContentUpserted(slug=f"p--{number}", title=title, content_type="other")
                    (event,) = box.append(page).appended
                    seen = newest.get(page.slug, ("", ""))
                    newest[page.slug] = max(seen, (str(event.event_id), title))

    def deliver(path: Path) -> tuple[Ending, int]:
        with Outbox.open(path) as box:
            return drain(box, database.worker_dsn, max_events=7), box.parked.count()

    with ThreadPoolExecutor(2) as hosts:
        assert list(hosts.map(deliver, paths)) == [(Ending.EMPTY, 0)] * 2
    with psycopg.connect(database.dsn) as connection:
        rows = connection.execute("select slug, last_event_id::text, title from contents").fetchall()
    assert {slug: (event_id, title) for slug, event_id, title in rows} == newest


LINKED = c.ContentTagged(slug="p--a", tag="nova"), c.ContentMindLinked(slug="p--a", mind="ana", role="author")
UNLINKED = c.ContentUntagged(slug="p--a", tag="nova"), c.ContentMindUnlinked(slug="p--a", mind="ana", role="author")


@pytest.fixture
def hosts(tmp_path: Path, database: Database) -> Iterator[tuple[Outbox, Outbox]]:
    """Two outboxes whose clocks the test sets, one page in the database, and a mind."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("insert into minds (slug, display_name) values ('ana', 'Ana')")
    paths = [tmp_path / host / "outbox.db" for host in ("one", "two")]
    with Outbox.open(paths[0], clock=SetClock()) as one, Outbox.open(paths[1], clock=SetClock()) as two:
        one.append(c.ContentUpserted(slug="p--a", title="t", content_type="other"))
        drain(one, database.worker_dsn)
        yield one, two


def clock_of(box: Outbox) -> SetClock:
    assert isinstance(box.clock, SetClock)
    return box.clock


def links(database: Database) -> list[int]:
    with psycopg.connect(database.dsn) as connection:
        row = connection.execute("select (select count(*) from content_tags), (select count(*) from content_minds)")
        return list(row.fetchone() or ())


@pytest.mark.parametrize("size", [1, 500])
def test_a_link_that_was_removed_is_not_brought_back_by_an_older_event(
    size: int, hosts: tuple[Outbox, Outbox], database: Database
) -> None:
    """Monday's tag arrives after Tuesday's removal, from another host: it stays removed; Wednesday's is a new one."""
    one, two = hosts
    clock_of(one).move(days=1)
    one.append(*LINKED)  # Monday
    clock_of(two).move(days=2)
    two.append(*UNLINKED)  # Tuesday
    relay(two, database.worker_dsn, max_events=size).run()
    relay(one, database.worker_dsn, max_events=size).run()
    assert links(database) == [0, 0]
    clock_of(one).move(days=2)
    one.append(*UNLINKED, *LINKED)  # Wednesday; the first half was never said on this host
    relay(one, database.worker_dsn, max_events=size).run()
    assert links(database) == [1, 1]
    clock_of(two).move(hours=1)
    two.append(*LINKED, *UNLINKED)  # Tuesday still
    relay(two, database.worker_dsn, max_events=size).run()
    assert links(database) == [1, 1]


def test_two_hosts_that_link_and_remove_at_once_see_each_other(
    hosts: tuple[Outbox, Outbox], database: Database
) -> None:
    """The one that comes second waits for the row of the content, and then knows of the removal."""
    one, two = hosts
    clock_of(one).move(days=1)
    one.append(*LINKED)
    clock_of(two).move(days=2)
    two.append(*UNLINKED)
    with psycopg.connect(database.dsn) as both:  # holds them up until both have begun
        both.execute("select from contents for update")

        def deliver(path: Path) -> Ending:
            with Outbox.open(path) as box:
                return drain(box, database.worker_dsn)

        with ThreadPoolExecutor(2) as pool:
            ends = [pool.submit(deliver, box.path) for box in (two, one)]
            until(lambda: waiting(database) == 2, what="both wait")
            both.rollback()
            assert [end.result() for end in ends] == [Ending.EMPTY] * 2
    assert links(database) == [0, 0]


def waiting(database: Database) -> int:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        row = connection.execute(
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and usename = 'outbox_worker'"
        ).fetchone()
    return int(row[0]) if row else 0


def title_and_status(database: Database) -> tuple[object, ...]:
    with psycopg.connect(database.dsn) as connection:
        return connection.execute("select title, status from contents").fetchone() or ()


@pytest.mark.parametrize("size", [1, 500])
def test_an_older_event_of_another_host_does_not_win_while_a_newer_one_is_replayed(
    size: int, hosts: tuple[Outbox, Outbox], database: Database
) -> None:
    """What the replay has not come by again was written by an outbox all the same: its rows and links are newer."""
    one, two = hosts
    clock_of(two).move(days=1)
    two.append(c.ContentUpserted(slug="p--a", title="Tuesday", content_type="other"), *UNLINKED)
    clock_of(one).move(days=2)
    one.append(c.ContentStatusChanged(slug="p--a", status="reviewed"), *LINKED)
    drain(one, database.worker_dsn)
    with connect(database.worker_dsn) as connection:
        rewind(connection, one, 1)
        rewind(connection, one, 1)  # nothing more to set back
    drain(two, database.worker_dsn, max_events=size)
    assert (title_and_status(database), links(database)) == (("t", "reviewed"), [1, 1])
    drain(one, database.worker_dsn, max_events=size)
    assert (title_and_status(database), links(database)) == (("t", "reviewed"), [1, 1])


def test_a_second_replay_does_not_lower_what_the_first_had_noted(
    hosts: tuple[Outbox, Outbox], database: Database
) -> None:
    one, two = hosts
    clock_of(two).move(days=1)
    two.append(c.ContentUpserted(slug="p--a", title="Tuesday", content_type="other"))
    clock_of(one).move(days=2)
    one.append(c.ContentStatusChanged(slug="p--a", status="reviewed"))
    drain(one, database.worker_dsn)
    with connect(database.worker_dsn) as connection:
        rewind(connection, one, 2)
        rewind(connection, one, 1)
    drain(two, database.worker_dsn)
    assert title_and_status(database) == ("t", "reviewed")


def test_a_replay_in_a_database_that_cannot_note_it_names_the_migration(
    hosts: tuple[Outbox, Outbox], database: Database
) -> None:
    one, _ = hosts
    with psycopg.connect(database.dsn, autocommit=True) as owner:
        owner.execute("alter table outbox.sources drop column newest_event_id")
    one.append(c.ContentStatusChanged(slug="p--a", status="reviewed"))
    assert drain(one, database.worker_dsn) is Ending.EMPTY  # deliveries go on without it
    with connect(database.worker_dsn) as connection, pytest.raises(SchemaFault, match="worker migrate up"):
        rewind(connection, one, 1)
    assert title_and_status(database) == ("t", "reviewed")
