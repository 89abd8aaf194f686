"""The ratios that CI watches, and why each is the same on other machines.

They are measured on a file system in memory, where an fsync costs nothing, so no disk is in them. All are times (or
bytes) of ours over those of something else: less is better.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import drain, watched_log
from benchmarks.drain_lessons import fill
from benchmarks.drain_server import prepared_server
from benchmarks.generate import course_times
from benchmarks.measure import p50_ratio
from benchmarks.watched_log import Burden
from outbox import Outbox

COURSES, CARRIED = 8, 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A ratio; `what` it is and `why` it travels are told in docs/performance.md."""

    name: str
    what: str
    why: str
    measure: Callable[[Path, Burden], float]


def _course(folder: Path, burden: Burden) -> float:
    del burden  # a course is many steps; those below it carry one
    return p50_ratio(course_times(folder, COURSES), "ours", "files alone")


def _relay(folder: Path, burden: Burden) -> float:
    del burden  # the relay runs as it does in `worker drain`, but over one connection: machines differ in cores
    with prepared_server(folder, durable=False) as server, Outbox.open(folder / "outbox.db") as box:
        fill(box, CARRIED)
        copied, carried, _ = drain.take_turns(server, box, 0, full_text=False, second_lane=False)
    return drain.rate(copied) / drain.rate(carried)


SAME_STUFF = "both sides are Python around JSON, a hash and one SQLite transaction, so a processor moves both alike"
SAME_CODE = "both sides are the same code on a small and a large file, so only growth with size can move it"
WATCHED = (
    Watched(
        name="append",
        what="one append / the same by hand, p50",
        why=SAME_STUFF,
        measure=watched_log.append,
    ),
    Watched(
        name="unit",
        what="file + event as one unit / file and event by hand, p50",
        why=SAME_STUFF + "; the files of both lie in memory",
        measure=watched_log.unit,
    ),
    Watched(
        name="course",
        what="20 lessons as one unit / 20 in one transaction by hand, p50",
        why=SAME_STUFF,
        measure=watched_log.course_in_one_unit,
    ),
    Watched(
        name="bytes",
        what="bytes written by an append / by a bare INSERT",
        why="it is counted, not timed: pages of SQLite are the same everywhere; it stands for the disk",
        measure=watched_log.bytes_written,
    ),
    Watched(
        name="waiting",
        what="append with 20,000 events waiting / with none, p50",
        why=SAME_CODE,
        measure=watched_log.with_many_waiting,
    ),
    Watched(
        name="reading",
        what="reading the next 500 among 20,000 / among 2,000, p50",
        why=SAME_CODE,
        measure=watched_log.reading_among_many,
    ),
    Watched(
        name="generate",
        what="course of 40 lessons / the same into files alone, p50",
        why="most of both sides is the same planning and writing, in Python (1.07 while the lessons took three times "
        "as long to write; the outbox's part is 27 ms in both)",
        measure=_course,
    ),
    Watched(
        name="relay",
        what="relay / raw COPY without the full-text index, fsync off, time",
        why="both sides wait for the same server most of the time",
        measure=_relay,
    ),
)
