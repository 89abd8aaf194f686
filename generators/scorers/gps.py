"""The GPS frame: where the lesson leads (G), where its reader stands (P), the way between (S); 10 points each."""

import re
from dataclasses import dataclass

from generators.scorers.document import Section, sections

POINTS_PER_SECTION = 10
LEAST_PROSE_WORDS = 25
LEAST_SENTENCES = 2

# The letter counts as a word of its own, set off from what follows ("G - GOAL", "G:", "G)"); never as part of a word.
_HEADINGS = {
    "goal": re.compile(r"^\W*G(?:\s*[-–—:)(.]|\s*$)|\b(?:GOAL|DESTINO|DESTINATION)\b", re.IGNORECASE),
    "position": re.compile(r"^\W*P(?:\s*[-–—:)(.]|\s*$)|\b(?:POSITION|ORIGEM|ORIGEN|STARTING POINT)\b", re.IGNORECASE),
    "steps": re.compile(r"^\W*S(?:\s*[-–—:)(.]|\s*$)|\b(?:STEPS|ROTA|RUTA|ROUTE)\b", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GpsScore:
    """Points of the three sections.

    Attributes:
        missing: what a section lacks, in words for the author.
    """

    goal: int
    position: int
    steps: int
    missing: tuple[str, ...]

    @property
    def total(self) -> int:
        return self.goal + self.position + self.steps

    @property
    def passed(self) -> bool:
        return self.total == POINTS_PER_SECTION * len(_HEADINGS)


def score_gps(markdown: str) -> GpsScore:
    """Score one lesson; 0 to 30, and valid only when all three sections are there with something in them."""
    found = sections(markdown)
    points: dict[str, int] = {}
    missing: list[str] = []
    taken: list[Section] = []
    for name, pattern in _HEADINGS.items():
        named = [item for item in found if pattern.search(item.heading) and item not in taken]
        best = max(named, key=lambda item: item.prose_words, default=None)
        points[name] = 0
        if best is None:
            missing.append(f"{name}: there is no section with this heading")
        elif best.prose_words < LEAST_PROSE_WORDS or len(best.sentences) < LEAST_SENTENCES:
            missing.append(f"{name}: the section has a heading and hardly any text")
        else:
            points[name] = POINTS_PER_SECTION
            taken.append(best)
    return GpsScore(**points, missing=tuple(missing))
