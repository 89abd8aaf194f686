"""Letting 20,000 held events go, against draining as many new ones.

Two databases, two copies of one outbox file. In one the project was refused, so every lesson was held behind it; then
the cause was mended and the project released. In the other nothing was delivered yet. Both are drained by the real
relay, whole sessions from their start, each with the same limits and lanes. They take turns: after a few batches one
waits while the other goes on, so that load hits both alike.

`python -m benchmarks.release [EVENTS]` runs it once and prints its table; it is no theme of `make bench`.
"""

import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from time import perf_counter

import msgspec
import psycopg

from benchmarks.drain_lessons import fill
from benchmarks.drain_server import PROJECT, clone, drain, prepared_server
from benchmarks.finding import Reading, together
from benchmarks.lesson import lesson
from benchmarks.table import table
from outbox import Outbox
from outbox.catalogue import ProjectUpserted
from outbox.operating import resolve
from worker import Ending
from worker.process.supervisor import Supervisor
from worker.standin import LocalPostgres

EVENTS = int(sys.argv[1]) if len(sys.argv) > 1 and __name__ == "__main__" else 20_000
BATCHES_PER_TURN = 4
TARGET = 1.2
REFUSED = f"alter table content_projects add constraint refused check (slug <> '{PROJECT}') not valid"
MENDED = "alter table content_projects drop constraint refused"
LESSONS, SHORT = "lessons", "short events"


def run(folder: Path) -> Iterator[Reading]:
    with prepared_server(folder) as server:
        for kind in (LESSONS, SHORT):
            for second_lane in (True, False):
                released, new = take_turns(server, folder, kind, second_lane=second_lane)
                lanes = "" if second_lane else ", one connection"
                yield Reading(
                    theme="release",
                    what=f"releasing {EVENTS:,} held {kind} / draining as many new ones{lanes}, time",
                    value=released / new,
                    target=TARGET,
                    sides={"released": EVENTS / released, "new": EVENTS / new},
                    sides_unit="events/s",
                )


def take_turns(
    server: LocalPostgres, folder: Path, kind: str, *, second_lane: bool = True, events: int = EVENTS
) -> tuple[float, float]:
    """Return the seconds of a release, and those of a drain of the same events."""
    place = folder / f"{kind}-{second_lane}"
    place.mkdir()
    with Outbox.open(place / "new.db") as box:
        box.append(ProjectUpserted(slug=PROJECT, name="Pão caseiro, de novo"))
        if kind == LESSONS:
            fill(box, events)
        else:
            _fill_short(box, events)
        box.checkpoint()
    with ExitStack() as stack:
        fresh, parked = (stack.enter_context(clone(server, name)) for name in ("fresh", "parked"))
        shutil.copy(place / "new.db", place / "held.db")
        _hold_all(server, parked, place / "held.db", events)
        turns = _Turns()

        def side(number: int, file: str, name: str) -> Callable[[], None]:
            def go() -> None:
                with turns.taken(number), Outbox.open(place / file) as box:
                    alive = Supervisor({})
                    alive.alive = lambda: turns.next_batch(number)  # type: ignore[method-assign]
                    dsn = server.dsn(name, "outbox_worker")
                    assert drain(box, dsn, second_lane=second_lane, supervisor=alive) is Ending.EMPTY
                    assert box.parked.count() == 0

            return go

        sides = (side(0, "held.db", parked), side(1, "new.db", fresh))
        threads = [threading.Thread(target=go) for go in sides]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name in (fresh, parked):
            with closing(psycopg.connect(server.dsn(name))) as check:
                assert check.execute(
                    "select count(*) from contents where content_type = 'course_lesson'"
                ).fetchone() == (events,)
    shutil.rmtree(place)
    return turns.seconds[0], turns.seconds[1]


def _fill_short(box: Outbox, events: int) -> None:
    for first in range(0, events, 500):
        with box.unit() as unit:
            for number in range(first, min(first + 500, events)):
                unit.append(msgspec.structs.replace(lesson(number), body="Pão.", metadata={}))


def _hold_all(server: LocalPostgres, name: str, file: Path, events: int) -> None:
    dsn = server.dsn(name, "outbox_worker")
    with Outbox.open(file) as box, closing(psycopg.connect(server.dsn(name), autocommit=True)) as owner:
        owner.execute(REFUSED)
        drain(box, dsn)
        assert box.parked.count() == events + 1
        owner.execute(MENDED)
        resolve.retry(box, 1)
        box.checkpoint()


class _Turns:
    """Lets one of two go on at a time, and counts the seconds of each."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._turn = 0
        self._ended = [False, False]
        self._batches = [0, 0]
        self._began = 0.0
        self.seconds = [0.0, 0.0]

    def taken(self, number: int) -> ExitStack:
        """The whole of one side: waits for its first turn, and leaves all others to the other side at its end."""
        stack = ExitStack()
        self._wait(number)
        stack.callback(self._end, number)
        return stack

    def next_batch(self, number: int) -> None:
        """Between two batches."""
        self._batches[number] += 1
        if self._batches[number] % BATCHES_PER_TURN == 0:
            self._pass_on(number)
            self._wait(number)

    def _wait(self, number: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._turn == number or self._ended[1 - number])
        self._began = perf_counter()

    def _pass_on(self, number: int) -> None:
        self.seconds[number] += perf_counter() - self._began
        with self._changed:
            self._turn = 1 - number
            self._changed.notify_all()

    def _end(self, number: int) -> None:
        with self._changed:
            self._ended[number] = True
        self._pass_on(number)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        print(table(together(run(Path(folder))), aligned=True), end="")
