"""The fields of a brief as one table: labels, the zones that they count in, what reads a value, and how it is merged.

The labels are the vocabulary's (`labels` in each language's file), the zones tell a course's level from its audience's.
A reader gets the entry: a label with the value beside it and the lines below. The first value found is taken, those of
`exact` labels first ("Valor específico" below a ticked range); a later one that differs is a warning.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from generators.languages import fold, vocabulary
from generators.reading.amounts import Level, Money, bare_amount, count_in, hours_in, level_in, price_in
from generators.reading.brief.answers import answered, first_answer, list_answers
from generators.reading.brief.prose import NAME, Prose, instructor_lead
from generators.reading.brief.zones import Zone, chapter_paths, zone_of
from generators.reading.markdown import Document, Entry, Line
from generators.reading.markdown.label import label_key
from generators.reading.placeholder import is_example, scalar, stated, undecorated

Value = TypeVar("Value")

_SLUG_SHAPE = re.compile(r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$")
_ASIDE = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")
_EXACT_LINE = re.compile(r"\btotal\b|especifi|exat|exact|flexivel|\breal\b|duracao|duracion|duration")
_NO_NAME = re.compile(r"\b(?:mind|mmos|clone|sim|nao|voz|persona|agent|neutr\w+|custom\w*|ia)\b")
_LOOSE_KEYS = frozenset({"id", "handle", "name", "nome", "nombre", "subject", "class", "by", "with"})
_QUOTED_TITLE = re.compile(r"^[\"“«]([^\"“”«»]{2,200})[\"”»](?=[.;,(]|\s[(–—-])")
_NEGATED = re.compile(r"\b(?:nao|not|never|nunca|no son)\b")
_COURSE_CODE = re.compile(r"^[A-Z]{2,5}[ -]?\d{2,4}[A-Z]?\s*[:–—-]\s*(?=\S)")
_MAX_TITLE_CHARACTERS = 300
_MAX_NAME_WORDS = 8
_MAX_CAPITAL_WORDS = 9
_MAX_ANSWER_LINES = 3
_MAX_LEVEL_WORDS = 8
_MAX_FORM_LINES = 60  # of one field: what a label's paragraph holds below is not all its answer


@dataclass(frozen=True, slots=True)
class Found:
    """A value with the line that states it."""

    value: Any
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One row of the table.

    Attributes:
        zones: where its labels count; None: anywhere.
        read: the value that an entry states, None if it states none.
        of_text: the value that a key of the frontmatter states in one text; such a key means what a label means.
        exact: a label whose value goes before those of the field's own.
    """

    zones: frozenset[Zone] | None
    read: Callable[[Entry], Any]
    of_text: Callable[[str], Any] = stated
    exact: str | None = None


# --- what reads a value


@lru_cache(maxsize=1)
def _title_patterns() -> tuple[re.Pattern[str], ...]:
    words = vocabulary()
    plain = "|".join(words.all("title_kinds"))
    forms = "|".join([*words.all("form_titles"), *words.all("title_kinds")])
    kinds = "|".join(words.part_words("module"))
    provisional = "|".join(words.all("provisional"))
    return (
        re.compile(
            rf"^(?:{forms})(?: (?:de|do|da|del|of the) (?:curso|course|oficina|taller))?\s*"
            r"(?:[:\-–—|]+\s*(?P<rest>.*)|$)"
        ),
        re.compile(rf"^(?:{'|'.join(words.all('form_titles'))})\b|^(?:{plain})$"),
        re.compile(rf"\s*(?:[(\[]\s*(?:{provisional})[\s!?]*[)\]]|\s[-–—]\s*(?:{provisional}))\s*$"),
        re.compile(rf"\s+[:\-–—|]+\s*(?:course[ -]?brief(?:ing)?|brief(?:ing)?(?: do curso)?|{kinds}s?)\s*$"),
    )


def title_in(text: str) -> str | None:
    """A title without what a form, a draft or an emoji puts around it; None if nothing else is left."""
    text = undecorated(" ".join(text[:_MAX_TITLE_CHARACTERS].split()))
    prefix, _, provisional, suffix = _title_patterns()
    for pattern in (provisional, suffix):
        if found := pattern.search(_plain(text)):
            text = text[: found.start()]
    if found := prefix.match(_plain(text)):
        text = text[found.start("rest") :] if found["rest"] else ""
    return stated(undecorated(text))


def _plain(text: str) -> str:
    """Folded, with a character for each character."""
    return "".join(char.lower() if char.isascii() else (fold(char) or " ")[0] for char in text)


def names_field(text: str) -> bool:
    """Whether a text is the label of some field, titles of columns aside."""
    return bool(vocabulary().fields(label_key(text)) - {"column", "module_title"})


def is_form_title(text: str) -> bool:
    return _title_patterns()[1].match(label_key(text)) is not None


_NICKNAME = re.compile(r"[\"“”'‘’«»]([A-ZÀ-Ý][\w.-]{1,20})[\"“”'‘’«»](?=\s|$)")


def person_name(text: str) -> str | None:
    """A person's name without what is said about them; None if the text is no name."""
    name = re.split(r"\s+[-–—|]\s+|,|;|\s+\(", _ASIDE.sub("", text), maxsplit=1)[0].strip()
    name = _NICKNAME.sub(r"\1", name.strip(' "“”'))
    told = instructor_lead(name)
    name = name[told:].strip() if name[told:].strip()[:1].isupper() else name
    words = name.split()
    if not words or len(words) > _MAX_NAME_WORDS or not words[0][0].isalpha() or not any(w[0].isupper() for w in words):
        return None
    return None if _NO_NAME.search(fold(name)) else stated(name)


def is_section(entry: Entry) -> bool:
    """Whether a heading opens a section rather than stand over one short answer (`### Duração` over `3 horas`)."""
    if entry.line.kind != "heading":
        return False
    body = [line for line in entry.body if line.kind != "rule"]
    return not body or len(body) > _MAX_ANSWER_LINES or any(line.kind != "text" for line in body)


def texts_of(entry: Entry) -> list[str]:
    if is_section(entry):
        return []
    if entry.value and not is_example(entry.value):
        return [entry.value]
    return [line.text for line in answered(entry.body) if not line.depth or line.fenced]


def _title(entry: Entry) -> str | None:
    if entry.line.kind == "heading" and not entry.body:
        return None
    text = first_answer(entry)
    if text and (quoted := _QUOTED_TITLE.match(text)):
        text = quoted[1]
    return title_in(text) if text and len(text) <= _MAX_TITLE_CHARACTERS and not is_section(entry) else None


def _one_line(entry: Entry) -> str | None:
    text = first_answer(entry)
    return text if text and len(text) <= _MAX_TITLE_CHARACTERS else None


def _slug(entry: Entry) -> str | None:
    value = first_answer(entry)
    return slug_in(value) if value else None


def slug_in(text: str) -> str | None:
    slug = text.strip("/ ").split("/")[-1]
    return slug if _SLUG_SHAPE.match(slug) else None


def _person(entry: Entry) -> str | None:
    text = None if is_section(entry) else first_answer(entry)
    return person_name(text) if text else None


def _hours(entry: Entry) -> float | tuple[float, float] | None:
    """The exact line of a form beats the option that was ticked above it."""
    if entry.value and stated(entry.value) is None:
        return None
    lines = [
        line
        for line in answered(entry.body[:_MAX_FORM_LINES])
        if not line.label or not entry.value or _EXACT_LINE.search(fold(line.text))
    ]
    exact = [line for line in lines if _EXACT_LINE.search(fold(line.text)) and line.ticked is None]
    if is_section(entry):
        # Below a heading only a line that calls itself the total is the course's.
        totals = (hours_in(line.value) for line in exact if line.label and "duration" in _meant(line))
        return next((value for value in totals if value is not None), None)
    asked = set(entry.key.split()) & {*vocabulary().all("units", "hour"), "ch"}
    plain = [line for line in lines if line.ticked is None and not line.depth]
    texts = [stated(entry.value) or ""] if entry.value else [line.text for line in (*exact, *plain, *lines)]
    bare = re.compile(r"(\d+(?:[.,]\d+)?)(?:\s*\([^()]*\))?")
    texts = [f"{found[1]} h" if asked and (found := bare.fullmatch(text)) else text for text in texts]
    return next((value for text in texts if (value := hours_in(text)) is not None), None)


def _meant(line: Line) -> frozenset[str]:
    return vocabulary().fields(label_key(line.label or ""))


def _count(entry: Entry) -> int | None:
    if is_section(entry):
        return None
    if entry.value:
        return count_in(entry.value) if stated(entry.value) else None
    if entry.line.kind != "heading" and not any(line.fenced for line in entry.body):
        # "Aulas:" over a list names the list; only the answer field of a form holds a number.
        return None
    for line in answered(entry.body):
        return count_in(f"{line.ordinal}. {line.text}" if line.ordinal else line.text)
    return None


def _level(entry: Entry) -> Level | None:
    text = None if is_section(entry) else first_answer(entry)
    return level_in(text) if text else None


def _ticked_level(entry: Entry) -> Level | None:
    if entry.value:
        return level_in(entry.value) if stated(entry.value) else None
    return next((level for line in answered(entry.body) if line.ticked and (level := level_in(line.text))), None)


_FEW_WORDS = 4
_ASKED_IN = re.compile(r"\(([^()\d]{1,8})\)\W*$")  # "Price (EUR)?"


def money_of(text: str) -> Money | None:
    if re.match(rf"\W*(?:{'|'.join(vocabulary().all('price', 'nothing'))})(?!\w)", fold(text)):
        return Money(0.0)
    return None if stated(text) is None else bare_amount(text) or price_in(text)


def _price(entry: Entry) -> Money | None:
    if entry.line.kind == "heading" and not any(line.fenced or line.kind == "text" for line in entry.body):
        return None
    if entry.value:
        money = money_of(entry.value)
        asked = price_in(f"1 {found[1]}") if (found := _ASKED_IN.search(entry.line.label or "")) else None
        return Money(money.amount, asked.currency) if money and asked and not money.currency else money
    lines = list(answered(entry.body))
    exact = [line for line in lines if "exact_price" in _meant(line)]
    labelled = [line for line in lines if "price" in _meant(line)]
    # Below a heading only lines that call themselves a price are one; in a field's answer any first line is.
    open_lines = [] if is_section(entry) else [line for line in lines if line.ordinal is None][:_MAX_ANSWER_LINES]
    values = (money_of(line.value if line.label else line.text) for line in [*exact, *labelled, *open_lines])
    return next((value for value in values if value is not None), None)


def _several(entry: Entry) -> tuple[str, ...] | None:
    if entry.line.kind == "heading" and any(line.label and line.strong for line in entry.body):
        return None
    if entry.value:
        value = first_answer(entry)
        return (value,) if value else None
    return list_answers(entry) or None


def _list(entry: Entry) -> tuple[str, ...] | None:
    return list_answers(entry) or None


def _hours_text(text: str) -> Any:
    return hours_in(f"{text} h" if re.fullmatch(r"\d+(?:\.\d+)?", text) else text)


_COURSE = frozenset({Zone.COURSE})
_NUMBERS = frozenset({Zone.COURSE, Zone.OUTLINE, Zone.PEDAGOGY})
_LEVELS = frozenset({Zone.COURSE, Zone.PEDAGOGY, Zone.OUTLINE, Zone.PREREQUISITES})
_ALL_TEXT = frozenset({Zone.COURSE, Zone.AUDIENCE, Zone.OBJECTIVES, Zone.PEDAGOGY, Zone.VOICE, Zone.COMMERCIAL})

FIELDS: dict[str, Field] = {
    "title": Field(
        zones=_COURSE,
        read=_title,
        of_text=title_in,
    ),
    "subtitle": Field(zones=_COURSE, read=_one_line),
    "slug": Field(zones=frozenset({Zone.COURSE, Zone.ASIDE}), read=_slug, of_text=slug_in),
    "instructor": Field(zones=frozenset({Zone.COURSE, Zone.VOICE, Zone.PEDAGOGY}), read=_person, of_text=person_name),
    "duration": Field(
        zones=_NUMBERS,
        read=_hours,
        of_text=_hours_text,
        exact="exact_duration",
    ),
    "modules": Field(zones=_NUMBERS, read=_count),
    "lessons": Field(zones=_NUMBERS, read=_count),
    "level": Field(zones=_LEVELS, read=_level, of_text=level_in),
    "prior_knowledge": Field(zones=None, read=_ticked_level),
    "price": Field(
        zones=frozenset({Zone.COMMERCIAL, Zone.COURSE}),
        read=_price,
        of_text=money_of,
        exact="exact_price",
    ),
    "category": Field(zones=_COURSE, read=_list),
    "tags": Field(zones=_COURSE, read=_list),
    "framework": Field(zones=frozenset({Zone.PEDAGOGY}), read=_several),
    "style": Field(zones=frozenset({Zone.PEDAGOGY, Zone.COURSE}), read=_several),
    "language": Field(zones=None, read=_one_line),
}


@lru_cache(maxsize=1024)
def _head_meanings(key: str) -> frozenset[str]:
    """The fields that a key of the frontmatter means: `nome_do_curso` is a label with other spaces."""
    own = label_key(key.replace("_", " "))
    meant = vocabulary().fields(own)
    return meant - {"slug", "title"} if own in _LOOSE_KEYS else meant


class Fields:
    """Looks fields up in a document.

    Args:
        document: the brief.
        zones: zone of every line.
        inside: indexes of the lines inside modules of the outline; they never speak about the whole course.
        head: the frontmatter.
    """

    def __init__(
        self, document: Document, zones: tuple[Zone, ...], inside: frozenset[int], head: dict[str, Any]
    ) -> None:
        self.document = document
        self.zones = zones
        self.inside = inside
        # What is nested under "course:" speaks as if it stood at the top.
        nested = [head[key] for key in ("metadata", "info", "curso", "course") if isinstance(head.get(key), dict)]
        self.head = {key: value for part in [*nested, head] for key, value in part.items()}
        paths = zip(document.paths, chapter_paths(document), strict=True)
        self._title_depth = max((len(whole) - len(chapter) for whole, chapter in paths), default=0)
        self.prose = Prose(
            line
            for index, line in enumerate(document.lines)
            if index not in inside
            and not line.fenced
            and zones[index] in _ALL_TEXT
            and (not line.label or not line.value or stated(line.value))
            and (line.kind != "item" or zones[index] is Zone.COURSE)
        )

    def entries(self, meaning: str, zones: Iterable[Zone] | None = None) -> Iterator[Entry]:
        """Entries with a label of that meaning, outside modules, in some zones (None: anywhere)."""
        allowed = None if zones is None else frozenset(zones)
        for entry in self.document.entries:
            if meaning not in vocabulary().fields(entry.key) or entry.index in self.inside:
                continue
            is_open = allowed is None or self.zones[entry.index] in allowed
            if not is_open and entry.line.kind == "heading" and allowed is not None:
                # A field that is a heading opens a zone of its own ("### Nível dos alunos"); it stands in its parent's.
                is_open = zone_of(entry.path[self._title_depth :]) in allowed
            if is_open:
                yield entry

    def all_of(
        self, meaning: str, zones: Iterable[Zone] | None, read: Callable[[Entry], Value | None]
    ) -> list[tuple[Value, Entry]]:
        """What all such entries state, in the order of the file."""
        found = ((read(entry), entry) for entry in self.entries(meaning, zones))
        return [(value, entry) for value, entry in found if value is not None]

    def found(self, name: str) -> list[Found]:
        """What labels and frontmatter state about a field of the table."""
        row = FIELDS[name]
        labels = [row.exact, name] if row.exact else [name]
        found = [
            Found(value, entry.line.number)
            for label in labels
            for value, entry in self.all_of(label, row.zones, row.read)
        ]
        return found + [Found(value, 1) for text in self.head_texts(name) if (value := row.of_text(text)) is not None]

    def head_texts(self, name: str) -> list[str]:
        """What the keys of the frontmatter that mean a field say, in one text each."""
        named = [key for key in self.head if name in _head_meanings(str(key))]
        return [text for key in named if (text := scalar(self.head[key]))]

    def first(self, name: str) -> Any:
        found = self.found(name)
        return found[0].value if found else None

    def title(self) -> list[Found]:
        """Title from the form, or else frontmatter, or else the file's own heading, or else a sentence."""
        found = self.found("title")
        if found or any(entry.line.kind != "heading" for entry in self.entries("title", _COURSE)):
            return found
        return self._heading_title() or self._told(self.prose.title()) or self._capital_title()

    def _capital_title(self) -> list[Found]:
        """The first line of a poster or message, where it stands in capitals and names no field."""
        first = [line for line in self.document.lines if line.kind in {"heading", "text"}][:_MAX_ANSWER_LINES]
        for line in first:
            if line.label or len(line.text.split()) > _MAX_CAPITAL_WORDS or not line.text.isupper():
                return []
            value = title_in(line.text)
            if value and not (names_field(line.text) or is_form_title(line.text) or vocabulary().numbered(line.text)):
                return [Found(value, line.number)]
        return []

    def _heading_title(self) -> list[Found]:
        lines = [line for line in self.document.lines if line.kind != "blank"]
        top = min((line.depth for line in lines if line.kind == "heading"), default=0)
        for place, line in enumerate(lines):
            words = vocabulary()
            text = undecorated(line.text[:_MAX_TITLE_CHARACTERS])
            if line.kind == "text" and not place and (code := _COURSE_CODE.match(text)):
                return self._told((title_in(text[code.end() :]), line.number))
            prefix = _title_patterns()[0].match(_plain(text))
            is_prefixed = prefix is not None and bool(prefix["rest"])
            if line.kind != "heading" and not (place == 0 and line.kind == "text" and is_prefixed):
                continue
            opened = words.numbered(text)
            if opened and opened.kind != "part":
                return []
            value = title_in(text)
            if value is None or (is_form_title(value) and not is_prefixed):
                return []
            if not is_prefixed and (line.depth != 1 or (place and names_field(text))):
                return []
            # Without "Course Brief:" before it, only the file's top heading is its title.
            return [Found(value, line.number)] if is_prefixed or line.depth == top or not place else []
        return []

    @staticmethod
    def _told(told: tuple[Any, int] | None) -> list[Found]:
        return [Found(*told)] if told else []

    def instructor(self) -> str | None:
        heads = [value for key, value in self.head.items() if "instructor" in _head_meanings(str(key))]
        named = [scalar(head.get("name") or head.get("nome")) for head in heads if isinstance(head, dict)]
        names = [person_name(text) for text in [*named, *self.head_texts("instructor")] if text]
        told = self.prose.instructor()
        stated_name: str | None = next(filter(None, names), None) or self.first("instructor")
        return stated_name or (told[0] if told else None) or self._named_by_who()

    def _named_by_who(self) -> str | None:
        """`Who: Tamsin Ould`: the word asks for teacher and audience alike, and nothing but a name is a teacher."""
        who = vocabulary().all("asks", "who")
        asked = [first_answer(entry) or "" for entry in self.entries("audience") if entry.key in who]
        names = (person_name(text) for text in asked if NAME.match(text) and level_in(text) is None)
        return next((name for name in names if name and NAME.fullmatch(name)), None)

    def duration(self) -> list[Found]:
        told = self.prose.length_near_title() or self._by_the_week() or self.prose.duration()
        return self.found("duration") or self._told(told)

    def _by_the_week(self) -> tuple[float, int] | None:
        """Hours of a week and weeks, each under a label of its own: `Hours a week: 3`, `Weeks: 6`."""
        hour, week = ({*vocabulary().all("units", unit)} for unit in ("hour", "week"))
        asked = [(entry, set(entry.key.split())) for entry in self.document.entries if entry.value]
        hours = [entry for entry, words in asked if words & hour and words & week]
        weeks = [entry for entry, words in asked if words & week and not words & hour and len(words) < _FEW_WORDS]
        counts = [count_in(entries[0].value or "") for entries in (hours, weeks) if len(entries) == 1]
        if len(counts) == 2 and counts[0] and counts[1]:  # noqa: PLR2004
            return float(counts[0] * counts[1]), hours[0].line.number
        return None

    def count(self, name: str, *kinds: Any) -> list[Found]:
        """Stated number of modules or lessons; beside the length, `kinds` of parts may be counted too ("3 aulas")."""
        found = self.found(name)
        weeks = {word for word in vocabulary().part_words(*kinds) if "week" in word or "semana" in word}
        unit = "|".join(sorted(vocabulary().part_words(*kinds) - weeks, key=len, reverse=True))
        beside = re.compile(rf"(?<![\d\-–.,])(?<!\+ )(\d{{1,3}})\s*(?:{unit})\b")
        ranged = re.compile(rf"\d\s*(?:-|–|a)\s*\d+\s*(?:{unit})\b")
        asides = []
        for label in ("duration", "modules", "lessons", "structure"):
            for entry in self.entries(label, _NUMBERS):
                for text in texts_of(entry):
                    match = beside.search(fold(text))
                    if match and not ranged.search(fold(text)):
                        asides.append(Found(int(match[1]), entry.line.number))
        return found or asides[:1]

    def level(self) -> Level | None:
        told = self.prose.level()
        found: Level | None = self.first("level") or self.first("prior_knowledge") or (told[0] if told else None)
        if found is None:
            # "Para quem é? Iniciantes absolutos": a short answer to who it is for.
            asked = (first_answer(entry) or "" for entry in self.entries("audience") if not is_section(entry))
            short = [
                text for text in asked if len(text.split()) <= _MAX_LEVEL_WORDS and not _NEGATED.search(fold(text))
            ]
            found = next((level for text in short if (level := level_in(text))), None)
        return found

    def price(self) -> list[Found]:
        return self.found("price") or self._told(self.prose.price())

    def tags(self) -> tuple[str, ...]:
        head = self.head.get("tags")
        if isinstance(head, list):
            return tuple(tag for tag in (scalar(item) for item in head) if tag)
        return self.first("tags") or ()

    def joined(self, name: str, separator: str) -> str | None:
        answers = self.first(name)
        return separator.join(answers) if answers else None

    def unknown_labels(self, language: str | None) -> Iterator[tuple[int, str, str, str]]:
        """Labels outside the outline that mean nothing but resemble one that does: line, label, known one, field."""
        for entry in self.document.entries:
            key = entry.key
            if entry.index in self.inside or not key or not entry.value or vocabulary().fields(key):
                continue
            near = vocabulary().nearest(key, language)
            if near is not None and near[1] in FIELDS:
                yield entry.line.number, entry.line.label or entry.line.text, *near
