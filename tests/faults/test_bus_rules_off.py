"""What would happen over a bus without one of its rules: each is what keeps the harm away, and nothing else does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

import worker.bus.forward
import worker.bus.nats_link
from outbox import Outbox
from outbox.operating import backup
from tests.support.fleet import Fleet, add_lessons, course, fleet, positions
from tests.support.make_outbox import lesson
from tests.support.postgres import Database
from worker.apply import projection
from worker.bus.frames import Cargo, pack
from worker.bus.log import BusLog


@pytest.fixture
def bus(tmp_path: Path, database: Database) -> Iterator[Fleet]:
    with fleet(tmp_path, database) as made:
        yield made


def slugs(database: Database) -> set[str]:
    with psycopg.connect(database.dsn) as connection:
        return {str(row[0]) for row in connection.execute("select slug from contents").fetchall()}


def test_without_the_look_at_the_event_a_copy_of_the_file_falls_silent(
    bus: Fleet, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It believes the number that is said, and what it alone has is never sent: refused with the rule, in words."""
    box = course(tmp_path / "1.db", "one", 5)
    backup(box, tmp_path / "own.db")
    add_lessons(box, "one", range(6, 10))
    bus.host(box)
    bus.until_all_is_applied()
    monkeypatch.setattr(worker.bus.forward, "check_fits", lambda *_: None)
    with Outbox.open(tmp_path / "own.db") as own:
        add_lessons(own, "one", range(50, 54))
        host = bus.host(own, known=True)
        assert [host.step() for _ in range(3)] == [None] * 3
        assert host.applied == own.last_seq
    assert "one--aula-50" not in slugs(database)


def test_with_message_ids_what_is_sent_again_after_a_loss_is_not_stored(
    bus: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server looks for doubles within two minutes, and answers "stored" to what it does not store."""
    publish = worker.bus.nats_link.NatsLink._publish

    async def with_id(link: Any, subject: str, data: bytes, headers: dict[str, str]) -> int:
        named = {**headers, "Nats-Msg-Id": headers["Ob-From"]} if "Ob-From" in headers else headers
        return await publish(link, subject, data, named)

    monkeypatch.setattr(worker.bus.nats_link.NatsLink, "_publish", with_id)
    host = bus.host(course(tmp_path / "1.db", "one", 10), silent_seconds=3.0)
    host.step()
    bus.server.purge()
    with pytest.raises(AssertionError, match="not within"):
        bus.until_all_is_applied(rounds=30)


def test_without_the_event_before_it_a_frame_of_another_copy_is_applied(
    bus: Fleet, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = course(tmp_path / "1.db", "one", 10)
    backup(box, tmp_path / "own.db")
    add_lessons(box, "one", range(11, 13))
    bus.host(box)
    bus.until_all_is_applied()
    take = BusLog.take

    def careless(log: BusLog, head: Any, cargo: Cargo, number: int, size: int) -> bool:
        return take(log, head._replace(before=None), cargo, number, size)

    monkeypatch.setattr(BusLog, "take", careless)
    with Outbox.open(tmp_path / "own.db") as own:
        add_lessons(own, "one", range(50, 60))
        events = own.read(after=box.last_seq)
        link = bus.linked(box.outbox_id)
        last = link.newest_of(box.outbox_id)
        assert last is not None
        (message,) = pack(Cargo(events=events), after=box.last_seq, before=None)
        link.publish_after(box.outbox_id, message, last.number)
    bus.centre.step()
    assert "one--aula-59" in slugs(database)


def test_without_the_rule_of_gaps_events_are_left_out(
    bus: Fleet, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The position goes over them as if they had taken effect."""
    host = bus.host(course(tmp_path / "1.db", "one", 20), frame_events=5, silent_seconds=1e12)
    for _ in range(4):
        host.step()
    bus.server.admin(lambda client: client.jsm().delete_msg("OUTBOX", 3))
    take = BusLog.take

    def careless(log: BusLog, head: Any, cargo: Cargo, number: int, size: int) -> bool:
        if not log.is_empty:
            head = head._replace(first=log.end + 1, before=None)
        return take(log, head, cargo, number, size)

    monkeypatch.setattr(BusLog, "take", careless)
    bus.centre.step()
    assert positions(database)[host.box.outbox_id] > 15
    assert "one--aula-9" not in slugs(database)


def test_without_asking_for_rights_a_host_writes_anothers_project(
    bus: Fleet, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, others = course(tmp_path / "1.db", "mine", 2), course(tmp_path / "2.db", "others", 2)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for box, project in ((mine, "mine"), (others, "others")):
            connection.execute(
                "insert into outbox.rights (outbox_id, project) values (%s, %s)", [box.outbox_id, project]
            )
    monkeypatch.setattr(projection, "ask_rights", lambda *_: lambda *_: None)
    bus.host(others)
    bus.until_all_is_applied()
    mine.append(lesson(9, project="others"))
    bus.host(mine)
    bus.until_all_is_applied()
    assert "others--aula-9" in slugs(database)
