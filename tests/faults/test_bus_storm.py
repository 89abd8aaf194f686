"""Everything that may happen to a bus, at random and by seed: what arrives is what a direct worker brings, in order.

BUS_STORM_ROUNDS=200 makes it longer.
"""

import json
import os
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from outbox import Outbox
from tests.support.fault_proxy import FaultProxy
from tests.support.fleet import Fleet, Host, fleet, positions
from tests.support.make_outbox import lesson, project
from tests.support.memory_log import MemoryLog
from tests.support.postgres import Database, Server
from tests.support.relaying import drain
from tests.support.rows import all_rows
from worker.bus.central import Centre
from worker.bus.link import BusAway
from worker.connect.connection import connect

HOSTS = 4
_TEXT = {"content_tags"}  # lines that are no JSON
ROUNDS = int(os.environ.get("BUS_STORM_ROUNDS", "16"))


@pytest.fixture
def other_database(server: Server) -> Iterator[Database]:
    clone = server.clone(server.migrated())
    yield clone
    server.drop(clone)


def rows(database: Database) -> dict[str, list[str]]:
    return {table: found for table, found in all_rows(database.dsn).items() if table != "sources"}


def note_every_step(database: Database) -> None:
    """A trigger writes down from where to where each position goes."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(
            """
            create table public.steps (id bigint generated always as identity, outbox_id uuid, was bigint, now bigint);
            create function public.note_step() returns trigger language plpgsql security definer as $$
            begin
                insert into public.steps (outbox_id, was, now) values (new.outbox_id, old.applied_seq, new.applied_seq);
                return null;
            end $$;
            create trigger note_step after update of applied_seq on outbox.sources
            for each row when (new.applied_seq <> old.applied_seq) execute function public.note_step();
            """
        )


def steps(database: Database, outbox_id: UUID) -> list[tuple[int, int]]:
    with psycopg.connect(database.dsn) as connection:
        query = "select was, now from public.steps where outbox_id = %s order by id"
        return connection.execute(query, [outbox_id]).fetchall()


def differing_columns(one: Database, other: Database) -> set[str]:
    """In which columns rows differ; the name of a table that has other rows."""
    found: set[str] = set()
    mine, others = rows(one), rows(other)
    for table in mine:
        if table in _TEXT or len(mine[table]) != len(others[table]):
            found |= {table} if mine[table] != others[table] else set()
            continue
        for left, right in zip(map(json.loads, mine[table]), map(json.loads, others[table]), strict=True):
            found |= {key for key in {**left, **right} if left.get(key) != right.get(key)}
    return found


class Storm:
    """What may happen, each by chance."""

    def __init__(self, seed: int, bus: Fleet, proxy: FaultProxy, boxes: list[Outbox]) -> None:
        self.random = random.Random(seed)
        self.bus, self.proxy, self.boxes = bus, proxy, boxes
        self.numbers = dict.fromkeys(range(len(boxes)), 100)
        self.centres: list[Centre] = [self.centre()]
        self.happened: dict[str, int] = {}
        proxy.plan.cut_answer = self.cut
        self.cuts = 0

    def cut(self, answer: bytes) -> bool:
        if self.cuts and b"COMMIT" in answer:
            self.cuts -= 1
            return True
        return False

    def centre(self) -> Centre:
        return self.bus.new_centre(dial=lambda: connect(self.proxy.dsn))

    def more(self) -> None:
        at = self.random.randrange(len(self.boxes))
        with self.boxes[at].unit() as unit:
            for _ in range(self.random.randint(1, 12)):
                self.numbers[at] += 1
                unit.append(lesson(self.numbers[at], project=f"p{at}"))
                # Rows that all hosts write: whichever event is the newest, wins.
                unit.append(lesson(self.random.randint(1, 5), project="shared", body=f"{at} {self.numbers[at]}"))

    def kill_server(self) -> None:
        self.bus.server.kill()
        for host in self.bus.hosts:
            host.step()
        self.bus.server.start()

    def kill_centre(self) -> None:
        at = self.random.randrange(len(self.centres))
        self.centres[at] = self.centre()

    def kill_centre_before_its_word(self) -> None:
        at = self.random.randrange(len(self.centres))
        self.centres[at]._say = lambda: None  # type: ignore[method-assign]
        with suppress(Exception):
            self.centres[at].step()
        self.centres[at] = self.centre()

    def lose_commits(self) -> None:
        self.cuts = self.random.randint(1, 2)

    def another_centre(self) -> None:
        self.centres = [*self.centres[-1:], self.centre()]

    def kill_forwarder(self) -> None:
        at = self.random.randrange(len(self.boxes))
        old = self.bus.hosts[at]
        self.bus.hosts[at] = self.host(old.box)

    def kill_forwarder_amid_parts(self) -> None:
        at = self.random.randrange(len(self.boxes))
        self.numbers[at] += 1
        noise = self.random.randbytes(700_000).hex()
        self.boxes[at].append(lesson(self.numbers[at], project=f"p{at}", body=noise))
        host = self.bus.hosts[at]
        publish, sent = host.link.publish_after, 0

        def once(*args: Any) -> int:
            nonlocal sent
            sent += 1
            if sent > 1:
                raise ConnectionError("it dies here")
            return publish(*args)

        host.link.publish_after = once  # type: ignore[method-assign]
        for _ in range(4):
            host.step()
        self.bus.hosts[at] = self.host(host.box)

    def second_forwarder(self) -> None:
        at = self.random.randrange(len(self.boxes))
        second = self.host(self.boxes[at])
        for _ in range(3):
            second.step()
            self.bus.hosts[at].step()

    def purge(self) -> None:
        self.bus.server.purge()

    def delete(self) -> None:
        self.bus.server.delete(self.random.choice(["OUTBOX", "APPLIED"]))

    def lose_messages(self) -> None:
        def some(client: Any) -> Any:
            return self.delete_some(client)

        self.bus.server.admin(some)

    async def delete_some(self, client: Any) -> None:
        manager = client.jsm()
        with suppress(Exception):  # it may not be there
            state = (await manager.stream_info("OUTBOX")).state
            for number in self.random.sample(range(state.first_seq, state.last_seq + 1), 3):
                with suppress(Exception):
                    await manager.delete_msg("OUTBOX", number)

    def host(self, box: Outbox) -> Host:
        link = self.bus.linked(box.outbox_id)
        host = Host(box, link, frame_events=self.random.randint(1, 9), silent_seconds=3.0, window_events=60)
        host.waker.now = 1000.0 * self.random.random()
        return host

    def blow(self) -> None:
        faults: list[Callable[[], None]] = [
            self.kill_server,
            self.kill_centre,
            self.kill_centre_before_its_word,
            self.lose_commits,
            self.another_centre,
            self.kill_forwarder,
            self.kill_forwarder_amid_parts,
            self.second_forwarder,
            self.purge,
            self.delete,
            self.lose_messages,
        ]
        if self.random.random() < 0.5:
            fault = self.random.choice(faults)
            self.happened[fault.__name__] = self.happened.get(fault.__name__, 0) + 1
            fault()

    def go_round(self) -> None:
        for host in self.bus.hosts:
            error = host.step()
            assert error is None or getattr(error, "exit_code", 0) == 5 or isinstance(error, ConnectionError), error
        self.bus.centre_waker.now += 1.0
        for centre in self.centres:
            with suppress(psycopg.Error, BusAway):
                centre.step()


@pytest.mark.parametrize(("seed", "together"), [(1, False), (2, False), (1, True), (3, True)])
def test_whatever_befalls_the_bus_each_event_takes_effect_once_and_in_order(
    database: Database, other_database: Database, tmp_path: Path, seed: int, *, together: bool
) -> None:
    """Four hosts that also write the same rows; the rows in the end are those of direct drains."""
    boxes = [Outbox.open(tmp_path / f"{number}.db") for number in range(HOSTS)]
    for number, box in enumerate(boxes):
        with box.unit() as unit:
            for payload in [*project(f"p{number}"), *project("shared")]:
                unit.append(payload)
    note_every_step(database)
    with fleet(tmp_path, database, together=together) as bus, FaultProxy(database.worker_dsn) as proxy:
        storm = Storm(seed, bus, proxy, boxes)
        for box in boxes:
            bus.server.admit(str(box.outbox_id), box.outbox_id)
            bus.hosts.append(storm.host(box))
        for _ in range(ROUNDS):
            storm.more()
            storm.blow()
            storm.go_round()
        for _ in range(300):
            if positions(database) == {box.outbox_id: box.last_seq for box in boxes}:
                break
            storm.go_round()
    assert positions(database) == {box.outbox_id: box.last_seq for box in boxes}, storm.happened
    for box in boxes:
        found = steps(database, box.outbox_id)
        assert [was for was, _ in found] == [0, *(now for _, now in found[:-1])], "no event twice, none left out"
    for box in sorted(boxes, key=lambda one: one.outbox_id):
        log = MemoryLog(list(box.events()))
        log.outbox_id = box.outbox_id
        drain(log, other_database.worker_dsn)
    assert differing_columns(database, other_database) <= {"created_at"}, "of a row that several make: who came first"
