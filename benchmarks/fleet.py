"""What Postgres works for an event: of connected hosts, and of a centre that applies what they sent, together.

`python -m benchmarks.fleet --hosts 500 --rounds 4`: each host writes one lesson a round, as one that writes one a
second does. Processor time of all processes of the server, so other load of the machine counts little. The transport is
a list in memory: it is not measured here.
"""

import argparse
import itertools
import os
import resource
import tempfile
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg

from benchmarks.drain_server import clone, prepared_server
from outbox import Event, Outbox
from outbox.catalogue import ContentUpserted
from worker.apply.fold import decode
from worker.apply.position import Position
from worker.apply.projection import Batch, apply_batch
from worker.apply.stamps import Stamps
from worker.bus.central import Centre
from worker.bus.frames import Cargo, pack
from worker.bus.link import Read, Received
from worker.bus.log import BusLog
from worker.connect.connection import Limits, connect
from worker.faults.starts import Starts
from worker.options import Options

CONNECTIONS = 24  # each serves several hosts, which is to the advantage of direct delivery
BODY = "O pão cresce devagar à noite, e a massa descansa coberta na cozinha. " * 105
TICKS = os.sysconf("SC_CLK_TCK")


class _Listed:
    """A transport that holds what was put into it."""

    def __init__(self) -> None:
        self.messages: deque[Received] = deque()

    def read_from(self, _lane: str, after: int, *, store: str = "", most_bytes: int) -> Read:
        del store, most_bytes
        found = list(itertools.islice(self.messages, 64))
        for _ in found:
            self.messages.popleft()
        return Read("1", found[-1].number if found else after, found)

    def say(self, _outbox_id: UUID, _data: bytes) -> None:
        pass


class _NoWaiting:
    stopping = False

    def sleep(self, _seconds: float) -> None:
        pass

    wait_for_news = sleep


def processor_ms(server_folder: Path) -> float:
    """Processor time of the server, with what has ended."""
    postmaster = int((server_folder / "postmaster.pid").read_text().split()[0])
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == postmaster or stat.parent.name == str(postmaster):
            total += sum(map(int, fields[11:13]))
        if stat.parent.name == str(postmaster):
            total += sum(map(int, fields[13:15]))
    return 1000 * total / TICKS


def written(folder: Path, hosts: int, rounds: int) -> list[list[Event]]:
    """The logs of so many hosts: a lesson a round each."""
    logs = []
    for number in range(hosts):
        path = folder / f"{number}.db"
        with Outbox.open(path) as box:
            with box.unit() as unit:
                for one in range(rounds):
                    unit.append(
                        ContentUpserted(
                            slug=f"h{number}--{one}",
                            title=f"Aula {one}",
                            content_type="course_lesson",
                            project="pao-caseiro",
                            body=f"# {number} {one}\n{BODY}",
                        )
                    )
            logs.append(list(box.events()))
        path.unlink()
    return logs


def ids(hosts: int) -> list[UUID]:
    return [UUID(int=(number << 64) + (7 << 76) + (2 << 62)) for number in range(1, hosts + 1)]


def direct(dsn: str, logs: list[list[Event]]) -> Iterator[int]:
    """Each host applies its event in a transaction of its own; yields after each round."""
    connections = [connect(dsn) for _ in range(min(CONNECTIONS, len(logs)))]
    known = ids(len(logs))
    at: dict[int, Position] = {}
    for number, outbox_id in enumerate(known):
        row = connections[0].execute("select destination_id from outbox.destination").fetchone()
        assert row is not None
        connections[0].execute(
            "insert into outbox.sources (outbox_id, host, worker_version) values (%s, '', '')", [outbox_id]
        )
        at[number] = Position(destination_id=UUID(str(row[0])), seq=0, event_id=None)
    for round_ in range(len(logs[0])):
        for number, log in enumerate(logs):
            events = [log[round_]]
            box = BusLog(known[number], Starts(lambda: connections[0]).of(known[number]))
            apply_batch(
                connections[number % len(connections)],
                Batch(apply=decode(events), to=events[-1]),
                outbox_id=known[number],
                position=at[number],
                limits=Limits(),
                stamps=Stamps(box),
            )
            at[number] = at[number].moved_to(events[-1])
        yield round_
    for connection in connections:
        connection.close()


def over_a_bus(dsn: str, logs: list[list[Event]], *, together: bool) -> Iterator[int]:
    """The centre applies a frame of one event of each host; yields after each round."""
    link = _Listed()
    centre = Centre(link, lambda: connect(dsn), ["*"], waker=_NoWaiting(), options=Options(), together=together)  # type: ignore[arg-type]
    known, numbers = ids(len(logs)), itertools.count(1)
    for round_ in range(len(logs[0])):
        for number, log in enumerate(logs):
            before = log[round_ - 1].event_id if round_ else None
            for message in pack(Cargo(events=[log[round_]]), after=round_, before=before):
                link.messages.append(Received(known[number], next(numbers), message))
        while centre.step():
            pass
        yield round_
    centre.ended()
    assert together == bool(centre.counts.together)


def measured(folder: Path, rounds: Iterator[int], hosts: int) -> float:
    """Milliseconds of the server's processor for an event; the first round, in which everybody is new, is left out."""
    next(rounds)
    began, count = processor_ms(folder), 0
    for _ in rounds:
        count += hosts
    return (processor_ms(folder) - began) / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, prepared_server(Path(name)) as server:
        with psycopg.connect(server.dsn(user="supabase_admin"), autocommit=True) as connection:
            connection.execute("alter role outbox_worker connection limit -1")
        logs = written(Path(name), options.hosts, options.rounds)
        data = server.cluster
        found: dict[str, float] = {}
        for way in ("direct", "each", "together"):
            with clone(server, way.replace("-", "_")) as database:
                dsn = server.dsn(database, "outbox_worker")
                rounds = direct(dsn, logs) if way == "direct" else over_a_bus(dsn, logs, together=way == "together")
                found[way] = measured(data, rounds, options.hosts)
                with psycopg.connect(server.dsn(database)) as connection:
                    row = connection.execute("select count(*) from contents where slug like 'h%%--%%'").fetchone()
                assert row == (options.hosts * options.rounds,), row
            print(f"{way}: {found[way]:.2f} ms of Postgres an event, {found[way] / found['direct']:.2f} of direct")
        print(f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB at most")


if __name__ == "__main__":
    main()
