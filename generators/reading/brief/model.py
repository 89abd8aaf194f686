"""The typed course brief: what its author stated, and nothing else.

A field that the author left open is None (or an empty tuple); placeholders of a form that was never
filled in count as open. No reader may put a guess here: whoever needs a default applies it where it is needed.
"""

from dataclasses import dataclass, field
from typing import Literal

from generators.reading.amounts import Level
from generators.reading.curriculum.model import CurriculumModule
from generators.reading.warning import ReadingWarning

VoiceMode = Literal["mmos", "custom", "generic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Who speaks in the lessons.

    Attributes:
        mode: "mmos" is a modelled persona, "generic" a neutral voice, "custom" one described in the brief.
        persona: name of the modelled persona, as written.
        persona_slug: its slug in the `minds` table, as written.
        tone: the tone as written, one line.
        phrases: expressions the voice uses.
        never: what the voice must never say or do.
        stories: stories and examples the voice tells.
    """

    mode: VoiceMode | None = None
    persona: str | None = None
    persona_slug: str | None = None
    tone: str | None = None
    phrases: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    stories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """The ideal customer profile; demographics and psychographics keep the labels of the brief.

    Attributes:
        description: who the course is for, in the author's words.
        technical_level: of the audience, which may differ from the level of the course.
        demographics: label -> value, as written (age, gender, income, profession …).
        psychographics: label -> value, as written (desires, frustrations, objections …).
    """

    description: str | None = None
    technical_level: Level | None = None
    demographics: dict[str, str] = field(default_factory=dict)
    psychographics: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pain:
    text: str
    consequence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """A course brief.

    Attributes:
        duration_hours: hours of the whole course; a pair is a range (low, high).
        modules: how many modules the brief states, or else lists.
        lessons: how many lessons the brief states, or else lists.
        price: the one to pay, in `currency`.
        currency: ISO 4217 where it is known; None where the brief gives no sign of it.
        language: "pt", "en" or "es": the stated one, else told by its words; another stated one as written.
        framework: pedagogical framework, as written.
        style: teaching style, as written.
        warnings: contradictions and gaps, in the order of their lines.
    """

    title: str | None = None
    subtitle: str | None = None
    slug: str | None = None
    instructor: str | None = None
    duration_hours: float | tuple[float, float] | None = None
    modules: int | None = None
    lessons: int | None = None
    objectives: tuple[str, ...] = ()
    level: Level | None = None
    voice: Voice = field(default_factory=Voice)
    price: float | None = None
    currency: str | None = None
    category: str | None = None
    tags: tuple[str, ...] = ()
    audience: Audience = field(default_factory=Audience)
    pains: tuple[Pain, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    prerequisites: tuple[str, ...] = ()
    outline: tuple[CurriculumModule, ...] = ()
    framework: str | None = None
    style: str | None = None
    language: str | None = None
    warnings: tuple[ReadingWarning, ...] = ()

    @property
    def errors(self) -> tuple[str, ...]:
        """What keeps this brief from being complete."""
        found = []
        if self.title is None or len(self.title) < MIN_TITLE_CHARACTERS:
            found.append(f"the brief needs a title of at least {MIN_TITLE_CHARACTERS} characters")
        if not self.objectives:
            found.append("the brief needs at least one learning objective")
        return tuple(found)


MIN_TITLE_CHARACTERS = 5
