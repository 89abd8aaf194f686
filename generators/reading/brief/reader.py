"""Reading a course brief."""

from pathlib import Path
from typing import Any, TypeVar

from generators.errors import NotABrief, OversizedFile
from generators.languages import fold, vocabulary
from generators.reading.amounts import Money
from generators.reading.brief.audience import read_audience, read_pains, read_prerequisites, read_transformation
from generators.reading.brief.fields import FIELDS, Fields, Found, texts_of
from generators.reading.brief.message import plain_text
from generators.reading.brief.model import MIN_TITLE_CHARACTERS, Brief
from generators.reading.brief.objectives import read_objectives
from generators.reading.brief.outline import Outline, read_outline
from generators.reading.brief.voice import named_responsible, read_voice
from generators.reading.brief.zones import zones_of
from generators.reading.curriculum.model import CurriculumModule
from generators.reading.markdown import Frontmatter, read_document, split_frontmatter
from generators.reading.placeholder import stated
from generators.reading.text import TextFile, read_text_file
from generators.reading.warning import ReadingWarning

MAX_BRIEF_CHARACTERS = 1_000_000
_TOLERANCE = 0.25

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
    document = read_document(plain_text(head.body), head.body_line)
    if not document.lines:
        raise NotABrief(file.path, "holds no text; fill in the brief")
    zones = zones_of(document)
    outline = read_outline(document, zones)
    fields = Fields(document, zones, outline.inside, head.values)
    notes = _Notes()
    _note_frontmatter(head, notes)
    return _brief(fields, outline, notes, file.text)


def _brief(fields: Fields, outline: Outline, notes: "_Notes", text: str) -> Brief:
    voice = read_voice(fields)
    title = notes.agreed("title", fields.title(), same=fold)
    duration = notes.agreed("duration in hours", fields.duration())
    modules = notes.agreed("number of modules", fields.count("modules", "module"))
    lessons = notes.agreed("number of lessons", fields.count("lessons", "lesson"))
    told = fields.prose.modules()
    listed = outline.modules
    if not listed and told and told[1]:
        listed = tuple(CurriculumModule(number=place, title=name) for place, name in enumerate(told[1], 1))
    listed_lessons = sum(len(module.lessons) for module in listed)
    objectives = read_objectives(fields)
    pains = read_pains(fields)
    before, after = read_transformation(fields)
    price = notes.agreed("price", fields.price(), same=lambda money: money.amount)
    stated_language = fields.first("language")
    # A stated language that is not known is kept as written: telling another one by the words would hide it.
    language = vocabulary().language_of("" if stated_language else text, stated_language)
    if not outline.flat:
        notes.compare("modules", modules, len(listed))
    notes.compare("lessons", lessons, listed_lessons)
    notes.hours(duration, listed)
    for warning in outline.warnings:
        notes.add(warning.line, warning.message, warning.code)
    for line, label, known, field in fields.unknown_labels(language):
        notes.add(line, f"the label “{label}” is not understood; did you mean “{known}” ({field})?")
    if title is None or len(title) < MIN_TITLE_CHARACTERS:
        notes.add(0, f"no title of at least {MIN_TITLE_CHARACTERS} characters: the brief is incomplete")
    if not objectives:
        notes.add(0, "no learning objectives: the brief is incomplete")
    if duration is None:
        notes.unread("duration", fields, "no duration is stated")
    if price is None:
        notes.unread("price", fields, "")
    if not pains:
        notes.add(0, "no pains of the audience are stated")
    return Brief(
        title=title,
        subtitle=fields.first("subtitle"),
        slug=notes.agreed("slug", fields.found("slug")),
        instructor=fields.instructor() or voice.persona or named_responsible(fields, voice),
        duration_hours=duration,
        modules=modules or (None if outline.flat else len(listed)) or (told[0] if told else None),
        lessons=lessons or listed_lessons or (counted[0] if (counted := fields.prose.lessons()) else None),
        objectives=objectives,
        level=fields.level(),
        voice=voice,
        price=price.amount if price else None,
        currency=_currency(price, language),
        category=fields.joined("category", ", "),
        tags=fields.tags(),
        audience=read_audience(fields),
        pains=pains,
        before=before,
        after=after,
        prerequisites=read_prerequisites(fields),
        outline=listed,
        framework=fields.joined("framework", "; "),
        style=fields.joined("style", "; "),
        language=language or stated_language,
        warnings=notes.sorted(),
    )


def _currency(price: Money | None, language: str | None) -> str | None:
    """A lone `$` is the currency that the language's readers mean by it; an amount without any sign has none."""
    if price is None or not price.amount or price.currency != "$":
        return price.currency if price else None
    return str(vocabulary().languages[language]["dollar"]) if language else None


def _note_frontmatter(head: Frontmatter, notes: "_Notes") -> None:
    if head.fault:
        notes.add(1, f"the frontmatter is not YAML and was left out: {head.fault}")


class _Notes:
    """Warnings on the way."""

    def __init__(self) -> None:
        self._warnings: list[ReadingWarning] = []

    def add(self, line: int, message: str, code: str = "") -> None:
        self._warnings.append(ReadingWarning(line=line, message=message, code=code))

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

    def unread(self, name: str, fields: Fields, otherwise: str) -> None:
        """Say what stands under the labels of a field that states no value, rather than that nothing does."""
        row = FIELDS[name]
        for entry in fields.entries(name, row.zones):
            text = next((text for text in texts_of(entry) if not text.endswith(":")), "")
            if stated(text):
                self.add(entry.line.number, f"{name}: “{text[:80]}” states no single value; write one")
                return
        if otherwise:
            self.add(0, otherwise)

    def hours(self, declared: float | tuple[float, float] | None, modules: tuple[CurriculumModule, ...]) -> None:
        """Warn where the minutes of all modules disagree with the stated hours by more than a quarter."""
        if declared is None or not modules or not all(module.minutes for module in modules):
            return
        low, high = declared if isinstance(declared, tuple) else (declared, declared)
        summed = sum(module.minutes or 0 for module in modules) / 60
        if not low * (1 - _TOLERANCE) <= summed <= high * (1 + _TOLERANCE):
            self.add(0, f"{low:g} hours are stated, the outline sums to {summed:.1f}".replace(".0", ""))

    def compare(self, name: str, declared: int | None, listed: int) -> None:
        if declared and listed and declared != listed:
            self.add(0, f"{declared} {name} are declared, the outline lists {listed}")

    def sorted(self) -> tuple[ReadingWarning, ...]:
        return tuple(sorted(self._warnings, key=lambda warning: warning.line))
