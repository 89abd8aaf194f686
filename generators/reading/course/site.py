"""Lessons by a table of contents that the site states, and the titles that its pages of introduction give the whole."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from generators.languages import fold
from generators.reading.course.contents import Contents, Entry, linked
from generators.reading.course.folders import FEW_CHARACTERS, ROOT_STEMS, Group, Seen, Verdict, common, index_rank
from generators.reading.course.name import read_name
from generators.reading.course.tree import MARKDOWN_SUFFIXES, PAGE_SUFFIXES
from generators.reading.course.words import (
    is_container,
    is_language,
    is_weak_container,
    look_alike,
    speaks_of_a_course,
    tokens,
    tokens_key,
)
from generators.reading.placeholder import scalar, stated

_SECTIONS_ASIDE = frozenset({"about", "reference", "meta", "index", "template", "assessment"})
_MAP_LABEL = re.compile(r"^\W*(?:moc|índice|indice|index|mapa|resumen|sumario|sumário)\s*[-–—:|]\s*", re.IGNORECASE)
_GENERIC_TITLE = re.compile(
    r"^\W*(?:introd\w*|summary|(?:table of )?contents|"
    r"welcome|bem[- ]vind\w*|bienvenid\w*|my site|website|getting started|hello|untitled|title)\W*$"
)
_WELCOME = re.compile(r"^\W*(?:welcome|bem[- ]vind\w*|bienvenid\w*)\W*$")
_NUMBERED_LINK = re.compile(r"^\s*(?:[-+*]\s+)?(\d{1,2}(?:\.\d{1,2}){1,2})\.?\s+\[[^\[\]]+\]\([^():]+\)", re.MULTILINE)
_MAPS = frozenset({"moc", "index", "indice", "mapa", "map", "inicio", "home", "temario"})
_OVERVIEWS = frozenset({"visao geral", "vision general", "resumen"})
_THIS_COURSE = re.compile(r"\b(?:n?est[ea] (?:curso|oficina|taller)|this (?:course|workshop|class))\b")


class Site(Seen):
    """Takes a site at its word."""

    _contents: list[Contents]

    def site_title(self) -> str | None:
        """The title that the site states of itself, the outermost first."""
        titles = [contents.title for contents in self._contents if contents.title and not _is_place(contents.title)]
        return next(iter(titles), None)

    def index_titles(self) -> Iterator[str]:
        """What the pages that introduce the folder call it, those nearest to its lessons first."""
        lessons = self.lessons
        shared = common([page.parent for page in lessons]) if lessons else PurePosixPath()
        here = [shared, *shared.parents] if shared.parts else [shared]
        here.sort(key=lambda place: is_container(place.name))  # `lessons/README.md` is about the lessons
        for place in here:
            folder = self._folders.get(place)
            own = sorted(folder.pages, key=index_rank) if folder else []
            maps = [page for page in own if _MAPS & set(tokens(page.stem)) or self._leads_to_maps(page)]
            for page in dict.fromkeys([*(page for page in own if index_rank(page) < len(ROOT_STEMS)), *maps]):
                if page not in lessons and (heading := self._course_heading(page)):
                    yield heading
            named = [page for page in own if page not in lessons and speaks_of_a_course(page.stem)]
            if (
                len(named) == 1
                and (heading := self._course_heading(named[0]))
                and (tokens(heading) == tokens(named[0].stem) or len(tokens(named[0].stem)) == 1)
            ):
                yield heading  # `Curso de Café.md` beside the folder of its lessons
            beside = self._pages.find(place.parent, f"{place.name}.md") if place.parts else None
            if beside is not None and beside not in lessons and (heading := self._course_heading(beside)):
                yield heading

    def _leads_to_maps(self, page: PurePosixPath) -> bool:
        """Whether a note links to the notes that list the lessons of modules."""
        if len(self.maps) < 2 or page in self.maps.values():  # noqa: PLR2004
            return False
        contents = linked(self._pages, page)
        return contents is not None and len({entry.path for entry in contents.pages} & {*self.maps.values()}) > 1

    def _course_heading(self, page: PurePosixPath) -> str | None:
        for heading in (stated(self._head(page).heading), self._head(page).title):
            shown = _MAP_LABEL.sub("", heading or "")
            if shown and not (look_alike(shown) or _is_place(shown) or _GENERIC_TITLE.match(fold(shown))):
                return shown
        return None

    def _book(self, by_shape: int) -> Contents | None:
        """The table of contents that lists the lessons; None where there is none to trust."""
        best: tuple[int, Contents] | None = None
        for contents in self._contents:
            pages = [page for _, own in self._chosen(contents) for page in own]
            code = next((fold(part) for part in contents.source.parent.parts if is_language(part)), None)
            if len(pages) < 2 or (code and code != self._original) or self._is_aside(contents.source):  # noqa: PLR2004
                continue
            if len(pages) * 2 < by_shape or not self._is_course_site(contents):
                continue
            if best is None or len(pages) > best[0]:
                best = (len(pages), contents)
        return best[1] if best else None

    def _is_aside(self, path: PurePosixPath) -> bool:
        verdict = self.verdicts.get(path)
        return verdict is not None and verdict.role in {"theme", "translation", "template", "example", "test", "draft"}

    def _is_course_site(self, contents: Contents) -> bool:
        if contents.is_book:
            return True
        titles = [entry.title for entry in contents.entries if entry.title]
        placed = sum(self._is_part(PurePosixPath(fold(title).replace("/", " "))) for title in titles)
        return placed > 1 or speaks_of_a_course(" ".join([contents.title or "", *titles])) or self._speaks()

    def _speaks(self) -> bool:
        pages = self._root_pages()
        titles = [self.site_title() or "", *(self._head(page).heading for page in pages)]
        return any(map(speaks_of_a_course, titles)) or any(
            _THIS_COURSE.search(fold((self._pages.text(page) or "")[: 3 * FEW_CHARACTERS])) for page in pages
        )

    def _by_parents(self) -> Contents | None:
        """The modules that pages of Jekyll state of themselves: each names its parent, and its place below it."""
        config = next((path for path in self.root.files if path.name == "_config.yml"), None)
        if config is None:
            return None
        heads = {page: self._head(page) for page in self._pages.files.values() if page.suffix in MARKDOWN_SUFFIXES}
        ranked = sorted(heads, key=lambda page: (heads[page].order is None, heads[page].order or 0, page))
        names = {page: scalar(heads[page].head.get("title")) or heads[page].title or "" for page in ranked}
        parents = {page: scalar(heads[page].head.get("parent")) or "" for page in ranked}
        below: dict[str, list[PurePosixPath]] = {}
        for page in ranked:
            below.setdefault(parents[page], []).append(page)
        sections = [
            Entry(
                names[page], None, tuple(Entry("", child) for child in below[names[page]] if names[child] not in below)
            )
            for page in ranked
            if names[page] and names[page] in below
        ]
        sections = [section for section in sections if section.children]
        return Contents(config, None, tuple(sections)) if len(sections) > 1 else None

    def _sections(self, contents: Contents) -> list[tuple[Entry | None, list[Entry]]]:
        """Sections with their pages, loose pages among them; sections that hold only sections are opened."""
        entries = list(contents.entries)
        while len(entries) == 1 and entries[0].children:
            entries = list(entries[0].children)
        if any(is_container(entry.title) and sum(1 for _ in entry.pages) > 2 for entry in entries):  # noqa: PLR2004
            entries = [entry for entry in entries if self._is_of_lessons(entry)]  # `Aulas` beside `Materiais`
        sections: list[tuple[Entry | None, list[Entry]]] = []
        for entry in entries:
            if not entry.children:
                if sections and sections[-1][0] is None:
                    sections[-1][1].append(entry)
                else:
                    sections.append((None, [entry]))
                continue
            inner = [child for child in entry.children if child.children]
            placed = [child for child in inner if self._is_part(PurePosixPath(child.title.replace("/", " ")))]
            wraps = (
                (entry.path is None or index_rank(entry.path) < len(ROOT_STEMS))
                and len(inner) == len(entry.children)
                and len(placed) > 1
                and not self._is_part(PurePosixPath(entry.title.replace("/", " ")))
            )
            sections += [(child, list(child.pages)) for child in inner] if wraps else [(entry, list(entry.pages))]
        return sections

    def _is_of_lessons(self, entry: Entry) -> bool:
        """Whether an entry is named for lessons or for a part, or is a numbered page."""
        words = entry.title.replace("/", " ") or (entry.path.stem if entry.path is not None else "")
        return is_container(entry.title) or self._is_part(PurePosixPath(words))

    def _chosen(self, contents: Contents) -> list[tuple[Entry | None, list[Entry]]]:
        """Sections of lessons: without what is about the course, and without exercises, quizzes and indexes."""
        chosen: list[tuple[Entry | None, list[Entry]]] = []
        seen: set[PurePosixPath] = set()
        sections = self._sections(contents)
        parts = [
            s.title for s, _ in sections if s is not None and self._is_part(PurePosixPath(s.title.replace("/", " ")))
        ]
        for section, pages in sections:
            title = section.title if section is not None else ""
            # Beside `Unit 1` and `Unit 2` already `Reference sheets` is no part of the course.
            role = look_alike(title, folder=len(parts) < 2 or title in parts)  # noqa: PLR2004
            if role in _SECTIONS_ASIDE and not (role == "about" and self._are_numbered(pages)):
                continue
            kept = []
            for page in pages:
                if page.path is None or page.path in seen or page.path in self._taken:
                    continue
                if (verdict := self._aside(section, page)) is not None:
                    self.verdicts.setdefault(page.path, verdict)
                    continue
                seen.add(page.path)
                kept.append(page)
            if kept:
                chosen.append((section, kept))
        return chosen

    def _are_numbered(self, pages: list[Entry]) -> bool:
        """Whether pages are chapters by their names, whatever the section is called: `Presentation` of a course."""
        own = [page.path for page in pages if page.path is not None]
        return len(own) > 1 and all(read_name(path.stem).is_placed for path in own)

    def _aside(self, section: Entry | None, page: Entry) -> Verdict | None:
        path = page.path or PurePosixPath()
        is_index = fold(path.stem) in {"index", "readme", "_index"}
        place = path.parent.name  # "" at the root
        own = place if is_index and not is_weak_container(place) else path.stem
        for words in (page.title, own):
            name = read_name(words)
            role = look_alike(name.rest or words, numbered=1)
            if role:
                return Verdict(role, f"`{words}` in the table of contents says {role}")
        loose = section is None or not section.title
        named = read_name(own)
        shown = page.title or (self._head(path).title or "" if loose else "")
        is_aside = look_alike(shown) in _SECTIONS_ASIDE or (not named.is_placed and named.role)
        if loose and (is_aside or (index_rank(path) < len(ROOT_STEMS) and _WELCOME.match(fold(shown)))):
            return Verdict("index", "introduces the site")
        if section is not None and is_index:
            is_intro = look_alike(page.title) == "index" or fold(page.title) in _OVERVIEWS
            if not page.title:  # it opens the section if it stands before and above the others
                inside = [other.path for other in section.pages if other.path is not None]
                below = all(other.is_relative_to(path.parent) for other in inside)
                is_intro = below and len(inside) > 1 and inside[0] == path
            if section.path != path and is_intro:
                return Verdict("module", "the opening page of a section")
            if self._head(path).size < FEW_CHARACTERS // 2:
                return Verdict("module", "the opening page of a section: it only leads on")
        if path.suffix.casefold() in PAGE_SUFFIXES and not self._head(path).size and not self._head(path).head:
            return Verdict("empty", "there is nothing in it")
        return None

    def _by_contents(self, contents: Contents) -> list[Group]:
        groups: list[Group] = []
        sections = self._chosen(contents)
        are_chapters = all(section is None or section.path is not None for section, _ in sections)
        named = [section for section, pages in sections if section is not None]
        sections = [(self._titled(section), pages) for section, pages in sections]
        for turn, (section, pages) in enumerate(sections, start=1):
            own = [page.path for page in pages if page.path is not None]
            for page in pages:
                if page.title and page.path is not None:
                    self.labels[page.path] = page.title
            if section is None or not section.title or (len(named) == 1 and len(sections) == 1):
                groups.append(Group(None, None, None, own))
                continue
            name = read_name(section.title, folder=True)
            title = name.title if name.numbers and name.title else section.title
            number = name.numbers[0] if len(name.numbers) == 1 and not name.bonus else None
            overview = self._overview(section, own)
            groups.append(Group(str(turn), number, title, own, overview, is_stated=True))
        if are_chapters and all(len(group.pages) == 1 for group in groups):
            return [Group(None, None, None, [page for group in groups for page in group.pages])]
        _keyed([(group, section.title) for group, (section, _) in zip(groups, sections, strict=True) if section])
        return groups

    def _titled(self, section: Entry | None) -> Entry | None:
        """A section without a title of its own is called what the page that opens it is."""
        if section is None or section.title or section.path is None or not section.children:
            return section
        return replace(section, title=self._head(section.path).title or "")

    def _overview(self, section: Entry, own: list[PurePosixPath]) -> PurePosixPath | None:
        for page in section.pages:
            if (
                page.path is not None
                and page.path not in own
                and self.verdicts.get(page.path, Verdict("", "")).role == "module"
            ):
                return page.path
        return None

    def _numbers_links(self, page: PurePosixPath) -> bool:
        """Whether a page lists others by the numbers of a course: `1.2 [Waves](waves.md)`."""
        numbers = _NUMBERED_LINK.findall(self._pages.text(page) or "")
        return len(set(numbers)) > 4 and len({number.split(".")[0] for number in numbers}) > 1  # noqa: PLR2004

    def _by_links(self) -> list[Group]:
        """Where nothing else tells: the pages that a README or a map of notes links to, if it speaks of a course."""
        maps = [page for page in self.root.pages if read_name(page.stem).role == "index"]
        for page in sorted(maps, key=index_rank):
            contents = linked(self._pages, page)
            is_course = speaks_of_a_course(self._head(page).heading) or self._numbers_links(page)
            if contents is None or not is_course:
                continue
            own = {
                path for path, verdict in self.verdicts.items() if verdict.role != "index" or fold(path.stem) != "intro"
            }
            sections = [(s, [p for p in pages if p.path not in own]) for s, pages in self._chosen(contents)]
            if sum(len(pages) for _, pages in sections) > 2:  # noqa: PLR2004
                self.book = Contents(page, None, contents.entries)
                return self._by_contents(self.book)
        return []


def _is_place(title: str) -> bool:
    """Whether a title only says that lessons or texts are kept there: `Aulas`, `Docs`."""
    return len(tokens(title)) == 1 and (is_container(title) or is_weak_container(title))


def _keyed(modules: list[tuple[Group, str]]) -> None:
    """Give modules of a table of contents their keys: their numbers where these tell them apart, else their titles."""
    stated = [group.number for group, _ in modules if group.key is not None]
    numbers = [number for number in stated if number is not None]
    distinct = len(numbers) == len(stated) == len(set(numbers)) and numbers == sorted(numbers)
    used: Counter[str] = Counter()
    for group, title in modules:
        if group.key is None:
            continue
        if distinct:
            group.key = str(group.number)
            continue
        group.title, group.number, key = title, None, tokens_key(title)
        used[key] += 1
        group.key = f"{key}-{used[key]}" if used[key] > 1 else key
