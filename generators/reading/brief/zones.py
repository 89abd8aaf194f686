"""What part of a brief a line stands in.

The same label means different things in different parts: "Nível" of the course or of its audience, "R$" a price or a
tool's cost, "Duração" of the course or of a module.
"""

from enum import Enum

from generators.languages import vocabulary
from generators.reading.markdown import Document


class Zone(Enum):
    COURSE = "course"
    AUDIENCE = "audience"
    OBJECTIVES = "objectives"
    OUTLINE = "outline"
    PREREQUISITES = "prerequisites"
    PEDAGOGY = "pedagogy"
    VOICE = "voice"
    COMMERCIAL = "commercial"
    ASIDE = "aside"


def zone_of(path: tuple[str, ...]) -> Zone:
    """The zone of a heading path, outermost first and without the file's own title; the innermost that says one."""
    words = vocabulary()
    for key in reversed(path):
        opened = words.numbered(key)
        if (opened is not None and opened.kind != "part") or words.unnumbered(key) is not None:
            return Zone.OUTLINE  # a module's title may hold any word of the others
        zone = words.zone(key)
        if zone is not None:
            return Zone(zone)
    return Zone.COURSE


def zones_of(document: Document) -> tuple[Zone, ...]:
    """The zone of every line of a document."""
    paths = chapter_paths(document)
    known = {path: zone_of(path) for path in set(paths)}
    return tuple(known[path] for path in paths)


def chapter_paths(document: Document) -> tuple[tuple[str, ...], ...]:
    """The heading path of every line without the file's title: that may hold any word and is no chapter."""
    headings = [line for line in document.lines if line.kind == "heading"]
    top = min((line.depth for line in headings), default=0)
    has_title = bool(headings) and headings[0].depth == top and sum(line.depth == top for line in headings) == 1
    return tuple(path[1:] if has_title and path else path for path in document.paths)
