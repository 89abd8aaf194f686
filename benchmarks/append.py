"""One append, and one whole unit with its file, against the least that SQLite and the file system ask for it."""

import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.finding import Reading
from benchmarks.lesson import as_json, bare_table, lesson, path
from benchmarks.measure import each_p50_ms, p50_ratio, take_turns
from outbox import Outbox

TURNS, UNIT_TURNS = 800, 500
WARM_UP = 300  # until both WALs are written over from their start


def run(folder: Path) -> Iterator[Reading]:
    payloads = [lesson(number) for number in range(TURNS + WARM_UP)]
    texts = [as_json(payload) for payload in payloads]
    bodies = [str(payload.body).encode() for payload in payloads]
    bare, bare_with_file = bare_table(folder / "bare.db"), bare_table(folder / "bare-file.db")
    root, plain = folder / "content", folder / "plain"
    (plain / path(0)).parent.mkdir(parents=True)

    def insert(turn: int) -> None:
        bare.execute("insert into bare (payload) values (?)", (texts[turn],))

    def file_and_insert(turn: int) -> None:
        write_file(plain / path(turn), bodies[turn])
        bare_with_file.execute("insert into bare (payload) values (?)", (texts[turn],))

    with Outbox.open(folder / "append.db") as box, Outbox.open(folder / "unit.db", content_root=root) as publisher:

        def append(turn: int) -> None:
            box.append(payloads[turn])

        def unit(turn: int) -> None:
            with publisher.unit() as work:
                work.write(path(turn), bodies[turn])
                work.append(payloads[turn])

        times = take_turns({"ours": append, "bare INSERT": insert}, TURNS, warm_up=WARM_UP)
        units = take_turns({"ours": unit, "by hand": file_and_insert}, UNIT_TURNS, warm_up=WARM_UP)
    bare.close()
    bare_with_file.close()
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
