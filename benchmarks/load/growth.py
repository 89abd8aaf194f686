"""One log that grows tenfold at a time: what everything costs at each size, beside a log of 1,000 events.

Both take turns, so that a load of the machine strikes both: the ratios count.
"""

import random
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.lesson import lesson
from benchmarks.load.command import run
from benchmarks.load.fill import fill
from benchmarks.load.first_commit import first_commit_seconds
from benchmarks.load.retention import retention
from benchmarks.load.upkeep import backup, check
from benchmarks.measure import Times, p50_ms, p99_ms, take_turns
from outbox import Outbox

SMALL = 1_000
PAGE = 500
Row = dict[str, Any]


def sizes(events: int) -> list[int]:
    """Return 10,000, 100,000 and a million as far as they are below `events`, and that."""
    return [*(size for size in (10_000, 100_000, 1_000_000) if size < events), events]


def grown(folder: Path, events: int) -> Iterator[Row]:
    """Yield a row for each size; the file stays in `folder` at its full size."""
    path, small = folder / "grown.db", folder / "small.db"
    with Outbox.open(small) as box:
        fill(box, 0, SMALL)
    filled = 0
    for size in sizes(events):
        began = time.monotonic()
        with Outbox.open(path) as box:
            rate = fill(box, filled, size)
        filled = size
        row: Row = {"events": size, "fill_per_second": rate, "file_mb": path.stat().st_size / 1e6}
        row["bytes_per_event"] = path.stat().st_size / size
        row |= _appends(path, small, size)
        row |= _looks(path, small, size)
        row |= _commands(path, small, size)
        row |= check(path)
        copy = folder / "copy.db"
        row |= backup(path, copy)
        row |= retention(copy, size)
        for left in folder.glob("copy.db*"):
            left.unlink()
        row["first_commit_s"] = first_commit_seconds(folder / f"server-{size}", path)
        print(f"  {size:,} events: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        yield row


def _appends(path: Path, small: Path, size: int) -> Row:
    payloads = [lesson(size * 10 + number) for number in range(600)]
    with Outbox.open(path) as full, Outbox.open(small) as few:
        times = take_turns(
            {"full": lambda turn: full.append(payloads[turn]), "few": lambda turn: few.append(payloads[turn])},
            450,
            warm_up=150,
        )
    return {
        **_both("append", times),
        "append_p99_ms": p99_ms(times["full"]),
        "append_p99_ratio": p99_ms(times["full"]) / p99_ms(times["few"]),
    }


def _looks(path: Path, small: Path, size: int) -> Row:
    at = random.Random(size)
    with Outbox.open(path) as full, Outbox.open(small) as few:
        reads = take_turns(
            {
                "full": lambda _: full.read(after=at.randrange(size - PAGE), limit=PAGE),
                "few": lambda _: few.read(after=at.randrange(SMALL - PAGE), limit=PAGE),
            },
            60,
            warm_up=5,
        )
        openings = take_turns(
            {"full": lambda _: Outbox.open(path).close(), "few": lambda _: Outbox.open(small).close()}, 30, warm_up=3
        )
    return {**_both("read_500", reads), **_both("open", openings)}


def _commands(path: Path, small: Path, size: int) -> Row:
    """Whole commands, the start of Python included."""
    with Outbox.open(path) as full, Outbox.open(small) as few:
        one, other = (str(box.event(SMALL // 2).aggregate_id) for box in (full, few))
    commands = {
        "status": (["status", "--json"], ["status", "--json"]),
        "events": (["events"], ["events"]),
        "aggregate": (["events", "--aggregate", one], ["events", "--aggregate", other]),
        "show": (["show", str(size // 2)], ["show", str(SMALL // 2)]),
    }
    found: Row = {}
    for name, (full_words, few_words) in commands.items():
        variants: dict[str, Callable[[int], object]] = {
            "full": partial(_run, full_words, path),
            "few": partial(_run, few_words, small),
        }
        found |= _both(name, take_turns(variants, 7, warm_up=1))
    return found


def _run(words: list[str], outbox: Path, _turn: int) -> None:
    run("outbox", *words, outbox=outbox)


def _both(name: str, times: Times) -> Row:
    full, few = p50_ms(times["full"]), p50_ms(times["few"])
    return {f"{name}_ms": full, f"{name}_small_ms": few, f"{name}_ratio": full / few}
