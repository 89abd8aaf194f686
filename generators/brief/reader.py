"""Reading a course brief."""

from pathlib import Path
from typing import Any, TypeVar

from generators.brief.audience import read_audience, read_pains, read_prerequisites, read_transformation
from generators.brief.fields import Fields, Found
from generators.brief.labels import LESSONS, MODULES
from generators.brief.model import MIN_TITLE_CHARACTERS, Brief
from generators.brief.objectives import read_objectives
from generators.brief.outline import Outline, read_outline
from generators.brief.voice import named_responsible, read_voice
from generators.brief.zones import zones_of
from generators.errors import NotABrief, OversizedFile
from generators.languages import fold
from generators.markdown import Frontmatter, read_document, split_frontmatter
from generators.reading_warning import ReadingWarning
from generators.textfile import TextFile, read_text_file

MAX_BRIEF_CHARACTERS = 1_000_000

Value = TypeVar("Value")


def read_brief(path: Path) -> Brief:
    """Read a brief from a Markdown file.

    Raises:
        MissingPath: there is no such file.
        UnreadableFile: it cannot be decoded, is too large, or holds nothing at all.
    """
    return parse_brief(read_text_file(path))


def parse_brief(file: TextFile) -> Brief:
    """Read a brief that is already decoded; see `read_brief`."""
    if len(file.text) > MAX_BRIEF_CHARACTERS:
        reason = f"is too long for a brief ({len(file.text):,} characters, at most {MAX_BRIEF_CHARACTERS:,})"
        raise OversizedFile(file.path, reason)
    head = split_frontmatter(file.text)
    document = read_document(head.body, head.body_line)
    if not document.lines:
        raise NotABrief(file.path, "holds no text; fill in the brief")
    zones = zones_of(document)
    outline = read_outline(document, zones)
    fields = Fields(document, zones, outline.inside, head.values)
    notes = _Notes()
    _note_frontmatter(head, notes)
    return _brief(fields, outline, notes)


def _brief(fields: Fields, outline: Outline, notes: "_Notes") -> Brief:
    voice = read_voice(fields)
    title = notes.agreed("title", fields.title(), same=fold)
    duration = notes.agreed("duration in hours", fields.duration())
    modules = notes.agreed("number of modules", fields.count(MODULES, unit="modul"))
    lessons = notes.agreed("number of lessons", fields.count(LESSONS, unit="aulas"))
    listed = sum(len(module.lessons) for module in outline.modules)
    objectives = read_objectives(fields.document, fields.zones, fields.inside)
    pains = read_pains(fields)
    before, after = read_transformation(fields)
    notes.compare("modules", modules, len(outline.modules))
    notes.compare("lessons", lessons, listed)
    if title is None or len(title) < MIN_TITLE_CHARACTERS:
        notes.add(0, f"no title of at least {MIN_TITLE_CHARACTERS} characters: the brief is incomplete")
    if not objectives:
        notes.add(0, "no learning objectives: the brief is incomplete")
    if duration is None:
        notes.add(0, "no duration is stated")
    if not pains:
        notes.add(0, "no pains of the audience are stated")
    return Brief(
        title=title,
        subtitle=fields.subtitle(),
        slug=notes.agreed("slug", fields.slug()),
        instructor=fields.instructor() or voice.persona or named_responsible(fields, voice),
        duration_hours=duration,
        modules=modules or (len(outline.modules) or None),
        lessons=lessons or (listed or None),
        objectives=objectives,
        level=fields.level(),
        voice=voice,
        price=notes.agreed("price", fields.price()),
        category=fields.category(),
        tags=fields.tags(),
        audience=read_audience(fields),
        pains=pains,
        before=before,
        after=after,
        prerequisites=read_prerequisites(fields),
        outline=outline.modules,
        framework=fields.framework(),
        style=fields.style(),
        language=fields.language(),
        warnings=notes.sorted(),
    )


def _note_frontmatter(head: Frontmatter, notes: "_Notes") -> None:
    if head.fault:
        notes.add(1, f"the frontmatter is not YAML and was left out: {head.fault}")


class _Notes:
    """Warnings on the way."""

    def __init__(self) -> None:
        self._warnings: list[ReadingWarning] = []

    def add(self, line: int, message: str) -> None:
        self._warnings.append(ReadingWarning(line=line, message=message))

    def agreed(self, name: str, found: list[Found], same: Any = lambda value: value) -> Any:
        """The first value found; a warning where a later one differs."""
        if not found:
            return None
        first = found[0]
        for other in found[1:]:
            if same(other.value) != same(first.value):
                self.add(
                    other.line,
                    f"{name}: {first.value!r} (line {first.line}) is taken, {other.value!r} (line {other.line}) is not",
                )
        return first.value

    def compare(self, name: str, declared: int | None, listed: int) -> None:
        if declared and listed and declared != listed:
            self.add(0, f"{declared} {name} are declared, the outline lists {listed}")

    def sorted(self) -> tuple[ReadingWarning, ...]:
        return tuple(sorted(self._warnings, key=lambda warning: warning.line))
