"""A transport that loses, doubles, reorders, forgets and begins anew, by seed: each event takes effect once, in order.

The real halves on a transport in memory, so that there may be many seeds: BUS_LOSSY_SEEDS=200 makes it longer.
"""

import os
import random
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from outbox import Outbox
from tests.support.fleet import Host, add_lessons, centre_of, course, positions
from tests.support.make_outbox import lesson, project
from tests.support.memory_link import MemoryLink, Store
from tests.support.memory_log import MemoryLog
from tests.support.postgres import Database, Server
from tests.support.relaying import NoWaiting, drain
from worker.bus.link import BusAway

HOSTS, ROUNDS = 3, 12
SEEDS = range(int(os.environ.get("BUS_LOSSY_SEEDS", "4")))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("together", [False, True])
def test_whatever_a_transport_does_each_event_takes_effect_once_and_in_order(
    database: Database, server: Server, tmp_path: Path, seed: int, *, together: bool
) -> None:
    chance = random.Random(seed)
    store = Store(chance)
    boxes = [course(tmp_path / f"{number}.db", f"p{number}", 3) for number in range(HOSTS)]
    for box in boxes:
        box.append(*project("shared"))
    hosts = [Host(box, MemoryLink(store), frame_events=4, silent_seconds=3.0, window_events=40) for box in boxes]
    waker = NoWaiting()
    centre = centre_of(MemoryLink(store), database, waker, together=together)
    numbers = [10] * HOSTS
    for round_ in range(400):
        if round_ < ROUNDS:
            at = chance.randrange(HOSTS)
            add_lessons(boxes[at], f"p{at}", range(numbers[at], numbers[at] + 5))
            boxes[at].append(lesson(1, project="shared", body=f"{at} {round_}"))
            numbers[at] += 5
        elif round_ == ROUNDS:
            store.chance = None  # it has to end some time
        elif positions(database) == {box.outbox_id: box.last_seq for box in boxes}:
            break
        for number, host in enumerate(hosts):
            error = host.step()
            assert error is None or getattr(error, "exit_code", 0) == 5, error
            if round_ < ROUNDS and chance.random() < 0.1:
                hosts[number] = Host(
                    host.box, host.link, frame_events=chance.randint(1, 9), silent_seconds=3.0, window_events=40
                )
        waker.now += 1.0
        with suppress(BusAway):
            centre.step()
        if round_ < ROUNDS and chance.random() < 0.1:
            centre._starts.close()
            centre._leave_joint()
            centre = centre_of(MemoryLink(store), database, waker, together=together)
    centre._starts.close()
    centre._leave_joint()
    assert positions(database) == {box.outbox_id: box.last_seq for box in boxes}, store.happened
    assert contents(database) == of_direct_drains(server, boxes)
    for box in boxes:
        box.close()


def of_direct_drains(server: Server, boxes: list[Outbox]) -> list[tuple[object, ...]]:
    other = server.clone(server.migrated())
    for box in sorted(boxes, key=lambda one: one.outbox_id):
        log = MemoryLog(list(box.events()))
        log.outbox_id = box.outbox_id
        drain(log, other.worker_dsn)
    found = contents(other)
    server.drop(other)
    return found


def contents(database: Database) -> list[tuple[object, ...]]:
    """What stands there, without the moments at which it came."""
    with psycopg.connect(database.dsn) as connection:
        return connection.execute(
            "select slug, title, content, last_event_id, metadata from contents order by slug"
        ).fetchall()
