"""A backlog of lessons of real size whose bodies a Portuguese stemmer has work with."""

import random

import msgspec

from benchmarks.lesson import lesson
from outbox import Outbox

BODY_BYTES = 7_700


def fill(box: Outbox, events: int) -> None:
    """Append that many lessons, in units of 500."""
    words = _vocabulary()
    for first in range(0, events, 500):
        with box.unit() as unit:
            for number in range(first, min(first + 500, events)):
                unit.append(msgspec.structs.replace(lesson(number), body=_body(number, words)))
    box.checkpoint()


def _vocabulary() -> list[str]:
    """Two thousand words that a Portuguese stemmer has work with, the frequent ones first."""
    choice = random.Random(1)
    stems = ["".join(choice.choice("bcdfglmnprstv") + choice.choice("aeiou") for _ in range(3)) for _ in range(250)]
    endings = ("r", "ção", "s", "ndo", "mento", "mos", "dor", "da")
    return [stem + ending for ending in endings for stem in stems]


def _body(number: int, words: list[str]) -> str:
    choice = random.Random(number)
    lines, size = [f"# Aula {number}: passo a passo\n"], 0
    while size < BODY_BYTES:
        picked = [words[int(len(words) * choice.random() ** 3)] for _ in range(14)]
        lines.append(" ".join(picked).capitalize() + ".\n")
        size += len(lines[-1].encode()) + 1
    return "\n".join(lines)
