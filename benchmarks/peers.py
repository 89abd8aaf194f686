"""The same lesson appended by other embedded queues, each at synchronous=FULL.

They store an opaque text and check nothing; persist-queue, huey, litequeue, sqloutbox as released.
"""

import sqlite3
import statistics
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import sqloutbox
from huey.storage import SqliteStorage
from litequeue import LiteQueue
from persistqueue import FIFOSQLiteQueue

from benchmarks.lesson import as_json, bare_table, lesson
from benchmarks.measure import Finding, Times, at_least, p50_ms, rate_ratios, take_turns
from outbox import Outbox

TURNS, QUICK_TURNS = 2000, 400
COURSE, COURSE_TURNS, QUICK_COURSE_TURNS = 20, 120, 30
WARM_UP = 300
FULL = 2
OPAQUE = ("persist-queue", "huey", "litequeue")


def run(folder: Path, *, quick: bool) -> list[Finding]:
    turns = QUICK_TURNS if quick else TURNS
    course_turns = QUICK_COURSE_TURNS if quick else COURSE_TURNS
    payloads = [lesson(number) for number in range(turns + WARM_UP)]
    texts = [as_json(payload) for payload in payloads]
    with ExitStack() as opened:
        put = _peers(folder, opened)
        box = opened.enter_context(Outbox.open(folder / "ours.db"))
        variants: dict[str, Callable[[int], object]] = {"ours": lambda turn: box.append(payloads[turn])}
        for name, store in put.items():
            variants[name] = lambda turn, store=store: store(texts[turn])
        times = take_turns(variants, turns, warm_up=WARM_UP)
        fastest = min(OPAQUE, key=lambda name: sum(times[name]))

        courses = [[lesson(100_000 + COURSE * turn + n) for n in range(COURSE)] for turn in range(course_turns + 10)]
        blobs = [[as_json(payload) for payload in course] for course in courses]

        def one_by_one(turn: int) -> None:
            for blob in blobs[turn]:
                put[fastest](blob)

        bare = bare_table(folder / "bare.db")
        opened.callback(bare.close)

        def at_once(turn: int) -> None:
            bare.execute("begin immediate")
            for blob in blobs[turn]:
                bare.execute("insert into bare (payload) values (?)", (blob,))
            bare.execute("commit")

        by_course = take_turns(
            {"unit": lambda turn: box.append(*courses[turn]), "peer": one_by_one, "bare": at_once},
            course_turns,
            warm_up=10,
        )
        ceiling = statistics.median(rate_ratios(by_course, "bare", "peer"))
    return [
        at_least("peers", f"rate / {fastest}'s, the fastest", rate_ratios(times, "ours", fastest), 0.8, _p50s(times)),
        at_least("peers", "rate / sqloutbox's", rate_ratios(times, "ours", "sqloutbox"), 1.5),
        at_least(
            "peers",
            f"{COURSE} lessons as one unit / {fastest}'s {COURSE} appends, rate",
            rate_ratios(by_course, "unit", "peer"),
            4,
            f"{p50_ms(by_course['unit']):.2f} / {p50_ms(by_course['peer']):.2f} ms a course; the ceiling, as many bare "
            f"INSERTs in one transaction: {ceiling:.2f} x",
        ),
    ]


def _p50s(times: Times) -> str:
    return "p50 ms: " + ", ".join(f"{name} {p50_ms(taken):.3f}" for name, taken in times.items())


def _peers(folder: Path, opened: ExitStack) -> dict[str, Callable[[str], object]]:
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
        "persist-queue": persist.put,
        "huey": lambda text: huey.enqueue(text.encode()),
        "litequeue": lite.put,
        "sqloutbox": lambda text: other.enqueue("content.upserted", text.encode()),
    }


def _full(connection: sqlite3.Connection) -> None:
    connection.execute("pragma synchronous = full")
    assert connection.execute("pragma synchronous").fetchone()[0] == FULL
