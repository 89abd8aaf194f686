"""One append, and one whole unit with its file, against the least that SQLite and the file system ask for it.

Beside them stands a log as one would write it by hand in Python, which checks nothing (`by_hand`): what of the distance
to the least is ours, and what is any log's.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks.by_hand import ByHand
from benchmarks.finding import Reading
from benchmarks.lesson import as_json, bare_table, lesson, path
from benchmarks.measure import each_p50_ms, p50_ratio, take_turns
from outbox import Outbox

TURNS, UNIT_TURNS = 800, 500
WARM_UP = 300  # until all WALs are written over from their start
UNCHECKED = "a log by hand, unchecked"


def run(folder: Path) -> Iterator[Reading]:
    payloads = [lesson(number) for number in range(TURNS + WARM_UP)]
    texts = [as_json(payload) for payload in payloads]
    bodies = [str(payload.body).encode() for payload in payloads]
    bare, bare_with_file = bare_table(folder / "bare.db"), bare_table(folder / "bare-file.db")
    plain_payloads = [msgspec.to_builtins(payload) for payload in payloads]
    unchecked, unchecked_with_file = ByHand(folder / "unchecked.db"), ByHand(folder / "unchecked-file.db")
    root, plain, beside = folder / "content", folder / "plain", folder / "unchecked"
    for place in (plain, beside):
        (place / path(0)).parent.mkdir(parents=True)

    def insert(turn: int) -> None:
        bare.execute("insert into bare (payload) values (?)", (texts[turn],))

    def file_and_insert(turn: int) -> None:
        write_file(plain / path(turn), bodies[turn])
        bare_with_file.execute("insert into bare (payload) values (?)", (texts[turn],))

    def append_unchecked(turn: int) -> None:
        unchecked.append(plain_payloads[turn])

    def file_and_append_unchecked(turn: int) -> None:
        write_file(beside / path(turn), bodies[turn])
        unchecked_with_file.append(plain_payloads[turn])

    with Outbox.open(folder / "append.db") as box, Outbox.open(folder / "unit.db", content_root=root) as publisher:

        def append(turn: int) -> None:
            box.append(payloads[turn])

        def unit(turn: int) -> None:
            with publisher.unit() as work:
                work.write(path(turn), bodies[turn])
                work.append(payloads[turn])

        steps = {"ours": append, "bare INSERT": insert, UNCHECKED: append_unchecked}
        times = take_turns(steps, TURNS, warm_up=WARM_UP)
        steps = {"ours": unit, "by hand": file_and_insert, UNCHECKED: file_and_append_unchecked}
        units = take_turns(steps, UNIT_TURNS, warm_up=WARM_UP)
    for log in (bare, bare_with_file, unchecked, unchecked_with_file):
        log.close()
    yield Reading(
        theme="append",
        what="one append / bare INSERT, p50",
        value=p50_ratio(times, "ours", "bare INSERT"),
        target=1.5,
        sides=each_p50_ms(times),
    )
    yield Reading(
        theme="append",
        what="unit of file + event / write + fsync + rename + INSERT, p50",
        value=p50_ratio(units, "ours", "by hand"),
        target=1.25,
        sides=each_p50_ms(units),
    )


def write_file(target: Path, data: bytes) -> None:
    """Write, fsync and rename: the least that leaves no half file."""
    temporary = target.with_suffix(".tmp")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(fd, data)
    os.fsync(fd)
    os.close(fd)
    temporary.rename(target)
