"""The facts about the course itself: who looks for which label, in which part of the brief, and what counts as one."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from generators.brief.amounts import count_in, hours_in, level_in, money_in
from generators.brief.answers import answered, first_answer, list_answers
from generators.brief.model import Level
from generators.brief.placeholder import is_example, scalar, stated
from generators.brief.zones import Zone
from generators.markdown import Document, Entry
from generators.markdown.label import fold, label_key

Value = TypeVar("Value")

_COURSE = r"(?: (?:do|da|deste|desta|of the)? ?(?:curso|treinamento|programa|formacao|trilha|course|training|oficina))?"
_KIND = r"(?: (?:completo|oficial|principal|definitivo|final|provisorio|sugerido|de trabalho|comercial|provisional))*"
TITLE = re.compile(
    rf"(?:titulo|nome|title|name){_KIND}{_COURSE}{_KIND}|(?:course|curso) (?:title|name|titulo)|curso|course"
)
SUBTITLE = re.compile(r"subtitulo.*|tagline.*|subtitle.*|slogan|chamada|headline principal|promessa principal")
SLUG = re.compile(
    r"(?:course )?slug(?: (?:do curso|of the course|url|id|curso))*|curso id|course id|id do curso"
    r"|identificador.*|url slug"
)
INSTRUCTOR = re.compile(
    r"(?:instrutor|instrutora|instructor|professor|professora|teacher|docente|facilitador|facilitadora|expert|especialista"
    r"|autor|autora|author|mentor|mentora|ministrante|palestrante|ministrado por|apresentador|apresentadora)"
    r"(?: (?:a|responsavel|principal|do curso|nome|persona|es|titular|name))*|nome (?:do"
    r"|da) (?:instrutora?|professora?|expert)"
)
RESPONSIBLE = re.compile(r"responsavel|responsible|responsaveis")
DURATION = re.compile(
    r"duracao(?: (?:total|estimada|prevista|aproximada|geral|do curso|do treinamento|da trilha"
    r"|desejada|alvo|e formato))*"
    r"|(?:total |estimated |course )*(?:duration|length)(?: total)?|carga horaria(?: (?:total"
    r"|estimada|prevista|do curso))*"
    r"|tempo total(?: (?:estimado|do curso|de conteudo))*|horas(?: totais| de conteudo)?|total de horas|total hours"
)
MODULES = re.compile(
    r"(?:(?:numero|quantidade|qtd|qtde|n|no|nr|total|number) (?:total )?(?:de |of )?)?(?:modulos|modules)"
    r"(?: (?:totais|previstos|planejados|do curso))*|num modules|modules count"
)
LESSONS = re.compile(
    r"(?:(?:numero|quantidade|qtd|qtde|n|no|nr|total|number) (?:total )?(?:de |of )?)?(?:aulas"
    r"|lessons|licoes|videoaulas"
    r"|video aulas)(?: (?:totais|previstas|planejadas|do curso|total))*|num lessons|lessons count"
)
LEVEL = re.compile(
    r"nivel(?: (?:do curso|de conhecimento|de dificuldade|geral|exigido|dos alunos|de entrada"
    r"|conhecimento|tecnico do curso"
    r"|de profundidade))*"
    r"|(?:knowledge |difficulty |course |skill )?level|dificuldade|difficulty"
)
PRIOR_KNOWLEDGE = re.compile(r"conhecimentos? previos?.*|nivel (?:de )?conhecimento previo|prior knowledge.*")
PRICE = re.compile(
    r"(?:preco|valor|price|investimento|ticket)(?: (?:sugerido|do curso|especifico|final|de venda"
    r"|de lancamento|cheio|a vista"
    r"|regular|unitario|standalone|normal|padrao|alvo|principal|exato|base|do produto"
    r"|se fosse standalone|oficial|de tabela"
    r"|fixo|definido|da inscricao|em reais|brl|r))*|(?:suggested|course|launch|regular) price|precificacao|pricing"
)
EXACT_PRICE = re.compile(r"valor especifico|preco (?:exato|final|definido)|exact price|valor exato")
CATEGORY = re.compile(r"categorias?(?: (?:principal|do curso))*|(?:main )?category|area tematica|tema principal")
TAGS = re.compile(r"tags?|palavras chave|keywords|etiquetas|tags palavras chave")
STRUCTURE = re.compile(r"estrutura(?: do curso)?|formato|tamanho|structure|format|extensao")
FRAMEWORK = re.compile(
    r"(?:framework|abordagem|metodologia|modelo)(?: (?:escolhid[oa]|pedagogic[oa]|principal"
    r"|de ensino|didatic[oa]|utilizad[oa]))*"
    r"|qual abordagem pedagogica.*|pedagogical (?:framework|approach)"
)
STYLE = re.compile(r"estilo(?: (?:de ensino|didatico|preferido|das aulas|pedagogico|principal))*|teaching style")
LANGUAGE = re.compile(r"idioma(?: do curso)?|lingua|language")

_COURSE_ZONES = frozenset({Zone.COURSE})
_SLUG_SHAPE = re.compile(r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$")
_ASIDE = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")
_TOTAL = re.compile(r"\btotal\b|especifi|exat|flexivel")
_FORM_TITLE = re.compile(
    r"formulario|template|modelo de|planejamento|questionario|\bform\b|briefing$|^(?:course )?brief$"
)
_TITLE_PREFIX = re.compile(
    r"^\W*(?:(?:course[ -]?brief(?:ing)?|brief(?:ing)?(?:\s+(?:do|de|da)\s+curso)?"
    r"|resumo do curso)\s*(?:[:\-–—|]+\s*|$)"
    r"|(?:curso|course|treinamento)\s*:\s*)",
    re.IGNORECASE,
)
_TITLE_SUFFIX = re.compile(
    r"\s+[:\-–—|]+\s*(?:course[ -]?brief(?:ing)?|brief(?:ing)?(?: do curso)?)\s*$", re.IGNORECASE
)
_BARE_AMOUNT = re.compile(r"^(\d{1,3}(?:\.\d{3})+|\d{1,6})(?:,\d{2}|\.00)?$")
_NOT_A_PRICE = re.compile(r"mensa|/mes|por mes|usd|us\$|receita|fatura|economi|custo|upsell|ferramenta|api|mes\b")
_MAX_TITLE_CHARACTERS = 300
_MAX_NAME_WORDS = 8
_MAX_ANSWER_LINES = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A value with the line that states it."""

    value: Any
    line: int


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
        self.head = head

    def entries(self, label: re.Pattern[str], zones: Iterable[Zone] | None = None) -> Iterator[Entry]:
        """Entries with a label, outside modules, in some zones (None: anywhere)."""
        allowed = None if zones is None else frozenset(zones)
        for entry in self.document.entries:
            is_open = allowed is None or self.zones[entry.index] in allowed
            if is_open and entry.index not in self.inside and label.fullmatch(entry.key):
                yield entry

    def all_of(
        self, label: re.Pattern[str], zones: Iterable[Zone] | None, read: Callable[[Entry], Value | None]
    ) -> list[tuple[Value, Entry]]:
        """What all such entries state, in the order of the file."""
        found = ((read(entry), entry) for entry in self.entries(label, zones))
        return [(value, entry) for value, entry in found if value is not None]

    def title(self) -> list[Found]:
        """Title from the form, or else frontmatter, or else the file's own heading."""
        found = [
            Found(value, entry.line.number)
            for value, entry in self.all_of(TITLE, _COURSE_ZONES, _one_line)
            if entry.line.kind != "heading" or entry.body
        ]
        keys = ("title", "course_title", "titulo", "nome_do_curso", "course_name")
        found += [Found(value, 1) for key in keys if (value := scalar(self.head.get(key)))]
        asked = any(True for _ in self.entries(TITLE, _COURSE_ZONES))
        if not found and not asked:
            found += self._heading_title()
        return found

    def _heading_title(self) -> list[Found]:
        for line in self.document.lines:
            if line.kind == "heading":
                text = _TITLE_SUFFIX.sub("", re.sub(r"^[^\w\[]+", "", line.text)).strip()
                prefix = _TITLE_PREFIX.match(text)
                value = stated(text[prefix.end() :] if prefix else text)
                if value is None or _FORM_TITLE.search(label_key(value)):
                    return []
                # Without "Course Brief:" before it, only the file's single top heading is its title.
                return [Found(value, line.number)] if prefix or line.depth == 1 else []
        return []

    def subtitle(self) -> str | None:
        return self._first(SUBTITLE, {Zone.COURSE}, _one_line)

    def slug(self) -> list[Found]:
        found = []
        for value, entry in self.all_of(SLUG, {Zone.COURSE, Zone.ASIDE}, first_answer):
            slug = value.strip("/ ").split("/")[-1]
            if _SLUG_SHAPE.match(slug):
                found.append(Found(slug, entry.line.number))
        for key in ("course_slug", "slug"):
            value_of_head = scalar(self.head.get(key))
            if value_of_head and _SLUG_SHAPE.match(value_of_head):
                found.append(Found(value_of_head, 1))
        return found

    def instructor(self) -> str | None:
        head = self.head.get("instructor") or self.head.get("instrutor")
        names = [scalar(head.get("name") or head.get("nome")) if isinstance(head, dict) else scalar(head)]
        names += [value for value, _ in self.all_of(INSTRUCTOR, {Zone.COURSE, Zone.VOICE, Zone.PEDAGOGY}, _person)]
        for name in names:
            if name and (cleaned := person_name(name)):
                return cleaned
        return None

    def duration(self) -> list[Found]:
        zones = {Zone.COURSE, Zone.OUTLINE, Zone.PEDAGOGY}
        found = [Found(v, e.line.number) for v, e in self.all_of(DURATION, zones, _hours)]
        for key in ("duration", "duration_hours", "total_duration_hours", "duracao", "carga_horaria"):
            text = scalar(self.head.get(key))
            value = hours_in(f"{text} h" if text and re.fullmatch(r"\d+(?:\.\d+)?", text) else text or "")
            if value is not None:
                found.append(Found(value, 1))
        return found

    def count(self, label: re.Pattern[str], *, unit: str) -> list[Found]:
        """Stated number of modules or lessons; `unit` is the word that may follow it elsewhere ("aulas")."""
        zones = {Zone.COURSE, Zone.OUTLINE, Zone.PEDAGOGY}
        found = []
        for entry in self.entries(label, zones):
            value = _count(entry)
            if value is not None:
                found.append(Found(value, entry.line.number))
        beside = re.compile(rf"(?<![\d\-–.,])(\d{{1,3}})\s*{unit}")
        asides = []
        for entry in [e for label in (DURATION, MODULES, LESSONS, STRUCTURE) for e in self.entries(label, zones)]:
            for text in _texts(entry):
                match = beside.search(fold(text))
                if match and not re.search(rf"\d\s*(?:-|–|a)\s*\d+\s*{unit}", fold(text)):
                    asides.append(Found(int(match[1]), entry.line.number))
        return found or asides[:1]

    def level(self) -> Level | None:
        found: Level | None = self._first(LEVEL, {Zone.COURSE, Zone.PEDAGOGY, Zone.OUTLINE, Zone.PREREQUISITES}, _level)
        for key in ("level", "nivel", "knowledge_level", "difficulty"):
            found = found or level_in(scalar(self.head.get(key)) or "")
        return found or self._first(PRIOR_KNOWLEDGE, None, _ticked_level)

    def price(self) -> list[Found]:
        found: list[Found] = []
        exact: list[Found] = []
        for entry in self.entries(PRICE, {Zone.COMMERCIAL, Zone.COURSE}):
            value = _price(entry)
            if value is not None:
                is_exact = EXACT_PRICE.fullmatch(entry.key)
                (exact if is_exact else found).append(Found(value, entry.line.number))
        for key in ("price", "preco", "valor"):
            text = scalar(self.head.get(key))
            value = _amount(text) if text else None
            if value is not None:
                found.append(Found(value, 1))
        return exact + found

    def category(self) -> str | None:
        answers = self._first(CATEGORY, {Zone.COURSE}, lambda entry: list_answers(entry) or None)
        return ", ".join(answers) if answers else None

    def tags(self) -> tuple[str, ...]:
        head = self.head.get("tags")
        if isinstance(head, list):
            return tuple(tag for tag in (scalar(item) for item in head) if tag)
        return self._first(TAGS, {Zone.COURSE}, lambda entry: list_answers(entry) or None) or ()

    def framework(self) -> str | None:
        return self._joined(FRAMEWORK, {Zone.PEDAGOGY})

    def style(self) -> str | None:
        return self._joined(STYLE, {Zone.PEDAGOGY, Zone.COURSE})

    def language(self) -> str | None:
        return self._first(LANGUAGE, None, _one_line) or scalar(self.head.get("language") or self.head.get("idioma"))

    def _joined(self, label: re.Pattern[str], zones: Iterable[Zone]) -> str | None:
        answers = self._first(label, zones, _several)
        return "; ".join(answers) if answers else None

    def _first(
        self, label: re.Pattern[str], zones: Iterable[Zone] | None, read: Callable[[Entry], Value | None]
    ) -> Value | None:
        found = self.all_of(label, zones, read)
        return found[0][0] if found else None


def person_name(text: str) -> str | None:
    """A person's name without what is said about them; None if the text is no name."""
    name = re.split(r"\s+[-–—|]\s+|,|;|\s+\(", _ASIDE.sub("", text), maxsplit=1)[0].strip()
    words = name.split()
    if not words or len(words) > _MAX_NAME_WORDS or not words[0][0].isalpha():
        return None
    if re.search(r"\b(?:mind|mmos|clone|sim|nao|voz|persona|agent|neutr\w+|custom\w*|ia)\b", fold(name)):
        return None
    return stated(name)


def _is_section(entry: Entry) -> bool:
    """Whether a heading opens a section rather than stand over one short answer (`### Duração` over `3 horas`)."""
    if entry.line.kind != "heading":
        return False
    body = [line for line in entry.body if line.kind != "rule"]
    return not body or len(body) > _MAX_ANSWER_LINES or any(line.kind != "text" or line.strong for line in body)


def _texts(entry: Entry) -> list[str]:
    if _is_section(entry):
        return []
    if entry.value and not is_example(entry.value):
        return [entry.value]
    return [line.text for line in answered(entry.body) if not line.depth or line.fenced]


def _one_line(entry: Entry) -> str | None:
    text = first_answer(entry)
    return text if text and len(text) <= _MAX_TITLE_CHARACTERS else None


def _person(entry: Entry) -> str | None:
    if entry.line.kind == "heading":
        return None
    return first_answer(entry)


def _several(entry: Entry) -> tuple[str, ...] | None:
    if entry.line.kind == "heading" and any(line.label and line.strong for line in entry.body):
        return None
    if entry.value:
        value = first_answer(entry)
        return (value,) if value else None
    return list_answers(entry) or None


def _hours(entry: Entry) -> float | tuple[float, float] | None:
    """The exact line of a form beats the option that was ticked above it."""
    if _is_section(entry):
        return None
    if entry.value:
        return hours_in(entry.value) if stated(entry.value) else None
    lines = list(answered(entry.body))
    exact = [line for line in lines if _TOTAL.search(fold(line.text)) and line.ticked is None]
    plain = [line for line in lines if line.ticked is None and not line.depth]
    for line in [*exact, *plain, *lines]:
        value = hours_in(line.text)
        if value is not None:
            return value
    return None


def _count(entry: Entry) -> int | None:
    if _is_section(entry):
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
    if _is_section(entry):
        return None
    text = first_answer(entry)
    return level_in(text) if text else None


def _ticked_level(entry: Entry) -> Level | None:
    if entry.value:
        return level_in(entry.value) if stated(entry.value) else None
    for line in answered(entry.body):
        if line.ticked and (level := level_in(line.text)):
            return level
    return None


def _price(entry: Entry) -> float | None:
    if entry.line.kind == "heading" and not any(line.fenced or line.kind == "text" for line in entry.body):
        return None
    if entry.value:
        return _amount(entry.value) if stated(entry.value) else None
    lines = [line for line in answered(entry.body) if not _NOT_A_PRICE.search(fold(line.text))]
    exact = [line for line in lines if line.label and EXACT_PRICE.fullmatch(label_key(line.label))]
    labelled = [line for line in lines if line.label and PRICE.fullmatch(label_key(line.label))]
    # Below a heading only lines that call themselves a price are one; in a field's answer any first line is.
    open_lines = [] if _is_section(entry) else [line for line in lines if line.ordinal is None][:3]
    for line in [*exact, *labelled, *open_lines]:
        value = _amount(line.value if line.label else line.text)
        if value is not None:
            return value
    return None


def _amount(text: str) -> float | None:
    if stated(text) is None or _NOT_A_PRICE.search(fold(text)):
        return None
    bare = _BARE_AMOUNT.match(text.strip())
    if bare:
        return float(bare[1].replace(".", ""))
    return money_in(text)
