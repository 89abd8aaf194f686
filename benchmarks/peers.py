"""The same lesson appended by other embedded queues, each at synchronous=FULL.

They store an opaque text and check nothing; persist-queue, huey, litequeue, sqloutbox as released.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import sqloutbox
from huey.storage import SqliteStorage
from litequeue import LiteQueue
from persistqueue import FIFOSQLiteQueue

from benchmarks.finding import Reading
from benchmarks.lesson import as_json, bare_table, lesson
from benchmarks.measure import Times, rate_ratio, take_turns
from outbox import Outbox

TURNS = 500
COURSE, COURSE_TURNS = 20, 40
WARM_UP = 300
FULL = 2
OPAQUE = ("persist-queue", "huey", "litequeue")


def run(folder: Path) -> Iterator[Reading]:
    payloads = [lesson(number) for number in range(TURNS + WARM_UP)]
    texts = [as_json(payload) for payload in payloads]
    with ExitStack() as opened:
        put = _peers(folder, opened)
        box = opened.enter_context(Outbox.open(folder / "ours.db"))
        variants: dict[str, Callable[[int], object]] = {"ours": lambda turn: box.append(payloads[turn])}
        for name, store in put.items():
            variants[name] = lambda turn, store=store: store(texts[turn])
        times = take_turns(variants, TURNS, warm_up=WARM_UP)
        fastest = min(OPAQUE, key=lambda name: sum(times[name]))
        rates = {name: len(taken) / sum(taken) for name, taken in times.items()}
        yield _at_least(
            "rate / that of the fastest peer with an opaque text", rate_ratio(times, "ours", fastest), 0.8, rates
        )
        yield _at_least("rate / sqloutbox's", rate_ratio(times, "ours", "sqloutbox"), 1.5, {})
        by_course = _by_course(folder, box, put[fastest])
        rates = {name: COURSE * len(taken) / sum(taken) for name, taken in by_course.items()}
        what = f"{COURSE} lessons as one unit / the fastest peer's {COURSE} appends, rate"
        yield _at_least(what, rate_ratio(by_course, "ours", "the peer"), 4, rates)


def _by_course(folder: Path, box: Outbox, put: Callable[[str], object]) -> Times:
    courses = [[lesson(100_000 + COURSE * turn + n) for n in range(COURSE)] for turn in range(COURSE_TURNS + 10)]
    blobs = [[as_json(payload) for payload in course] for course in courses]

    def one_by_one(turn: int) -> None:
        for blob in blobs[turn]:
            put(blob)

    bare = bare_table(folder / "bare-courses.db")

    def at_once(turn: int) -> None:
        bare.execute("begin immediate")
        for blob in blobs[turn]:
            bare.execute("insert into bare (payload) values (?)", (blob,))
        bare.execute("commit")

    times = take_turns(
        {
            "ours": lambda turn: box.append(*courses[turn]),
            "bare INSERTs in one transaction": at_once,
            "the peer": one_by_one,
        },
        COURSE_TURNS,
        warm_up=10,
    )
    bare.close()
    return times


def _at_least(what: str, value: float, target: float, rates: dict[str, float]) -> Reading:
    return Reading(
        theme="peers", what=what, value=value, target=target, at_most=False, sides=rates, sides_unit="lessons/s"
    )


def _peers(folder: Path, opened: ExitStack) -> dict[str, Callable[[str], object]]:
    bare = bare_table(folder / "bare.db")
    opened.callback(bare.close)
    persist = FIFOSQLiteQueue(str(folder / "persist-queue"), auto_commit=True)
    opened.callback(persist.close)
    _full(persist._putter)  # noqa: SLF001 - it has no setting for it
    huey = SqliteStorage(name="bench", filename=str(folder / "huey.db"), fsync=True)
    opened.callback(huey.close)
    lite = LiteQueue(folder / "litequeue.db")
    opened.callback(lite.close)
    _full(lite.conn)
    other = sqloutbox.Outbox(folder / "sqloutbox.db", "bench")
    opened.callback(other._write_conn.close)  # noqa: SLF001 - it has no close
    _full(other._write_conn)  # noqa: SLF001 - it has no setting for it
    return {
        "bare INSERT": lambda text: bare.execute("insert into bare (payload) values (?)", (text,)),
        "persist-queue": persist.put,
        "huey": lambda text: huey.enqueue(text.encode()),
        "litequeue": lite.put,
        "sqloutbox": lambda text: other.enqueue("content.upserted", text.encode()),
    }


def _full(connection: sqlite3.Connection) -> None:
    connection.execute("pragma synchronous = full")
    assert connection.execute("pragma synchronous").fetchone()[0] == FULL
