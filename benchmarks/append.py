"""One append, and one whole unit with its file, against the least that SQLite and the file system ask for it."""

import os
from pathlib import Path

from benchmarks.lesson import as_json, bare_table, lesson, path
from benchmarks.measure import Finding, at_most, p50_ms, p50_ratios, take_turns
from outbox import Outbox

TURNS, QUICK_TURNS = 3000, 600


def run(folder: Path, *, quick: bool) -> list[Finding]:
    turns = QUICK_TURNS if quick else TURNS
    warm_up = 300  # until both WALs are written over from their start
    payloads = [lesson(number) for number in range(turns + warm_up)]
    texts = [as_json(payload) for payload in payloads]
    bodies = [str(payload.body).encode() for payload in payloads]
    bare, bare_with_file = bare_table(folder / "bare.db"), bare_table(folder / "bare-file.db")
    root, plain = folder / "content", folder / "plain"
    (plain / path(0)).parent.mkdir(parents=True)

    def insert(turn: int) -> None:
        bare.execute("insert into bare (payload) values (?)", (texts[turn],))

    def file_and_insert(turn: int) -> None:
        target = plain / path(turn)
        temp = target.with_suffix(".tmp")
        fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(fd, bodies[turn])
        os.fsync(fd)
        os.close(fd)
        temp.rename(target)
        bare_with_file.execute("insert into bare (payload) values (?)", (texts[turn],))

    with Outbox.open(folder / "append.db") as box, Outbox.open(folder / "unit.db", content_root=root) as publisher:

        def append(turn: int) -> None:
            box.append(payloads[turn])

        def unit(turn: int) -> None:
            with publisher.unit() as work:
                work.write(path(turn), bodies[turn])
                work.append(payloads[turn])

        times = take_turns({"bare": insert, "append": append}, turns, warm_up=warm_up)
        units = take_turns({"plain": file_and_insert, "unit": unit}, turns // 2, warm_up=warm_up)
    bare.close()
    bare_with_file.close()
    return [
        at_most(
            "append",
            "one append / bare INSERT, p50",
            p50_ratios(times, "append", "bare"),
            1.5,
            f"{p50_ms(times['append']):.3f} / {p50_ms(times['bare']):.3f} ms, {len(texts[0].encode())} bytes of JSON",
        ),
        at_most(
            "append",
            "unit of file + event / write+fsync+rename + INSERT, p50",
            p50_ratios(units, "unit", "plain"),
            1.25,
            f"{p50_ms(units['unit']):.3f} / {p50_ms(units['plain']):.3f} ms",
        ),
    ]
