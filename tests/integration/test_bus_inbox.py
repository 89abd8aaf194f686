"""The inbox table in the place of NATS: its SQL half, as a host's JWT and the centre's role see it. Not tried over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.support.fleet import Host, add_lessons, centre_of, course, positions
from tests.support.inbox_link import InboxLink
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting
from worker.bus.central import Centre
from worker.bus.frames import Message
from worker.bus.link import BusRefused, Stale


@pytest.fixture
def centre(database: Database) -> Iterator[Centre]:
    link = InboxLink(database)
    made = centre_of(link, database, NoWaiting(), together=True)
    yield made
    made.ended()
    link.close()


def test_logs_of_several_hosts_go_over_the_inbox_table(database: Database, tmp_path: Path, centre: Centre) -> None:
    """The halves are the same; only the four verbs are others. What was lost on the way is sent again."""
    hosts = []
    for name in ("one", "two", "three"):
        box = course(tmp_path / f"{name}.db", name, 10)
        hosts.append(Host(box, InboxLink(database, box.outbox_id), frame_events=4, silent_seconds=3.0))
    for round_ in range(60):
        for host in hosts:
            assert host.step() is None
        centre.step()
        if round_ == 1:
            with psycopg.connect(database.dsn, autocommit=True) as connection:
                connection.execute("delete from outbox_bus.carried")
            add_lessons(hosts[0].box, "one", range(11, 15))
    assert positions(database) == {host.box.outbox_id: host.box.last_seq for host in hosts}
    assert all(host.applied == host.box.last_seq for host in hosts)
    for host in hosts:
        host.link.close()


def test_a_stale_writer_is_refused(database: Database) -> None:
    mine = uuid4()
    link = InboxLink(database, mine)
    first = link.publish_after(mine, Message({"Ob-Part": "1/1"}, b"x"), 0)
    with pytest.raises(Stale):
        link.publish_after(mine, Message({}, b"y"), 0)
    assert link.publish_after(mine, Message({}, b"y"), first) > first
    link.close()


def test_a_host_sees_and_writes_what_its_claim_names_and_nothing_else(database: Database) -> None:
    """Another's log, another's word, its own word, deletion, and all of it without a claim."""
    mine, others = uuid4(), uuid4()
    link, other, centre = InboxLink(database, mine), InboxLink(database, others), InboxLink(database)
    other.publish_after(others, Message({}, b"secret"), 0)
    centre.say(others, b"secret")
    centre.say(mine, b"said")
    assert link.newest_of(others) is None
    assert link.newest_of(others, word=True) is None
    word = link.newest_of(mine, word=True)
    assert word is not None
    assert word.message.data == b"said"
    link.publish_after(others, Message({}, b"x"), 0)  # stands under the claim, whatever was said
    assert [one.outbox_id for one in centre.read_from("*", 0, most_bytes=1).found] == [others, mine]
    for statement in (
        "insert into outbox_bus.words (outbox_id, data) values (outbox_bus.claimed(), 'x')",
        "delete from outbox_bus.carried",
        "update outbox_bus.carried set data = 'x'",
        f"insert into outbox_bus.carried (outbox_id, headers, data) values ('{others}', '{{}}', 'x')",
    ):
        with pytest.raises(BusRefused):
            link._one(statement, [])
    for each in (link, other, centre):
        each.close()


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_without_a_claim_nothing_is_to_be_had(database: Database, role: str) -> None:
    link = InboxLink(database)
    link.say(uuid4(), b"x")
    link.close()
    with psycopg.connect(database.api_dsn, autocommit=True) as connection:
        connection.execute(f"set role {role}")
        for call in ("select outbox_bus.carry(0, '{}', 'x')", "select count(*) from outbox_bus.words where data = 'x'"):
            try:
                found = connection.execute(call).fetchone()
            except (psycopg.errors.InsufficientPrivilege, psycopg.errors.NotNullViolation):
                continue
            assert found == (0,)
