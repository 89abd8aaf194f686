"""What stands largest on the page: the worst news, or that there is none."""

from __future__ import annotations

import re
from dataclasses import dataclass

from outbox import Status
from outbox.operating import Answer, Assessment, Tone

_WORST_FIRST = (Tone.BAD, Tone.WARN, Tone.BUSY, Tone.PLAIN, Tone.WELL)
# Where a sentence of the assessment goes on with the detail.
_DETAIL = re.compile(r": |; ")
# Where the gist of it ends: "BLOCKED for 3 min", "no worker runs", "paused by …".
_GIST = re.compile(r" (?:for|by|runs|has|free|came|of the)\b|[,;:(]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The first lines of the page.

    Attributes:
        tone: of the page, its icon and its title.
        title: the worst news in a few words; `text` is its detail.
        gist: the same in one or two words, for the title of the tab.
        rest: everything else that is wrong, worst first.
        generation: whether generators are safe; never larger than what is wrong.
    """

    tone: Tone
    title: str
    text: str
    gist: str
    rest: tuple[Answer, ...]
    generation: Answer


def headline(found: Assessment, status: Status | None) -> Headline:
    """Choose what stands largest.

    Args:
        found: the six answers.
        status: the numbers; None if the file could not be read.
    """
    waits = f" · {status.backlog:,} waiting" if status is not None and status.backlog else ""
    trouble = sorted(found.trouble, key=lambda one: _WORST_FIRST.index(one.tone))
    generation = Answer(text=_generation(found.generation), tone=found.generation.tone)
    if found.generation.tone is Tone.BAD:
        text = re.sub(r"^NOT SAFE: ", "", found.generation.text)
        gist = f"NOT SAFE{waits}"
        return Headline(
            tone=Tone.BAD,
            title="Generation is not safe",
            text=text,
            gist=gist,
            rest=tuple(one for one in trouble if one.text != text),
            generation=generation,
        )
    if not trouble:
        busy = status is not None and status.backlog > 0
        title = "Delivering" if busy else "Nothing is wrong"
        return Headline(
            tone=Tone.BUSY if busy else Tone.WELL,
            title=title,
            text="Nothing is wrong." if busy else "Everything is delivered.",
            gist=f"{'Delivering' if busy else 'Well'}{waits}",
            rest=(),
            generation=generation,
        )
    worst = trouble[0]
    title, *detail = _DETAIL.split(worst.text, maxsplit=1)
    return Headline(
        tone=worst.tone,
        title=_capital(title),
        text="".join(detail),
        gist=f"{_capital(_GIST.split(title, maxsplit=1)[0])}{waits}",
        rest=tuple(trouble[1:]),
        generation=generation,
    )


def _generation(answer: Answer) -> str:
    if answer.tone is Tone.BAD:
        return "Generation is not safe"
    return f"Generation is {answer.text}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
