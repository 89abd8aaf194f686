"""Many outboxes in one transaction: the same rows as one after the other, and each alone where something is special."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from outbox import Outbox
from tests.support.fleet import Fleet, add_lessons, course, fleet, on_the_list, positions, refuse
from tests.support.make_outbox import lesson
from tests.support.memory_log import MemoryLog
from tests.support.postgres import Database, Server
from tests.support.relaying import drain
from tests.support.rows import all_rows


@pytest.fixture
def other_database(server: Server) -> Iterator[Database]:
    clone = server.clone(server.migrated())
    yield clone
    server.drop(clone)


@pytest.fixture
def bus(tmp_path: Path, database: Database) -> Iterator[Fleet]:
    with fleet(tmp_path, database, together=True) as made:
        yield made


def hosts(bus: Fleet, folder: Path, count: int) -> list[Outbox]:
    """Hosts that are known to the centre by now: what comes next of them may be applied together."""
    boxes = [course(folder / f"{number}.db", f"p{number}", 2) for number in range(count)]
    for box in boxes:
        bus.host(box, frame_events=10)
    bus.until_all_is_applied()
    return boxes


def rows(database: Database) -> dict[str, list[str]]:
    return {table: found for table, found in all_rows(database.dsn).items() if table not in {"sources", "streams"}}


def moves(database: Database) -> None:
    """Write down in which transaction each position moves."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(
            """
            create table public.moves (xid xid8 default pg_current_xact_id(), outbox_id uuid);
            create function public.note_move() returns trigger language plpgsql security definer as $$
            begin
                insert into public.moves (outbox_id) values (new.outbox_id);
                return null;
            end $$;
            create trigger note_move after update of applied_seq on outbox.sources
            for each row when (new.applied_seq <> old.applied_seq) execute function public.note_move();
            """
        )


def transactions(database: Database) -> int:
    with psycopg.connect(database.dsn) as connection:
        (count,) = connection.execute("select count(distinct xid) from public.moves").fetchone() or (0,)
    return int(count)


def test_what_several_outboxes_wrote_is_applied_in_one_transaction(
    bus: Fleet, database: Database, other_database: Database, tmp_path: Path
) -> None:
    """And leaves the rows of one after the other, those too that several of them write: the newest event wins."""
    boxes = hosts(bus, tmp_path, 5)
    moves(database)
    for number, box in enumerate(boxes):
        add_lessons(box, f"p{number}", range(3, 6))
        box.append(lesson(1, project="p0", body=f"by {number}"))
    for host in bus.hosts:
        host.step()
    bus.until_all_is_applied()
    assert transactions(database) == 1
    assert bus.centre.counts.together == 1
    for box in boxes:
        log = MemoryLog(list(box.events()))
        log.outbox_id = box.outbox_id
        drain(log, other_database.worker_dsn)
    assert rows(database) == rows(other_database)


def test_poison_of_one_is_parked_alone_and_the_others_flow(bus: Fleet, database: Database, tmp_path: Path) -> None:
    """The transaction fails as a whole; each is applied alone then, and joins the others again when it can."""
    boxes = hosts(bus, tmp_path, 4)
    refuse(database, "p2--aula-4")
    for number, box in enumerate(boxes):
        add_lessons(box, f"p{number}", range(3, 6))
    for host in bus.hosts:
        host.step()
    bus.until_all_is_applied()
    assert list(on_the_list(database).values()) == ["parked"]
    assert bus.centre.counts.apart == 1
    for number, box in enumerate(boxes):
        add_lessons(box, f"p{number}", range(6, 8))
    for host in bus.hosts:
        host.step()
    bus.until_all_is_applied()
    assert bus.centre.counts.together == 1
    assert positions(database) == {box.outbox_id: box.last_seq for box in boxes}


def test_a_position_that_another_centre_moved_is_met_alone(bus: Fleet, database: Database, tmp_path: Path) -> None:
    """Nothing takes effect twice: the fence is the same."""
    boxes = hosts(bus, tmp_path, 3)
    second = bus.new_centre()
    for number, box in enumerate(boxes):
        add_lessons(box, f"p{number}", range(3, 6))
    for host in bus.hosts:
        host.step()
    second.step()
    assert positions(database) == {box.outbox_id: box.last_seq for box in boxes}
    bus.until_all_is_applied()
    assert bus.centre.counts.together == 0


def test_an_outbox_with_confined_rights_is_looked_at_alone(bus: Fleet, database: Database, tmp_path: Path) -> None:
    boxes = hosts(bus, tmp_path, 3)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for box, project in zip(boxes, ("*", "*", "p2"), strict=True):
            connection.execute(
                "insert into outbox.rights (outbox_id, project) values (%s, %s)", [box.outbox_id, project]
            )
    for box in boxes:
        box.append(lesson(9, project="p0"))
    for host in bus.hosts:
        host.step()
    bus.until_all_is_applied()
    assert list(on_the_list(database).values()) == ["parked"]
