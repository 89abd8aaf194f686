"""How the ratios of the log that CI watches are measured; what they are for says `watched`."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks import big_log
from benchmarks.append import write_file
from benchmarks.by_hand import ByHand
from benchmarks.lesson import as_json, bare_table, lesson, path
from benchmarks.measure import p50_ratio, take_turns
from outbox import Outbox

TURNS, WARM_UP = 1500, 150
COURSE, COURSE_TURNS = 20, 240
EVENTS, FEW_EVENTS, READS = 20_000, 2_000, 250
Step = Callable[[int], object]
Burden = Callable[[Step], Step]  # put on our side alone, to see that the alarm rings


def append(folder: Path, burden: Burden) -> float:
    payloads = [lesson(number) for number in range(TURNS + WARM_UP)]
    plain = [msgspec.to_builtins(payload) for payload in payloads]
    hand = ByHand(folder / "hand.db")
    with Outbox.open(folder / "ours.db") as box:
        steps = {"ours": burden(lambda turn: box.append(payloads[turn])), "hand": lambda turn: hand.append(plain[turn])}
        times = take_turns(steps, TURNS, warm_up=WARM_UP)
    hand.close()
    return p50_ratio(times, "ours", "hand")


def unit(folder: Path, burden: Burden) -> float:
    payloads = [lesson(number) for number in range(TURNS + WARM_UP)]
    plain = [msgspec.to_builtins(payload) for payload in payloads]
    bodies = [str(payload.body).encode() for payload in payloads]
    hand, root = ByHand(folder / "hand.db"), folder / "plain"
    (root / path(0)).parent.mkdir(parents=True)

    def by_hand(turn: int) -> None:
        write_file(root / path(turn), bodies[turn])
        hand.append(plain[turn])

    with Outbox.open(folder / "ours.db", content_root=folder / "content") as box:

        def ours(turn: int) -> None:
            with box.unit() as unit:
                unit.write(path(turn), bodies[turn])
                unit.append(payloads[turn])

        times = take_turns({"ours": burden(ours), "hand": by_hand}, TURNS, warm_up=WARM_UP)
    hand.close()
    return p50_ratio(times, "ours", "hand")


def course_in_one_unit(folder: Path, burden: Burden) -> float:
    courses = [[lesson(COURSE * turn + n) for n in range(COURSE)] for turn in range(COURSE_TURNS + 10)]
    plain = [[msgspec.to_builtins(payload) for payload in course] for course in courses]
    hand = ByHand(folder / "hand.db")
    with Outbox.open(folder / "ours.db") as box:
        steps = {
            "ours": burden(lambda turn: box.append(*courses[turn])),
            "hand": lambda turn: hand.append(*plain[turn]),
        }
        times = take_turns(steps, COURSE_TURNS, warm_up=10)
    hand.close()
    return p50_ratio(times, "ours", "hand")


def bytes_written(folder: Path, _: Burden) -> float:
    payloads = [lesson(number) for number in range(TURNS)]
    texts = [as_json(payload) for payload in payloads]
    bare = bare_table(folder / "bare.db")
    with Outbox.open(folder / "ours.db") as box:
        ours = _written(lambda turn: box.append(payloads[turn]))
    base = _written(lambda turn: bare.execute("insert into bare (payload) values (?)", (texts[turn],)))
    bare.close()
    return ours / base


def _written(step: Step) -> int:
    """Return the bytes that this process hands to the system in so many steps."""
    before = _handed_over()
    for turn in range(TURNS):
        step(turn)
    return _handed_over() - before


def _handed_over() -> int:
    return int(Path("/proc/self/io").read_text().split("wchar:")[1].split()[0])


def with_many_waiting(folder: Path, burden: Burden) -> float:
    payloads = [lesson(number) for number in range(TURNS + WARM_UP)]
    with Outbox.open(folder / "many.db") as many, Outbox.open(folder / "none.db") as none:
        big_log.fill(many, EVENTS)
        steps = {
            "many": burden(lambda turn: many.append(payloads[turn])),
            "none": lambda turn: none.append(payloads[turn]),
        }
        times = take_turns(steps, TURNS, warm_up=WARM_UP)
    return p50_ratio(times, "many", "none")


def reading_among_many(folder: Path, burden: Burden) -> float:
    page = big_log.PAGE
    with Outbox.open(folder / "many.db") as many, Outbox.open(folder / "few.db") as few:
        big_log.fill(many, EVENTS)
        big_log.fill(few, FEW_EVENTS)
        steps = {
            "many": burden(lambda turn: many.read(after=(turn * 7919 * page) % (EVENTS - page), limit=page)),
            "few": lambda turn: few.read(after=(turn * page) % (FEW_EVENTS - page), limit=page),
        }
        times = take_turns(steps, READS, warm_up=5)
    return p50_ratio(times, "many", "few")
