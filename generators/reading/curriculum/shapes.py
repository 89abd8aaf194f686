"""Modules and lessons of a curriculum, from any of the shapes they come in.

A curriculum is a tree of parts, whatever it calls them: `phases/modules`, `tracks/units/lessons`, `tiers/weeks`,
`unidades/lecciones`, a flat list of topics that name their block. Lessons are its leaves, modules what holds them; the
vocabulary tells which keys name parts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from generators.languages import vocabulary
from generators.languages.vocabulary import PartKind
from generators.reading.amounts import count_in, minutes_in
from generators.reading.curriculum import keys
from generators.reading.curriculum.model import CurriculumLesson, CurriculumModule
from generators.reading.placeholder import scalar, stated
from generators.reading.titles import title_and_minutes

MAX_MODULES = 300
MAX_LESSONS = 5_000

_DOTTED = re.compile(r"(?<![\d.])(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_LETTERED = re.compile(r"\bm(?:od(?:ulo)?)?[-_ ]?(\d{1,3})[-_ ./]*(?:l|a|aula|lesson|licao)[-_ ]?(\d{1,3})\b")
_DASHED = re.compile(r"(?:^|[a-z][-_])(\d{1,3})[-_](\d{1,3})$")
_ENUMERATED = re.compile(r"\d{1,2}[.)]\s+\D")
_INTEGER = re.compile(r"(\d{1,3})\s*$")
# Names that mean many things: looked at only where no key names a part.
_LOOSE = frozenset(
    {"content", "conteudo", "contenido", "contents", "items", "itens", "programa", "syllabus", "ementa", "temario"}
    | {"conteudo_programatico", "outline", "sumario", "toc"}
)
_NUMBER_KEYS = (
    "number", "module_number", "module_id", "lesson_id", "lesson_number", "id", "order", "ordem", "seq", "code",
)  # fmt: skip
_PATH_KEYS = ("file_path", "file", "path", "arquivo", "caminho", "filename", "local", "archivo")
_OTHER_TYPES = frozenset({"exercise", "assessment", "test", "solution", "project", "slides", "reference", "template"})
_OUTERMOST = 3


@dataclass
class Node:
    """A part of the course: what it says, and the parts in it."""

    kind: PartKind | None
    mapping: dict[str, Any]
    key: str = ""
    children: list["Node"] = field(default_factory=list)
    is_text: bool = False

    @property
    def title(self) -> str | None:
        own = {self.mapping[name] for name in self._own_keys() if isinstance(self.mapping[name], str)}
        found = keys.text(self.mapping, "title", "module_title")
        named = next((text for value in own if (text := scalar(value)) and not text.strip(" .").isdigit()), None)
        return found or named

    def _own_keys(self) -> Iterator[str]:
        """Keys that name the part itself: `tier: "Tier 1 — Rope"`, `day: Monday`."""
        for key in self.mapping:
            kind = _kind(key)
            if kind is not None and kind == self.kind:
                yield key

    @property
    def count(self) -> int | None:
        """How many lessons it says that it has, where it lists none."""
        for key, value in self.mapping.items():
            words = key.split("_")
            if any(vocabulary().kind_of(word) in {"lesson", "meeting"} for word in words) and not isinstance(
                value, bool
            ):
                if isinstance(value, int) and (words[-1].endswith("s") or "count" in words):
                    return value
                if isinstance(value, str) and words[-1].endswith("s"):
                    return count_in(value)
        return None


@lru_cache(maxsize=4096)
def _kind(key: str) -> PartKind | None:
    return vocabulary().kind_of(key)


def modules_of(root: dict[str, Any]) -> tuple[CurriculumModule, ...]:
    """Find the modules of a curriculum; () if it has neither modules nor lessons."""
    nodes, flat = _structure(root)
    modules: list[CurriculumModule] = []
    used: set[int] = set()
    parts = [module for node in nodes for module in _collected(node, _has_modules(nodes))][:MAX_MODULES]
    for position, node in enumerate(parts, start=1):
        number = _module_number(node)
        if number is None or number in used:
            number = next(n for n in range(position, position + len(parts) + len(used) + 1) if n not in used)
        used.add(number)
        modules.append(_module(node, number, node.children or _owned(flat, node, number)))
    if not modules and flat:
        return tuple(_modules_of_flat(flat))
    return tuple(modules)


# --- the tree


def _structure(root: dict[str, Any]) -> tuple[list[Node], list[Node]]:
    """The outermost parts, and lessons that lie beside them in a list of their own."""
    level = [root]
    for _ in range(_OUTERMOST):
        for mapping in level:
            found = [(key, _nodes(value, _kind(key), 0)) for key, value in mapping.items() if _kind(key) is not None]
            found = [(key, nodes) for key, nodes in found if nodes]
            flat = [
                node for key, nodes in found if _kind(key) in {"lesson", "topic"} for node in nodes if not node.is_text
            ]
            parts = [(key, nodes) for key, nodes in found if _is_outer(key, nodes)]
            if parts:
                order = sorted(
                    parts,
                    key=lambda pair: (
                        not any(node.children for node in pair[1]),
                        vocabulary().rank(_kind(pair[0]) or "topic"),
                    ),
                )
                return order[0][1], flat
            if keyed := _keyed(mapping):
                return keyed, flat
            if loose := _loose(mapping):
                return loose, flat
            if flat:
                return [], flat
        level = [keys.folded(value) for mapping in level for value in mapping.values() if isinstance(value, dict)][
            :MAX_MODULES
        ]
    return [], []


def _is_outer(key: str, nodes: list[Node]) -> bool:
    kind = _kind(key)
    if kind in {"lesson", "topic"}:
        return kind == "topic" and any(node.children for node in nodes)
    if kind == "module" or any(node.children or node.count for node in nodes):
        return True
    # A list of words under "levels", or the steps of a recipe or a build, is no course.
    return all(len(node.mapping) > 1 and (kind == "part" or keys.minutes(node.mapping)) for node in nodes)


def _keyed(mapping: dict[str, Any]) -> list[Node]:
    """`module_1: {...}`, `semana 2: [...]` at the top."""
    found = []
    for key, value in mapping.items():
        opened = vocabulary().numbered(key.replace("_", " "))
        if opened and opened.kind in {"part", "module", "meeting"} and isinstance(value, dict | list):
            found += _nodes({key: value}, opened.kind, 0)
    return found


def _loose(mapping: dict[str, Any]) -> list[Node]:
    """What a word of many meanings, or of none, holds where it is parts: each with parts of its own."""
    candidates = []
    for key, value in mapping.items():
        if not isinstance(value, list | dict) or _kind(key) is not None:
            continue
        if isinstance(value, dict) and not (key in _LOOSE and all(isinstance(item, list) for item in value.values())):
            continue
        nodes = _nodes(value, "module", 0)
        with_parts = [node for node in nodes if node.children]
        if nodes and len(with_parts) == len(nodes):
            candidates.append(nodes)
    return max(candidates, key=_leaves, default=[])


def _leaves(nodes: list[Node]) -> int:
    return sum(_leaves(node.children) if node.children else 1 for node in nodes)


def _nodes(value: Any, kind: PartKind | None, depth: int) -> list[Node]:
    """The parts in a list or mapping."""
    if depth > _OUTERMOST or not isinstance(value, list | dict):
        return []
    pairs = value.items() if isinstance(value, dict) else (("", item) for item in value)
    if isinstance(value, dict) and not all(
        isinstance(item, dict | list) or _DOTTED.search(str(key)) for key, item in value.items()
    ):
        return []
    found = (_node(str(key), item, kind, depth) for key, item in list(pairs)[:MAX_LESSONS])
    nodes = [node for node in found if node is not None]
    if 2 * sum(_kind(_type(node)) == "lesson" for node in nodes) >= len(nodes):
        # Where most say that they are lessons, those that say otherwise are exercises, tests and the like.
        nodes = [node for node in nodes if vocabulary().file_kind(_type(node)) not in _OTHER_TYPES]
    return nodes


def _node(key: str, item: Any, kind: PartKind | None, depth: int) -> Node | None:
    if isinstance(item, list):
        return Node(kind, {"title": key}, key, _nodes(item, "lesson", depth + 1)) if key else None
    if isinstance(item, dict):
        mapping = keys.folded(item)
        if len(mapping) == 1 and not key:
            ((only, inner),) = item.items()
            opened = vocabulary().numbered(str(only)) if scalar(inner) else None
            if _DOTTED.search(str(only)) or (opened and not opened.rest):
                # `- "1.1": Título` or `- 1.1 Título: {...}`
                return Node(kind, {"id": str(only), **(inner if isinstance(inner, dict) else {"title": inner})})
            if isinstance(inner, list) and _kind(next(iter(mapping))) is None and next(iter(mapping)) not in _LOOSE:
                return Node(kind, {"title": str(only)}, "", _nodes(inner, "lesson", depth + 1))
        return Node(kind, mapping, key, [] if kind == "lesson" else _children(mapping, depth))
    text = scalar(item)
    if text is None:
        return None
    return Node(kind, {"id": key, "title": text} if key else {"title": text}, key, is_text=True)


def _type(node: Node) -> str:
    return scalar(node.mapping.get("type")) or scalar(node.mapping.get("tipo")) or ""


def _children(mapping: dict[str, Any], depth: int) -> list[Node]:
    named = [
        (key, value) for key, value in mapping.items() if _kind(key) is not None and isinstance(value, list | dict)
    ]
    named.sort(key=lambda pair: _kind(pair[0]) == "topic")
    for key, value in named:
        kind = _kind(key)
        is_strings = isinstance(value, list) and all(isinstance(item, str | int) for item in value)
        own = any(_kind(name) in {"part", "module"} for name in mapping)
        if is_strings and ((kind == "topic" and depth) or (kind == "meeting" and not own and not _are_lessons(value))):
            continue  # what a lesson is about, or what to do in it
        if nodes := _nodes(value, kind, depth + 1):
            return nodes
    for key, value in mapping.items():
        if (
            key in _LOOSE
            and isinstance(value, list)
            and (all(isinstance(i, dict) for i in value) or _are_lessons(value))
        ):
            return _nodes(value, None, depth + 1)
    return []


def _are_lessons(values: Any) -> bool:
    """Whether texts call themselves lessons."""
    return all((opened := vocabulary().numbered(scalar(value) or "")) and opened.kind != "part" for value in values)


def _has_modules(nodes: list[Node]) -> bool:
    return any(
        (node.kind == "module" and (node.children or node.count)) or _has_modules(node.children) for node in nodes
    )


def _collected(node: Node, has_modules: bool) -> list[Node]:  # noqa: FBT001 - a fact about the whole tree
    """The modules in a part: those that hold lessons, the part itself if nothing in it does."""
    inner = [child for child in node.children if child.children]
    if node.kind == "part" and has_modules and all(child.kind == "module" for child in node.children) and node.children:
        return [module for child in node.children for module in _collected(child, has_modules)]
    if not inner:
        return [node]
    loose = [child for child in node.children if not child.children]
    own = [Node(node.kind, node.mapping, node.key, loose)] if loose else []
    return own + [module for child in inner for module in _collected(child, has_modules)]


# --- modules and lessons


def _owned(flat: list[Node], module: Node, number: int) -> list[Node]:
    """The lessons beside the modules that name this one, or whose number begins with its own."""
    names = {scalar(value) for key, value in module.mapping.items() if not isinstance(value, list | dict)} | {
        module.key or None
    }
    owned = []
    for lesson in flat:
        owner = next(
            (
                text
                for key, value in lesson.mapping.items()
                if _kind(key.removesuffix("_id").removesuffix("_number")) in {"part", "module"}
                and (text := scalar(value))
            ),
            None,
        )
        if owner is not None:
            digits = _INTEGER.search(owner)
            if owner in names or (digits and not names & {owner} and int(digits[1]) == number):
                owned.append(lesson)
        elif (pair := _numbers(lesson.mapping)) and pair[0] == number:
            owned.append(lesson)
    return owned


def _modules_of_flat(flat: list[Node]) -> Iterator[CurriculumModule]:
    groups: dict[int, list[Node]] = {}
    for node in flat:
        pair = _numbers(node.mapping)
        groups.setdefault(pair[0] if pair else 1, []).append(node)
    for number, lessons in sorted(groups.items()):
        yield _module(Node("module", {}), number, lessons)


def _module(node: Node, number: int, raw: list[Node]) -> CurriculumModule:
    found = (_lesson(item, number, position) for position, item in enumerate(raw[:MAX_LESSONS], start=1))
    lessons = tuple(lesson for lesson in found if lesson)
    summed = sum(lesson.minutes or 0 for lesson in lessons)
    return CurriculumModule(
        number=number,
        title=_without_number(node.title),
        slug=keys.text(node.mapping, "slug"),
        description=keys.text(node.mapping, "description", "subtitle"),
        minutes=summed or keys.minutes(node.mapping),
        objectives=keys.texts(keys.first(node.mapping, "objectives")),
        lessons=lessons,
        declared_lessons=node.count,
    )


def _without_number(title: str | None) -> str | None:
    """`Módulo 2: Água` is `Água`; `Week 1` with nothing behind it stays."""
    opened = vocabulary().numbered(title) if title else None
    if title and opened is None and _ENUMERATED.match(title):
        opened = vocabulary().bare_number(title)
    return opened.rest if opened and opened.rest and len(opened.numbers) == 1 else title


def _lesson(node: Node, module: int, position: int) -> CurriculumLesson | None:
    mapping = node.mapping
    title, minutes = node.title, keys.minutes(mapping)
    if title is None and not mapping.keys() - {"title"}:
        return None
    pair = _numbers(mapping)
    if title:
        opened = vocabulary().numbered(title) or vocabulary().bare_number(title)
        if (
            opened
            and opened.rest
            and (opened.kind not in {None, "part", "module"} or len(opened.numbers) > 1 or node.kind == "module")
        ):
            is_pair = len(opened.numbers) == 2  # noqa: PLR2004 - module and lesson
            pair = pair or ((opened.numbers[0], opened.numbers[1]) if is_pair else None)
            title = opened.rest if opened.kind or is_pair else title
        whole, own = title_and_minutes(title)
        if own is not None and whole:
            title, minutes = whole, minutes or own
        title = stated(title)
        if node.is_text and minutes is None:
            minutes = minutes_in(title or "") if own else None
    if not title and not keys.text(mapping, *_PATH_KEYS) and not pair and minutes is None and node.kind is None:
        return None
    number = pair or (module, position)
    return CurriculumLesson(
        lesson_id=f"{number[0]}.{number[1]}",
        title=_from_path(title) if title and node.is_text else title,
        slug=keys.text(mapping, "slug"),
        description=keys.text(mapping, "description", "lesson_description", "summary"),
        minutes=minutes,
        file_path=keys.text(mapping, *_PATH_KEYS),
        objectives=keys.texts(keys.first(mapping, "objectives")),
        bloom_level=keys.text(mapping, "bloom_level", "bloom", "nivel_bloom"),
        prerequisites=keys.texts(keys.first(mapping, "prerequisites")),
        key_concepts=keys.texts(
            keys.first(mapping, "key_concepts", "conceitos", "conceitos_chave", "concepts", "topics", "topicos")
        ),
        activities=keys.texts(
            keys.first(mapping, "activities", "atividades", "actividades", "exercises", "exercicios")
        ),
        lesson_type=keys.text(mapping, "lesson_type", "type", "tipo"),
    )


def _from_path(title: str) -> str:
    """`knots/bowline` in a list of paths is called `bowline`."""
    return title.rpartition("/")[2] if re.fullmatch(r"[\w.-]+(?:/[\w.-]+)+", title) else title


def _pair(text: str) -> tuple[int, int] | None:
    for pattern in (_DOTTED, _LETTERED, _DASHED):
        if found := pattern.search(text.casefold()):
            return int(found[1]), int(found[2])
    return None


def _numbers(mapping: dict[str, Any]) -> tuple[int, int] | None:
    """Module and lesson number that a lesson states; a bare number says nothing about its module."""
    for key, value in mapping.items():
        if _is_number_key(key) and (text := scalar(value)) and (found := _pair(text)):
            return found
    return None


@lru_cache(maxsize=4096)
def _is_number_key(key: str) -> bool:
    return key in _NUMBER_KEYS or "number" in keys.meanings(key) or _kind(key) is not None


def _module_number(node: Node) -> int | None:
    values = [scalar(value) for key, value in node.mapping.items() if _is_number_key(key)]
    for value in (*values, node.key):
        if value and (found := _INTEGER.search(value)) and int(found[1]):
            return int(found[1])
    opened = vocabulary().numbered(node.title or "")
    return opened.numbers[0] if opened else None
