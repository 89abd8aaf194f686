"""A log that goes over a bus arrives as if its host had been connected: real nats-server, real PostgreSQL."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from outbox import Event, Outbox
from outbox import catalogue as c
from outbox.operating import backup, plan_prune, prune
from tests.support.fault_proxy import FaultProxy
from tests.support.fleet import Fleet, add_lessons, centre_of, course, fleet, on_the_list, positions, refuse
from tests.support.make_outbox import filled
from tests.support.memory_log import MemoryLog
from tests.support.postgres import Database, Server
from tests.support.refusing import Refusing
from tests.support.relaying import drain
from tests.support.rows import all_rows
from worker.bus.central import ANNOUNCE_SECONDS, SAID_AGAIN_AFTER
from worker.bus.frames import Cargo, pack
from worker.bus.link import BusAway
from worker.connect.connection import Connection, Limits, connect
from worker.errors import SchemaFault


@pytest.fixture
def other_database(server: Server) -> Iterator[Database]:
    clone = server.clone(server.migrated())
    yield clone
    server.drop(clone)


@pytest.fixture
def bus(tmp_path: Path, database: Database) -> Iterator[Fleet]:
    with fleet(tmp_path, database) as made:
        yield made


def rows(database: Database) -> dict[str, list[str]]:
    return {table: found for table, found in all_rows(database.dsn).items() if table not in {"sources", "streams"}}


def as_list(box: Outbox) -> MemoryLog:
    """The same log, which knows no database yet."""
    log = MemoryLog(list(box.events()))
    log.outbox_id = box.outbox_id
    return log


def test_what_goes_over_the_bus_leaves_the_rows_of_a_direct_drain(
    bus: Fleet, database: Database, other_database: Database, tmp_path: Path
) -> None:
    """Three hosts at once, small frames, then what comes later; the position is that of a direct worker."""
    boxes = [course(tmp_path / f"{name}.db", name, 30) for name in ("one", "two")] + [filled(tmp_path / "3.db", 40)]
    for box in boxes:
        bus.host(box, frame_events=7)
    assert bus.until_all_is_applied() == []
    add_lessons(boxes[0], "one", range(31, 40))
    assert bus.until_all_is_applied() == []
    for box in boxes:
        drain(as_list(box), other_database.worker_dsn)
    assert rows(database) == rows(other_database)
    assert positions(database) == positions(other_database)


def test_an_idle_host_whose_frames_are_lost_sends_them_again(bus: Fleet, database: Database, tmp_path: Path) -> None:
    """Nobody else would notice: no later frame comes that leaves a gap. Stored though it was sent a moment ago."""
    host = bus.host(course(tmp_path / "1.db", "one", 10), silent_seconds=5.0)
    host.step()
    bus.server.purge()
    bus.until_all_is_applied()
    assert host.box.relay.report is not None
    assert positions(database) == {host.box.outbox_id: host.box.last_seq}
    host.step()
    assert host.box.relay.report.state == "following"


def test_without_looking_after_what_was_sent_it_would_stay_lost(bus: Fleet, tmp_path: Path) -> None:
    """The rule is what mends it, and nothing else."""
    host = bus.host(course(tmp_path / "1.db", "one", 10), silent_seconds=1e12)
    host.step()
    bus.server.purge()
    with pytest.raises(AssertionError, match="not within"):
        bus.until_all_is_applied(rounds=30)


@pytest.mark.parametrize("lose", ["purge", "delete"])
def test_a_store_that_is_lost_is_noticed_with_the_next_frame(
    bus: Fleet, database: Database, tmp_path: Path, lose: str
) -> None:
    """The server does not have what the frame is to follow: the host reads anew, and sends what was not applied."""
    host = bus.host(course(tmp_path / "1.db", "one", 40), frame_events=5, silent_seconds=1e12)
    for _ in range(4):
        host.step()
    getattr(bus.server, lose)()
    bus.until_all_is_applied()
    assert positions(database) == {host.box.outbox_id: host.box.last_seq}


def test_a_gap_is_asked_for_and_never_applied_over(bus: Fleet, database: Database, tmp_path: Path) -> None:
    """Later frames came, one before them is gone: `want`, and the host sends again from there."""
    host = bus.host(course(tmp_path / "1.db", "one", 40), frame_events=5, silent_seconds=1e12)
    for _ in range(4):
        host.step()
    bus.server.admin(lambda client: client.jsm().delete_msg("OUTBOX", 2))
    bus.centre.step()
    assert positions(database) == {host.box.outbox_id: 5}
    bus.until_all_is_applied()
    assert bus.centre.counts.wants == 1
    assert positions(database) == {host.box.outbox_id: host.box.last_seq}


def test_a_centre_that_died_before_its_word_says_it_when_it_starts(
    bus: Fleet, database: Database, tmp_path: Path
) -> None:
    """After COMMIT nothing is lost: the next centre says how every outbox stands."""
    host = bus.host(course(tmp_path / "1.db", "one", 10))
    host.step()
    bus.centre._say = lambda: None  # type: ignore[method-assign]  # it dies there
    bus.centre.step()
    assert positions(database) == {host.box.outbox_id: host.box.last_seq}
    assert host.applied == 0
    bus.centre = bus.new_centre()
    bus.until_all_is_applied(rounds=10)
    assert bus.centre.counts.frames == 0, "it reads on from where Postgres says that was read"


def test_two_centres_on_the_same_outboxes_are_harmless(bus: Fleet, database: Database, tmp_path: Path) -> None:
    """The position is the fence."""
    hosts = [bus.host(course(tmp_path / f"{name}.db", name, 20), frame_events=4) for name in ("one", "two")]
    second = bus.new_centre()
    for _ in range(60):
        for host in hosts:
            assert host.step() is None
        bus.centre.step()
        second.step()
    assert positions(database) == {host.box.outbox_id: host.box.last_seq for host in hosts}


def test_partitions_are_read_by_those_they_belong_to(bus: Fleet, database: Database, tmp_path: Path) -> None:
    """A centre of half of them leaves the others alone."""
    hosts = [bus.host(course(tmp_path / f"{number}.db", f"p{number}", 2)) for number in range(6)]
    for host in hosts:
        host.step()
    bus.new_centre("01234567").step()
    low = {host.box.outbox_id for host in hosts if host.box.outbox_id.hex[-1] in "01234567"}
    assert set(positions(database)) == low
    bus.new_centre("89abcdef").step()
    assert set(positions(database)) == {host.box.outbox_id for host in hosts}


def test_two_forwarders_of_one_outbox_do_not_mix_their_frames(bus: Fleet, database: Database, tmp_path: Path) -> None:
    """The server refuses whoever does not know what came last; he reads it and goes on from there."""
    box = course(tmp_path / "1.db", "one", 40)
    bus.host(box, frame_events=3)
    bus.host(box, known=True, frame_events=5)
    assert bus.until_all_is_applied() == []
    assert positions(database) == {box.outbox_id: box.last_seq}


def test_poison_in_a_frame_is_parked_alone_and_what_depends_on_it_held_after_a_restart_too(
    bus: Fleet, database: Database, tmp_path: Path
) -> None:
    """By the relay's own code. What each parked event refers to stands in Postgres, since the log is elsewhere."""
    box = course(tmp_path / "1.db", "one", 30)
    slug = "one--aula-7"
    refuse(database, slug)
    bus.host(box)
    bus.until_all_is_applied()
    (poison,) = on_the_list(database)
    assert on_the_list(database) == {poison: "parked"}
    bus.centre = bus.new_centre()
    box.append(c.ContentTagged(slug=slug, tag="later"))
    box.append(
        c.ContentUpserted(slug="one--sub", title="Sub", content_type="course_lesson", project="one", parent=slug)
    )
    add_lessons(box, "one", range(31, 35))
    bus.until_all_is_applied()
    bus.centre = bus.new_centre()
    box.append(c.ContentTagged(slug="one--sub", tag="later still"))
    bus.until_all_is_applied()
    waiting = (34, 35, box.last_seq)
    assert on_the_list(database) == {poison: "parked", **dict.fromkeys(waiting, "held")}
    assert {row.seq: row.state for row in box.parked.list()} == on_the_list(database), "as it is listed on the host"


def test_what_a_worker_on_the_host_parked_is_not_passed_by_here(bus: Fleet, database: Database, tmp_path: Path) -> None:
    """Nobody here knows what it refers to, so what waits for it cannot be told: refused in words, on the host too."""
    box = course(tmp_path / "1.db", "one", 10)
    refuse(database, "one--aula-7")
    drain(box, database.worker_dsn)
    host = bus.host(box)
    box.append(c.ContentTagged(slug="one--aula-7", tag="later"))
    errors = bus.until(lambda: host.step() is not None, rounds=20)
    assert any("parked by a worker on its host" in str(error) for error in [*errors, host.step()])
    assert positions(database) == {box.outbox_id: box.last_seq - 1}


def test_a_copy_of_the_outbox_file_is_refused_on_its_host(bus: Fleet, database: Database, tmp_path: Path) -> None:
    """An older copy, and one that went on by itself: the words are those of a direct worker."""
    box = course(tmp_path / "1.db", "one", 10)
    backup(box, tmp_path / "old.db")
    backup(box, tmp_path / "own.db")
    add_lessons(box, "one", range(11, 20))
    bus.host(box)
    bus.until_all_is_applied()
    bus.hosts.clear()
    with Outbox.open(tmp_path / "old.db") as old, Outbox.open(tmp_path / "own.db") as own:
        assert "this file is an older copy" in str(bus.host(old, known=True).step())
        add_lessons(own, "one", range(50, 70))
        assert "two copies of one outbox were both used" in str(bus.host(own, known=True).step())
    bus.server.delete("APPLIED")  # nobody says it, and the newest frame is of another file
    bus.centre.step()
    with Outbox.open(tmp_path / "own.db") as own:
        assert "two copies of one outbox were both used" in str(bus.host(own, known=True).step())
    assert positions(database) == {box.outbox_id: box.last_seq}


def test_a_copy_that_writes_all_the_same_is_refused_at_the_centre(
    bus: Fleet, database: Database, tmp_path: Path
) -> None:
    """A frame names the event before it. Whatever a host believes, nothing of another file is applied after it."""
    box = course(tmp_path / "1.db", "one", 10)
    backup(box, tmp_path / "own.db")
    add_lessons(box, "one", range(11, 13))
    bus.host(box)
    bus.until_all_is_applied()
    before = rows(database)
    with Outbox.open(tmp_path / "own.db") as own:
        add_lessons(own, "one", range(50, 60))
        events = own.read(after=box.last_seq)
        link, last = bus.linked(box.outbox_id), bus.linked(box.outbox_id).newest_of(box.outbox_id)
        assert last is not None
        (message,) = pack(Cargo(events=events), after=box.last_seq, before=own.event(box.last_seq).event_id)
        link.publish_after(box.outbox_id, message, last.number)
    bus.centre.step()
    assert bus.centre.counts.blocked == 1
    assert rows(database) == before
    assert positions(database) == {box.outbox_id: box.last_seq}


def test_a_server_that_serves_what_was_long_ago_does_no_harm_and_is_seen(
    bus: Fleet, database: Database, tmp_path: Path
) -> None:
    """A store that was rolled back, or the old leader of a cluster that fell apart: old frames, old words, old numbers."""
    host = bus.host(course(tmp_path / "1.db", "one", 20), frame_events=5, silent_seconds=3.0)
    for _ in range(2):
        host.step()
    bus.centre.step()
    old = bus.server.copy_of_store()
    add_lessons(host.box, "one", range(21, 41))
    bus.until_all_is_applied()
    before = rows(database)
    bus.server.put_back(old)
    for _ in range(10):
        host.step()
        with suppress(BusAway):
            bus.centre.step()
    assert rows(database) == before
    add_lessons(host.box, "one", range(41, 46))
    bus.until_all_is_applied()
    assert positions(database) == {host.box.outbox_id: host.box.last_seq}
    assert bus.centre.counts.doubles > 0, "the metrics show it"


def set_back(database: Database, outbox_id: UUID, event: Event) -> None:
    """As a restore of an older backup leaves it: position and what was read, and the rows as they were."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("delete from contents where last_event_id > %s", [event.event_id])
        connection.execute("delete from outbox.streams")
        connection.execute(
            "update outbox.sources set applied_seq = %s, applied_event_id = %s where outbox_id = %s",
            [event.seq, event.event_id, outbox_id],
        )


def test_a_database_that_was_restored_reads_the_stream_again_with_all_hosts_off(
    bus: Fleet, database: Database, tmp_path: Path
) -> None:
    """Where to read on came back with the backup."""
    host = bus.host(course(tmp_path / "1.db", "one", 30), frame_events=5)
    bus.until_all_is_applied()
    before = rows(database)
    set_back(database, host.box.outbox_id, host.box.event(12))
    bus.centre = bus.new_centre()
    for _ in range(3):
        bus.centre.step()
    assert rows(database) == before


@pytest.mark.parametrize("lost", [("OUTBOX",), ("OUTBOX", "APPLIED")])
def test_a_database_that_was_restored_gets_from_idle_hosts_what_the_stream_lost(
    bus: Fleet, database: Database, tmp_path: Path, lost: tuple[str, ...]
) -> None:
    """The centre looks now and then how Postgres stands, and says what it finds."""
    host = bus.host(course(tmp_path / "1.db", "one", 30), frame_events=5)
    bus.until_all_is_applied()
    before = rows(database)
    for stream in lost:
        bus.server.delete(stream)
    set_back(database, host.box.outbox_id, host.box.event(12))
    bus.centre_waker.now += 100
    host.waker.now += 100
    bus.until(lambda: rows(database) == before, rounds=30)
    assert positions(database) == {host.box.outbox_id: host.box.last_seq}


def test_a_database_that_was_restored_to_before_it_knew_a_host_gets_all_of_it(
    bus: Fleet, database: Database, tmp_path: Path
) -> None:
    """It has no position of that outbox any more, and says so: the host would wait for a word that never comes."""
    host = bus.host(course(tmp_path / "1.db", "one", 10))
    bus.until_all_is_applied()
    before = rows(database)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for table in ("contents", "content_projects", "audience_profiles", "outbox.sources", "outbox.streams"):
            connection.execute(f"delete from {table}".encode())
    bus.server.purge()
    bus.centre_waker.now += 100
    host.waker.now += 100
    bus.until(lambda: rows(database) == before, rounds=30)


def test_how_far_the_database_is_is_noted_once_the_disk_has_room_again(bus: Fleet, tmp_path: Path) -> None:
    """With the word that says it nothing could be written, and an idle host hears no other."""
    host = bus.host(course(tmp_path / "1.db", "one", 5))
    host.step()
    bus.centre.step()
    host.box.connection.execute("pragma query_only = on")
    host.step()
    host.box.connection.execute("pragma query_only = off")
    assert host.applied == 0
    host.waker.now += 100
    host.step()
    assert host.applied == host.box.last_seq


@pytest.mark.parametrize(
    "asked", [b"from outbox.streams", b"jsonb_build_array", b"from outbox.starts", b"select applied_seq", b"for update"]
)
def test_a_database_that_says_nothing_more_is_given_up_by_the_centre(
    bus: Fleet, database: Database, tmp_path: Path, asked: bytes
) -> None:
    """Whatever it is asked: where to read on, how outboxes stand, what was in hand, a position, a batch of several."""
    hosts = [bus.host(course(tmp_path / f"{name}.db", name, 3)) for name in ("one", "two")]
    hangs = 1
    with FaultProxy(database.worker_dsn) as proxy:

        def hang(request: bytes) -> bool:
            nonlocal hangs
            if asked in request and hangs:
                hangs -= 1
                proxy.plan.black_hole = True
            return False

        def dial() -> Connection:
            proxy.plan.black_hole = False
            return connect(proxy.dsn)

        proxy.plan.cut_request = hang
        link, quick = bus.linked("centre"), {"limits": Limits(statement_timeout_ms=500), "margin_seconds": 0.1}
        centre = centre_of(link, database, bus.centre_waker, dial=dial, together=True, **quick)
        bus.centres.append(centre)
        for _ in range(10):
            for host in hosts:
                host.box.append(c.ContentTagged(slug="one--aula-1", tag=str(host.box.last_seq)))
                host.step()
            with suppress(psycopg.Error, OSError):
                centre.step()
        assert not hangs
        bus.centre = centre
        bus.until_all_is_applied()


def test_after_a_refused_login_a_centre_does_not_knock_again_soon(
    bus: Fleet, database: Database, tmp_path: Path
) -> None:
    """Whoever of it wants a connection: a pooler bans who is refused too often."""
    hosts = [bus.host(course(tmp_path / f"{name}.db", name, 3)) for name in ("one", "two")]
    with Refusing({"S": "FATAL", "C": "28P01", "M": "no"}) as server:
        dsn = database.worker_dsn
        bus.centre = bus.new_centre(dial=lambda: connect(dsn))
        bus.until_all_is_applied()
        for host in hosts:
            host.box.append(c.ContentTagged(slug="one--aula-1", tag="later"))
            host.step()
        dsn = server.dsn()
        for _ in range(20):
            with suppress(psycopg.Error):
                bus.centre.step()
        assert server.logins == 1
    dsn = database.worker_dsn
    bus.centre_waker.now += 301
    bus.until_all_is_applied()


@pytest.mark.parametrize(
    "older",
    ["alter table outbox.parked drop column carried_out", "drop table outbox.starts", "drop table outbox.streams"],
)
def test_a_centre_says_at_its_start_that_the_database_needs_a_migration(
    bus: Fleet, database: Database, older: str
) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(older)
    with pytest.raises(SchemaFault) as refused:
        bus.new_centre().step()
    assert refused.value.remedy == "run `worker migrate up`"


def test_what_stands_under_no_outboxs_name_is_not_applied(bus: Fleet, database: Database, tmp_path: Path) -> None:
    """Whoever may write there: it is nobody's, and not another outbox's either."""
    box = course(tmp_path / "1.db", "one", 3)
    (message,) = pack(Cargo(events=box.read()), after=0, before=None)
    for subject in ("outbox.log.0.nobody", f"outbox.log.0.{box.outbox_id.hex[:-1]}f"):
        bus.server.admin(
            lambda client, to=subject: client.jetstream().publish(to, message.data, headers=dict(message.headers))
        )
    bus.centre.step()
    assert positions(database) == {}


def test_a_word_that_the_bus_has_lost_is_said_again(bus: Fleet, tmp_path: Path) -> None:
    """Its host is idle and nothing else is to be said: nobody would notice."""
    host = bus.host(course(tmp_path / "1.db", "one", 5))
    host.step()
    bus.centre.step()
    bus.server.delete("APPLIED")
    for _ in range(SAID_AGAIN_AFTER + 1):
        bus.centre_waker.now += ANNOUNCE_SECONDS
        bus.centre.step()
    host.waker.now += 100
    host.step()
    assert host.applied == host.box.last_seq


def pruned(box: Outbox) -> int:
    return prune(box, plan_prune(box, keep_days=0))


def test_a_database_that_was_restored_to_before_what_was_pruned_is_refused(
    bus: Fleet, database: Database, tmp_path: Path
) -> None:
    """As by a direct worker: those events are nowhere any more, and a later one is not applied in their place."""
    box = course(tmp_path / "1.db", "one", 30)
    host = bus.host(box, frame_events=5)
    bus.until_all_is_applied()
    remembered = box.relay.position
    assert remembered is not None
    box.relay.remember_verified(remembered.destination_id, 20)
    assert pruned(box) == 19
    bus.server.purge()
    set_back(database, box.outbox_id, next(iter(box.events())))
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("update outbox.sources set applied_seq = 5, applied_event_id = null")
    bus.centre_waker.now += 100
    host.waker.now += 100
    bus.centre.step()
    assert "were pruned here" in str(host.step())
    assert positions(database) == {box.outbox_id: 5}


def test_nothing_in_the_stream_counts_as_proof(bus: Fleet, tmp_path: Path) -> None:
    """What was forwarded is not delivered, and what is delivered is not proven: a prune deletes nothing of it."""
    host = bus.host(course(tmp_path / "1.db", "one", 30))
    host.step()
    assert pruned(host.box) == 0
    bus.until_all_is_applied()
    assert pruned(host.box) == 0
    assert host.box.relay.verified_seq == 0
