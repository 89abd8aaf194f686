"""Order and modules by the shape of the folder: numbers, dates, stated positions, links, and names at last."""

import re
from itertools import pairwise
from pathlib import PurePosixPath

from generators.languages import fold
from generators.reading.course.contents import linked
from generators.reading.course.folders import ROOT_STEMS, Folder, Found, Group, Seen, index_rank
from generators.reading.course.name import Name, module_in_folder, read_name
from generators.reading.course.words import holds_modules, tokens, tokens_key
from generators.reading.placeholder import scalar

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SPELLED_OUT = {
    "modulo": "módulo", "sesion": "sesión", "sessao": "sessão", "licao": "lição", "leccion": "lección",
    "seccion": "sección", "secao": "seção", "capitulo": "capítulo", "topico": "tópico",
}  # fmt: skip


class Order(Seen):
    """Puts lessons that were found into modules and into order."""

    _ranks: dict[PurePosixPath, tuple[int, ...]]
    _orders: dict[PurePosixPath, dict[PurePosixPath, int]]
    _wanted: set[PurePosixPath]

    def _by_shape(self, found: list[Found]) -> list[Group]:
        if not found:
            return []
        for one in found:
            self._ranks[one.page] = self._rank(one)
        modules = {one.module for one in found}
        if len(modules) == 1:
            (only,) = modules
            is_wrapper = only is not None and not self._is_part(only) and not holds_modules(only.parent.name)
            if is_wrapper:
                found = [Found(f.page, f.own, None, f.why, f.is_named) for f in found]
        keys = self._keys(found)
        told = {} if any(keys.values()) else self._told_modules(found)
        keys |= {page: tokens_key(title) for page, title in told.items()}
        groups: dict[tuple[int, str | None], Group] = {}
        turn, before = 0, None
        ordered = sorted(found, key=lambda one: (self._ranks[one.page], one.page))
        is_numbered = all(self.number(page).bonus if key is None else key.isdigit() for page, key in keys.items())
        if is_numbered:
            ordered.sort(key=lambda one: (int(keys[one.page] or 10_000), *self._own_order(one)))
        for one in ordered:
            key = keys[one.page]
            if key is None and before is not None:
                turn += 1
            before = key
            group = groups.setdefault((turn if key is None else 0, key), Group(key, None, None))
            if key is not None and not group.pages:
                self._name(group, one)
                group.title = told.get(one.page, group.title)
            group.pages.append(one.page)
        return list(groups.values())

    def _told_modules(self, found: list[Found]) -> dict[PurePosixPath, str]:
        """The modules that pages name in their frontmatter, where all do and nothing else tells modules apart."""
        heads = {one.page: self._head(one.page) for one in found}
        told = {
            page: head.module_title
            for page, head in heads.items()
            if head.module_title and {"module", "modulo", "module_title"} & head.head.keys()
        }
        return told if len(told) == len(found) and len(set(told.values())) > 1 else {}

    def _keys(self, found: list[Found]) -> dict[PurePosixPath, str | None]:
        """The module of each lesson: by number where numbers tell modules apart, else by folder."""
        stated: dict[PurePosixPath, int | None] = {}
        for one in found:
            number = self.number(one.page)
            folder = module_in_folder(one.module.name) if one.module else None
            stated[one.page] = None if number.bonus else (number.module if number.is_pair else folder)
        homes: dict[int, set[PurePosixPath]] = {}
        for one in found:
            place = stated[one.page]
            if place is not None and one.module is not None and self._is_part(one.module):
                homes.setdefault(place, set()).add(one.module)
        depths = {len(one.module.parts) for one in found if one.module}
        by_folder = any(len(folders) > 1 for folders in homes.values()) or (len(depths) > 1 and len(homes) > 1)
        by_folder = by_folder or any(
            stated[one.page] is None and one.module for one in found if not self.number(one.page).bonus
        )
        if by_folder:
            return {one.page: one.module.as_posix() if one.module else None for one in found}
        return {page: None if number is None else str(number) for page, number in stated.items()}

    def _name(self, group: Group, one: Found) -> None:
        folder = self._folders.get(one.module) if one.module else None
        if group.key is not None and group.key.isdigit():
            group.number = int(group.key)
            if folder is not None and module_in_folder(folder.path.name) != group.number:
                folder = None
        if folder is None:
            return
        name = folder.name
        shown = name.title
        label = self._category(folder, "label")
        shown = shown or (read_name(self.maps[folder.path].stem).title if folder.path in self.maps else "")
        group.title, group.is_stated, group.has_words = label or shown or None, label is not None, bool(label or shown)
        if group.title is None:
            group.title = _bare_title(name)
        index = [page for page in folder.pages if index_rank(page) < len(ROOT_STEMS) and page not in self._owns]
        # `00_Overview` opens a module, too, if its heading counts as the module does: `2. Soil`.
        opening = [page for page in folder.pages if self._opens(page, name)]
        group.overview = min(index or opening, key=index_rank, default=None)

    def _opens(self, page: PurePosixPath, module: Name) -> bool:
        own = read_name(page.stem)
        return (
            own.role == "index"
            and own.numbers == (0,)
            and read_name(self._head(page).heading).numbers == module.numbers
        )

    def _rank(self, one: Found) -> tuple[int, ...]:
        """The place of a lesson on its way down from the root."""
        place = one.own or one.page
        way = [*reversed(place.parents), place]
        return tuple(self._siblings(parent).get(child, 0) for parent, child in pairwise(way))

    def _siblings(self, parent: PurePosixPath) -> dict[PurePosixPath, int]:
        if parent not in self._orders:
            self._orders[parent] = self._sorted(parent)
        return self._orders[parent]

    def _sorted(self, parent: PurePosixPath) -> dict[PurePosixPath, int]:
        folder = self._folders[parent]
        children = [child for child in [*(f.path for f in folder.folders), *folder.pages] if child in self._wanted]
        orders = {child: self._stated_order(child) for child in children}
        key: dict[PurePosixPath, tuple[float, ...]]
        if sum(order is not None for order in orders.values()) * 2 > len(children):
            far = float("inf")
            key = {child: (far if order is None else order,) for child, order in orders.items()}
        else:
            key = {child: self._name_order(child) for child in children}
            if not any(_is_first(place) for place in key.values()):
                key |= self._linked_order(folder, children) or self._dated_order(children)
        ranked = sorted(children, key=lambda child: (key[child], natural(child.name)))
        return {child: index for index, child in enumerate(ranked)}

    def _stated_order(self, child: PurePosixPath) -> float | None:
        folder = self._folders.get(child)
        if folder is None:
            return self._head(child).order
        position = self._category(folder, "position")
        if position is not None:
            return float(position) if re.fullmatch(r"-?\d{1,6}(?:\.\d+)?", position) else None
        index = [page for page in folder.pages if index_rank(page) < len(ROOT_STEMS)]
        return next((order for page in index if (order := self._head(page).order) is not None), None)

    def _name_order(self, child: PurePosixPath) -> tuple[float, ...]:
        name = read_name(child.name if child in self._folders else child.stem)
        if name.bonus:
            return (2, float(name.numbers[0] if name.numbers else 0))
        if name.numbers:
            return (0, *map(float, name.numbers), float(ord(name.letter)) if name.letter else 0.0)
        if name.day:
            return (0, float(name.day.toordinal()))
        number = None if child in self._folders else self._head(child).number
        if number is not None and number.lesson is not None:
            return (0, float(number.module or 0), float(number.lesson)) if number.is_pair else (0, float(number.lesson))
        return (1,)

    def _linked_order(self, folder: Folder, children: list[PurePosixPath]) -> dict[PurePosixPath, tuple[float, ...]]:
        """The order in which the pages that introduce the folder link to what lies in it."""
        places = [folder.path, *folder.path.parents]
        known = [page for place in places if place in self._folders for page in self._folders[place].pages]
        maps = {*self.maps.values(), *(page for page in known if "moc" in tokens(page.stem))}
        for page in sorted((p for p in known if index_rank(p) < len(ROOT_STEMS) or p in maps), key=index_rank):
            contents = linked(self._pages, page)
            if contents is None:
                continue
            seen: dict[PurePosixPath, tuple[float, ...]] = {}
            for turn, entry in enumerate(contents.pages):
                for child in children:
                    if entry.path and (entry.path == child or entry.path.is_relative_to(child)):
                        seen.setdefault(child, (0, float(turn)))
            if len(seen) * 2 > len(children):
                return seen
        return {}

    def _dated_order(self, children: list[PurePosixPath]) -> dict[PurePosixPath, tuple[float, ...]]:
        """The days of a calendar in the frontmatter, where every page has one of its own."""
        pages = [child for child in children if child not in self._folders]
        days = {page: _DAY.match(scalar(self._head(page).head.get("date")) or "") for page in pages}
        stated = {page: found[0] for page, found in days.items() if found}
        if len(stated) < len(children) or len(set(stated.values())) < len(children):
            return {}
        return {child: (0, float(day.replace("-", ""))) for child, day in stated.items()}

    def _own_order(self, one: Found) -> tuple[object, ...]:
        number = self.number(one.page)
        if number.lesson is not None and self._stated_order(one.own or one.page) is None:
            return (number.bonus, number.lesson, number.letter, self._ranks[one.page], one.page.as_posix())
        return (number.bonus, 10_000, "", self._ranks[one.page], one.page.as_posix())


def _bare_title(name: Name) -> str | None:
    """`Módulo 2` of `modulo-02`; None where there is only a number."""
    found = re.match(r"^\W*([^\W\d_]+)[-_. #]*0*(\d+)\W*$", name.text)
    if not found:
        plain = Name("", rest=name.text).title
        return plain if any(map(str.isalpha, plain)) else None
    word = _SPELLED_OUT.get(fold(found[1]), found[1])
    return f"{word[:1].upper()}{word[1:]} {found[2]}"


def _is_first(place: tuple[float, ...]) -> bool:
    return place[0] == 0


def natural(name: str) -> tuple[tuple[int, str], ...]:
    parts = re.findall(r"\d{1,9}|\D+", fold(name))
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)
