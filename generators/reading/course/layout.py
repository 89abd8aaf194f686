"""What every file of a folder is: which pages are lessons, in which modules, in what order, and why.

A site that states its own table of contents is taken at its word. Otherwise the shape of the folder tells: a page or a
folder is a lesson if its name gives it a place in a series (a number, a date, a word such as `aula` or `week`), if it
lies in a folder named for lessons or for a module, or if its heading or frontmatter says so. Names that say
something else (exercises, solutions, an index, a translation) speak against it, unless the word is the subject of a
numbered lesson.
Nothing here depends on the name of a course, only on kinds of names.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import PurePosixPath

from generators.languages import fold, vocabulary
from generators.reading.brief.placeholder import stated
from generators.reading.course.contents import Contents, Entry, Pages, contents_in, linked
from generators.reading.course.name import LessonNumber, Name, module_in_folder, names_lesson, read_name
from generators.reading.course.page import LessonHead
from generators.reading.course.tree import PAGE_SUFFIXES
from generators.reading.course.words import (
    EITHER,
    LESSON,
    MODULE,
    holds_modules,
    is_container,
    is_language,
    is_weak_container,
    look_alike,
    speaks_of_a_course,
    tokens,
)

_LESSON_STEMS = frozenset({"lesson", "aula", "leccion", "licao", "clase", "class", "lecture", "sesion", "session"})
_CONTENT_STEMS = frozenset(
    {"conteudo", "content", "contenido", "texto", "text", "teoria", "theory", "notes", "notas", "apuntes", "main"}
)
_INDEX_STEMS = ("readme", "leiame", "leeme", "index", "_index", "intro", "overview")
_ROOT_STEMS = ("readme", "index", "_index", "leiame", "leeme", "intro")
_LESSON_KEYS = frozenset({"lesson_id", "lesson_number", "lesson_title", "lesson_type"})
_SECTIONS_ASIDE = frozenset({"about", "reference", "meta", "index", "template", "assessment"})
_SPELLED_OUT = {
    "modulo": "módulo", "sesion": "sesión", "sessao": "sessão", "licao": "lição", "leccion": "lección",
    "seccion": "sección", "secao": "seção", "capitulo": "capítulo", "topico": "tópico",
}  # fmt: skip
_MAP_LABEL = re.compile(r"^\W*(?:moc|índice|indice|index|mapa|resumen|sumario|sumário)\s*[-–—:|]\s*", re.IGNORECASE)
_GENERIC_TITLE = re.compile(
    r"^\W*(?:introd\w*|summary|(?:table of )?contents|"
    r"welcome|bem[- ]vind\w*|bienvenid\w*|my site|website|getting started|hello|untitled|title)\W*$"
)
_PROSE = frozenset(PAGE_SUFFIXES) - {".ipynb", ".html", ".htm"}
_MAPS = frozenset({"moc", "index", "indice", "mapa", "map", "inicio", "home", "temario"})
_FEW_CHARACTERS = 500
_THIS_COURSE = re.compile(r"\b(?:n?est[ea] (?:curso|oficina|taller)|this (?:course|workshop|class))\b")
_SITE_MARKS = ("mkdocs.yml", "mkdocs.yaml", "docusaurus.config.js", "docusaurus.config.ts", "book.toml", "_quarto.yml")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a file is, and the evidence for it."""

    role: str
    why: str


@dataclass(slots=True)
class Group:
    """Lessons that belong together.

    Attributes:
        key: tells it from the other modules of the course for good; None for lessons of no module.
        title: as its folder or the table of contents states it.
        is_stated: the site itself states the title.
        has_words: the title is more than a word for modules and a number.
        is_named: its lessons are placed by their names alone.
        overview: the page that describes it.
    """

    key: str | None
    number: int | None
    title: str | None
    pages: list[PurePosixPath] = field(default_factory=list)
    overview: PurePosixPath | None = None
    is_stated: bool = False
    has_words: bool = True
    is_named: bool = False


@dataclass(slots=True)
class Folder:
    """A folder and what lies in it, by name."""

    path: PurePosixPath
    name: Name
    folders: list["Folder"] = field(default_factory=list)
    pages: list[PurePosixPath] = field(default_factory=list)
    files: list[PurePosixPath] = field(default_factory=list)

    def below(self) -> Iterator[PurePosixPath]:
        yield from self.files
        for folder in self.folders:
            yield from folder.below()


def kinds_seen(verdicts: Iterable[Verdict]) -> str:
    """`12 document, 3 exercise`: how many files are what."""
    count = Counter(verdict.role for verdict in verdicts)
    return (
        ", ".join(f"{number} {role}" for role, number in sorted(count.items(), key=lambda kind: (-kind[1], kind[0])))
        or "no text file"
    )


def folders_of(files: Iterable[PurePosixPath]) -> Folder:
    """The tree of folders that some files make."""
    root = Folder(PurePosixPath(), Name(""))
    known = {root.path: root}
    for path in files:
        here = root
        for parent in reversed(path.parents[:-1]):
            if parent not in known:
                known[parent] = Folder(parent, read_name(parent.name, folder=True))
                here.folders.append(known[parent])
            here = known[parent]
        here.files.append(path)
        if path.suffix.casefold() in PAGE_SUFFIXES:
            here.pages.append(path)
    return root


@dataclass(frozen=True, slots=True)
class _Found:
    """A page that the shape of the folder makes a lesson."""

    page: PurePosixPath
    own: PurePosixPath | None
    module: PurePosixPath | None
    why: str
    is_named: bool


class Layout:
    """The judgement about one folder.

    Args:
        files: paths in it, relative.
        head: the top of a page.
        text: the text of a file; None where it cannot be read.
        listed: pages that a curriculum names.
        taken: files that are known to be something else (the brief, the curriculum).
    """

    def __init__(
        self,
        files: Iterable[PurePosixPath],
        head: Callable[[PurePosixPath], LessonHead],
        text: Callable[[PurePosixPath], str | None],
        *,
        listed: Callable[[PurePosixPath], bool] = lambda _: False,
        taken: Iterable[PurePosixPath] = (),
    ) -> None:
        self.verdicts: dict[PurePosixPath, Verdict] = {}
        self.labels: dict[PurePosixPath, str] = {}
        self.strays: list[PurePosixPath] = []
        self._head = head
        self._listed = listed
        self._taken = set(taken)
        paths = sorted(files)
        self.root = folders_of(paths)
        self._pages = Pages(paths, text)
        self._folders = {folder.path: folder for folder in _walk(self.root)}
        self._original = self._languages(paths)
        self._contents = contents_in(self._pages)
        self._ranks: dict[PurePosixPath, tuple[int, ...]] = {}
        self._orders: dict[PurePosixPath, dict[PurePosixPath, int]] = {}
        self._wanted: set[PurePosixPath] = set()
        self._owns: dict[PurePosixPath, PurePosixPath] = {}
        found = self._scan(self.root, inside=False, module=None)
        self.found = found
        self._wanted = {place for one in found for place in [one.own or one.page, *(one.own or one.page).parents]}
        self.book = self._book(len(found))
        self.groups = self._by_contents(self.book) if self.book else self._by_shape(found)
        if not self.groups:
            self.groups = self._by_links()
        self._explain(found)

    @property
    def lessons(self) -> list[PurePosixPath]:
        """Every lesson in order."""
        return [page for group in self.groups for page in group.pages]

    @property
    def is_plausible(self) -> bool:
        """Whether these lessons make a course: somebody names them so, or they are a series of some length."""
        if self.book is not None:
            return True
        if not self.groups:
            return False
        if any(found.is_named for found in self.found):
            return True
        if all(read_name(found.page.stem).day for found in self.found):
            return self._speaks()  # a diary, minutes of meetings
        outside = [f for f in self.found if not any(is_weak_container(p) and p for p in f.page.parent.parts)]
        return len(outside) > 1 or (len(self.found) > 1 and self._speaks())

    def site_title(self) -> str | None:
        """The title that the site states of itself, the outermost first."""
        return next((contents.title for contents in self._contents if contents.title), None)

    def index_titles(self) -> Iterator[str]:
        """What the pages that introduce the folder call it, those nearest to its lessons first."""
        lessons = self.lessons
        common = _common([page.parent for page in lessons]) if lessons else PurePosixPath()
        here = [common, *common.parents] if common.parts else [common]
        here.sort(key=lambda place: is_container(place.name))  # `lessons/README.md` is about the lessons
        for place in here:
            folder = self._folders.get(place)
            own = sorted(folder.pages, key=_index_rank) if folder else []
            maps = [page for page in own if _MAPS & set(tokens(page.stem))]
            for page in dict.fromkeys([*(page for page in own if _index_rank(page) < len(_ROOT_STEMS)), *maps]):
                if page not in lessons and (heading := self._course_heading(page)):
                    yield heading
            named = [page for page in own if page not in lessons and speaks_of_a_course(page.stem)]
            if (
                len(named) == 1
                and (heading := self._course_heading(named[0]))
                and tokens(heading) == tokens(named[0].stem)
            ):
                yield heading  # `Curso de Café.md` beside the folder of its lessons
            beside = self._pages.find(place.parent, f"{place.name}.md") if place.parts else None
            if beside is not None and beside not in lessons and (heading := self._course_heading(beside)):
                yield heading

    def _course_heading(self, page: PurePosixPath) -> str | None:
        heading = stated(self._head(page).heading) or self._head(page).title
        if heading is None:
            return None
        heading = _MAP_LABEL.sub("", heading)
        is_generic = look_alike(heading) or (
            len(tokens(heading)) == 1 and (is_container(heading) or is_weak_container(heading))
        )
        return None if is_generic or _GENERIC_TITLE.match(fold(heading)) else heading

    # What a folder is closed for.

    def _languages(self, paths: list[PurePosixPath]) -> str | None:
        """Of languages that lie side by side the one that the course was written in."""
        count: Counter[str] = Counter()
        for path in paths:
            if path.suffix.casefold() in PAGE_SUFFIXES:
                code = next((fold(part) for part in path.parent.parts if is_language(part)), None)
                count[code or ""] += 1
        codes = [code for code in count if code]
        if not codes:
            return None
        contents = {fold(part) for path in paths if path.name in {"_toctree.yml", "_toc.yml"} for part in path.parts}
        spoken = self._spoken()
        most = max(count[code] for code in codes)
        # A translation may hold a page more than the original: near enough is alike, and the README decides.
        whole = [
            code for code in codes if count[code] * 10 >= most * 9 and (code in contents or not contents & set(codes))
        ]
        return max(whole or codes, key=lambda code: (code[:2] == spoken, code == "en", count[code], code))

    def _spoken(self) -> str | None:
        readme = self._pages.find(PurePosixPath(), "README")
        return vocabulary().language_of(self._pages.text(readme) or "") if readme else None

    def _closed(self, folder: Folder, parent: Folder) -> Verdict | None:
        """Why nothing in a folder is a lesson; None if something may be."""
        shown = folder.path.as_posix()
        if is_language(folder.path.name):
            names = {_shape(path.relative_to(folder.path)) for path in folder.below()}
            beside = {
                _shape(path.relative_to(parent.path)) for path in parent.below() if not path.is_relative_to(folder.path)
            }
            rivals = [other for other in parent.folders if is_language(other.path.name)]
            is_original = fold(folder.path.name) == self._original or len(rivals) == 1
            if not is_original or len(names & beside) * 2 > len(names):
                return Verdict("translation", f"in `{shown}`, a translation of what lies beside it")
            return None
        role = folder.name.role
        if role and not (is_container(folder.path.name) and role != "blog"):
            return Verdict(role, f"in `{shown}`, a folder of that name holds no lessons ({role})")
        return None

    # Lessons by the shape of the folder.

    def _scan(self, folder: Folder, *, inside: bool, module: PurePosixPath | None) -> list[_Found]:
        named: list[_Found] = []
        plain: list[_Found] = []
        for child in folder.folders:
            closed = self._closed(child, folder)
            if closed:
                self.verdicts.update((path, closed) for path in child.below() if path not in self._taken)
                continue
            is_part = self._is_placed(child.name, [f.name for f in folder.folders]) or is_container(child.path.name)
            is_part = is_part or self._has_position(child)
            passes = is_container(child.path.name) or is_weak_container(child.path.name) or is_language(child.path.name)
            found = self._scan(
                child,
                inside=inside or is_part or (is_language(child.path.name) and inside),
                module=module if passes else child.path,
            )
            main = self._main(child)
            if main is not None and self._is_lesson_folder(folder, child, main, found, inside=inside):
                found = [
                    _Found(
                        main,
                        child.path,
                        module,
                        self._why_folder(child),
                        bool(child.name.word) or _is_named_place(folder.path),
                    )
                ]
                self._owns[main] = child.path
            (named if is_part or passes else plain).extend(found)
        own = self._lesson_pages(folder, inside=inside, module=module, has_parts=bool(named))
        return [*own, *named, *([] if named or (own and not inside) else plain)]

    def _is_placed(self, name: Name, beside: Iterable[Name]) -> bool:
        """Whether a name gives a place in a series; one letter and a number do beside another such name."""
        if name.weak:
            return sum(other.weak and other.text[:1].casefold() == name.text[:1].casefold() for other in beside) > 1
        if name.bonus and not name.numbers:
            return any(other.numbers for other in beside)
        return name.is_placed

    def _lesson_pages(
        self, folder: Folder, *, inside: bool, module: PurePosixPath | None, has_parts: bool
    ) -> list[_Found]:
        pages = self._candidates(folder)
        names = {page: read_name(page.stem) for page in pages}
        placed = [page for page in pages if self._is_placed(names[page], names.values())]
        found = []
        for page in pages:
            why = self._why_page(folder, page, names[page], placed, inside=inside, has_parts=has_parts)
            if why is not None:
                is_named = bool(names[page].word) or why.startswith("its heading") or _is_named_place(folder.path)
                found.append(_Found(page, None, module, why, is_named))
            elif inside and not is_weak_container(folder.path.name) and page not in self.verdicts:
                self.strays.append(page)
        return found

    def _candidates(self, folder: Folder) -> list[PurePosixPath]:
        """Pages that their names do not make something else."""
        pages = []
        stems = {page.stem.casefold() for page in folder.pages}
        best: dict[str, int] = {}
        for page in folder.pages:
            best[page.stem] = min(_suffix_rank(page), best.get(page.stem, len(PAGE_SUFFIXES)))
        for page in folder.pages:
            name = read_name(page.stem)
            base, _, tail = page.stem.rpartition(".") if "." in page.stem else page.stem.rpartition("_")
            if page in self._taken:
                continue
            if base and is_language(tail) and base.casefold() in stems:
                self.verdicts[page] = Verdict("translation", f"`{tail}` is the language of a translation of `{base}`")
            elif name.role and not self._listed(page) and not self._fills_a_place(folder, page, name):
                self.verdicts[page] = Verdict(name.role, f"its name says {name.role}")
            elif _index_rank(page) < len(_ROOT_STEMS):
                self.verdicts[page] = Verdict("index", "introduces its folder")
            elif look_alike(name.rest) == "reference" and name.numbers and self._head(page).size < _FEW_CHARACTERS:
                self.verdicts[page] = Verdict("reference", "its name says reference, and there is hardly a text")
            elif best[page.stem] < _suffix_rank(page):
                self.verdicts[page] = Verdict("copy", "the same page in another format lies beside it")
            else:
                pages.append(page)
        return pages

    def _fills_a_place(self, folder: Folder, page: PurePosixPath, name: Name) -> bool:
        """Whether `lesson-2.4-exercise` is the fourth lesson: it is called a lesson, and no other has its number."""
        if not name.numbers or name.word not in {LESSON, EITHER}:
            return False
        others = (read_name(other.stem) for other in folder.pages if other.stem != page.stem)
        return not any((other.numbers, other.letter) == (name.numbers, name.letter) for other in others)

    def _why_page(
        self,
        folder: Folder,
        page: PurePosixPath,
        name: Name,
        placed: list[PurePosixPath],
        *,
        inside: bool,
        has_parts: bool,
    ) -> str | None:
        """The evidence that a page is a lesson, or None."""
        if self._listed(page):
            return "the curriculum lists it"
        if page in placed:
            return self._why_placed(folder, page, name, is_series=len(placed) > 1 or inside)
        if not inside and folder.path.parts and not is_weak_container(folder.path.name):
            return None
        head = self._head(page)
        if _LESSON_KEYS & head.head.keys():
            return "its frontmatter calls it a lesson"
        if head.number is not None and names_lesson(head.heading):
            return "its heading calls it a lesson"
        why, strict = None, False
        if head.order is not None and inside and folder.path.parts:
            why = "its frontmatter gives it a place"
        elif not placed and self._is_lesson_place(folder, inside=inside, has_parts=has_parts):
            why, strict = f"it lies in `{folder.path}`, which is named for lessons", True
        return self._unless_heading(page, why, strict=strict) if why else None

    def _why_placed(self, folder: Folder, page: PurePosixPath, name: Name, *, is_series: bool) -> str | None:
        if name.day is not None:
            in_class = any(is_container(part) for part in folder.path.parts)
            is_note = is_series and not name.rest.strip("-_ ")
            return self._unless_heading(page, "it is named by the date of a class") if is_note or in_class else None
        if not is_series and not (name.word and name.numbers):
            return "its heading calls it a lesson" if names_lesson(self._head(page).heading) else None
        why = "its name gives it a place in a series"
        return why if name.role else self._unless_heading(page, why)

    def _is_lesson_place(self, folder: Folder, *, inside: bool, has_parts: bool) -> bool:
        """Whether pages without a place of their own are lessons where they lie."""
        named = is_container(folder.path.name)
        return (named and not has_parts) or (inside and not named and self._is_module(folder))

    def _is_module(self, folder: Folder) -> bool:
        name = folder.name
        parent = folder.path.parent.name
        return name.is_placed or name.word is not None or holds_modules(parent) or self._has_position(folder)

    def _has_position(self, folder: Folder) -> bool:
        """Whether the site places a folder among its neighbours."""
        if any(path.name.startswith("_category_.") for path in folder.files):
            return True
        return any(page.stem == "_index" and self._head(page).order is not None for page in folder.pages)

    def _unless_heading(self, page: PurePosixPath, why: str, *, strict: bool = False) -> str | None:
        head = self._head(page)
        shown = head.title if head.head.get("title") else head.heading if head.is_top else ""
        role = look_alike(shown, numbered=None if strict else 1) if shown else None
        if role:
            self.verdicts[page] = Verdict(role, f"its heading says {role}: {head.heading[:80]}")
            return None
        if not head.heading and not head.head and head.size < len("texto"):
            self.verdicts[page] = Verdict("empty", "there is nothing in it")
            return None
        return why

    def _main(self, folder: Folder) -> PurePosixPath | None:
        """The page of a folder that is its text."""
        ranked = sorted((rank, page) for page in folder.pages if (rank := self._main_rank(folder, page)) is not None)
        if ranked:
            return ranked[0][1]
        own = [page for page in folder.pages if not read_name(page.stem).role and page not in self._taken]
        if len({page.stem for page in own}) != 1:
            return None
        name = read_name(own[0].stem)
        is_lesson_of_module = name.is_placed and (folder.name.word == MODULE or name.numbers != folder.name.numbers)
        return None if is_lesson_of_module else own[0]

    def _main_rank(self, folder: Folder, page: PurePosixPath) -> tuple[int, int] | None:
        stem = fold(page.stem)
        suffix = _suffix_rank(page)
        if page in self._taken:
            return None
        if self._listed(page):
            return 0, suffix
        if stem in _LESSON_STEMS:
            return 1, suffix
        if tokens(read_name(page.stem).rest) == tokens(folder.name.rest) != [] and page.suffix.casefold() in _PROSE:
            return 2, suffix
        if stem in _CONTENT_STEMS:
            return 3, suffix
        return (4 + _INDEX_STEMS.index(stem), suffix) if stem in _INDEX_STEMS[:5] else None

    def _is_lesson_folder(
        self, parent: Folder, folder: Folder, main: PurePosixPath, inner: list[_Found], *, inside: bool
    ) -> bool:
        name, stem = folder.name, fold(main.stem)
        is_index = stem in _INDEX_STEMS
        beside = [f.name for f in parent.folders]
        is_placed = self._is_placed(name, beside)
        if not is_placed:
            is_text = stem in _LESSON_STEMS | _CONTENT_STEMS or is_container(parent.path.name)
            if inner or not is_text or not (is_container(parent.path.name) or inside):
                return False
        elif not inside and not name.word and sum(self._is_placed(other, beside) for other in beside) == 1:
            return False
        others = [f for f in inner if f.page != main]
        placed = [f for f in others if f.own or self._is_placed(read_name(f.page.stem), [])]
        if len(placed) > 1 or (placed and name.word == MODULE):
            return False
        prose = [
            page
            for page in folder.pages
            if page != main
            and not read_name(page.stem).role
            and fold(page.stem) not in _INDEX_STEMS
            and page.stem != main.stem
        ]
        if not is_index or not prose:
            return True
        if name.word == MODULE:
            return False
        text = self._pages.text(main) or ""
        mentioned = sum(page.name in text or page.stem in text for page in prose)
        return not (len(prose) > 1 and (mentioned * 2 >= len(prose) or self._head(main).size < _FEW_CHARACTERS))

    @staticmethod
    def _why_folder(folder: Folder) -> str:
        return (
            f"the text of `{folder.path.name}`, a folder with a place in a series"
            if folder.name.is_placed
            else (f"the text of `{folder.path.name}`, a folder among lessons")
        )

    def named_by(self, page: PurePosixPath) -> str:
        """The name that tells about a lesson: its folder's, where the folder is the lesson."""
        own = self._owns.get(page)
        return own.name if own is not None else page.stem

    # Order and modules by the shape of the folder.

    def number(self, page: PurePosixPath) -> LessonNumber:
        """Where a lesson's own name and heading place it; the name counts first: it is what the author sorts by."""
        own = self._owns.get(page)
        name = read_name(own.name, folder=True) if own else read_name(page.stem)
        named = name.number or LessonNumber()
        if own and name.word == MODULE and name.numbers:
            named = LessonNumber(lesson=name.numbers[0])
        if named.is_pair or named.bonus:
            return named
        head = self._head(page)
        if head.number and (head.number.is_pair or head.number.bonus) and name.word is None and not name.day:
            return head.number
        lesson = named.lesson if named.lesson is not None else (head.number.lesson if head.number else None)
        return LessonNumber(lesson=lesson, letter=named.letter)

    def _by_shape(self, found: list[_Found]) -> list[Group]:
        if not found:
            return []
        for one in found:
            self._ranks[one.page] = self._rank(one)
        modules = {one.module for one in found}
        if len(modules) == 1:
            (only,) = modules
            is_wrapper = only is not None and not self._is_part(only) and not holds_modules(only.parent.name)
            if is_wrapper:
                found = [_Found(f.page, f.own, None, f.why, f.is_named) for f in found]
        keys = self._keys(found)
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
            group.pages.append(one.page)
        return list(groups.values())

    def _is_part(self, path: PurePosixPath) -> bool:
        name = read_name(path.name, folder=True)
        return name.is_placed or name.word is not None

    def _keys(self, found: list[_Found]) -> dict[PurePosixPath, str | None]:
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

    def _name(self, group: Group, one: _Found) -> None:
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
        group.title, group.is_stated, group.has_words = label or shown or None, label is not None, bool(label or shown)
        if group.title is None:
            group.title = _bare_title(name)
        index = [page for page in folder.pages if _index_rank(page) < len(_ROOT_STEMS) and page not in self._owns]
        group.overview = min(index, key=_index_rank, default=None)

    def _rank(self, one: _Found) -> tuple[int, ...]:
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
                key |= self._linked_order(folder, children)
        ranked = sorted(children, key=lambda child: (key[child], _natural(child.name)))
        return {child: index for index, child in enumerate(ranked)}

    def _stated_order(self, child: PurePosixPath) -> float | None:
        folder = self._folders.get(child)
        if folder is None:
            return self._head(child).order
        position = self._category(folder, "position")
        if position is not None:
            return float(position) if re.fullmatch(r"-?\d{1,6}(?:\.\d+)?", position) else None
        index = [page for page in folder.pages if _index_rank(page) < len(_ROOT_STEMS)]
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
        for page in sorted(
            (p for p in known if _index_rank(p) < len(_ROOT_STEMS) or "moc" in tokens(p.stem)), key=_index_rank
        ):
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

    def _own_order(self, one: _Found) -> tuple[object, ...]:
        number = self.number(one.page)
        if number.lesson is not None and self._stated_order(one.own or one.page) is None:
            return (number.bonus, number.lesson, number.letter, self._ranks[one.page], one.page.as_posix())
        return (number.bonus, 10_000, "", self._ranks[one.page], one.page.as_posix())

    def _category(self, folder: Folder, key: str) -> str | None:
        for name in ("_category_.json", "_category_.yml", "_category_.yaml"):
            path = folder.path / name
            text = self._pages.text(path) if path in folder.files else None
            if text and (
                found := re.search(rf"[\"']?\b{key}\b[\"']?\s*:\s*(?:\"([^\"\n]*)\"|'([^'\n]*)'|([^,\n}}]+))", text)
            ):
                value = next(part for part in found.groups() if part is not None).strip()
                bare = read_name(value, folder=True)
                return value if key != "label" else (bare.title if bare.numbers and bare.title else value)
        return None

    # A table of contents.

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
            _THIS_COURSE.search(fold((self._pages.text(page) or "")[:_FEW_CHARACTERS])) for page in pages
        )

    def _root_pages(self) -> list[PurePosixPath]:
        """The pages that introduce the whole."""
        stores = [self.root]
        for folder in stores:  # `content/docs` only keeps what is the site's
            stores += [child for child in folder.folders if is_weak_container(child.path.name)]
        own = [page for folder in stores for page in folder.pages]
        return [page for page in own if _index_rank(page) < len(_ROOT_STEMS)]

    def _sections(self, contents: Contents) -> list[tuple[Entry | None, list[Entry]]]:
        """Sections with their pages, loose pages among them; sections that hold only sections are opened."""
        entries = list(contents.entries)
        while len(entries) == 1 and entries[0].children:
            entries = list(entries[0].children)
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
                entry.path is None
                and len(inner) == len(entry.children)
                and len(placed) > 1
                and not self._is_part(PurePosixPath(entry.title.replace("/", " ")))
            )
            sections += [(child, list(child.pages)) for child in inner] if wraps else [(entry, list(entry.pages))]
        return sections

    def _chosen(self, contents: Contents) -> list[tuple[Entry | None, list[Entry]]]:
        """Sections of lessons: without what is about the course, and without exercises, quizzes and indexes."""
        chosen: list[tuple[Entry | None, list[Entry]]] = []
        seen: set[PurePosixPath] = set()
        for section, pages in self._sections(contents):
            if section is not None and look_alike(section.title) in _SECTIONS_ASIDE | {"about"}:
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

    def _aside(self, section: Entry | None, page: Entry) -> Verdict | None:
        path = page.path or PurePosixPath()
        for words in (page.title, path.stem):
            name = read_name(words)
            role = look_alike(name.rest or words, numbered=1)
            if role:
                return Verdict(role, f"`{words}` in the table of contents says {role}")
        loose = section is None or not section.title
        named = read_name(path.stem)
        if loose and (look_alike(page.title) in _SECTIONS_ASIDE or (not named.is_placed and named.role)):
            return Verdict("index", "introduces the site")
        if section is not None and fold(path.stem) in {"index", "readme", "_index"}:
            is_intro = look_alike(page.title) == "index" or fold(page.title) in {
                "visao geral",
                "vision general",
                "resumen",
                "",
            }
            if section.path != path and is_intro:
                return Verdict("module", "the opening page of a section")
            if self._head(path).size < _FEW_CHARACTERS // 2:
                return Verdict("module", "the opening page of a section: it only leads on")
        if path.suffix.casefold() in PAGE_SUFFIXES and not self._head(path).size and not self._head(path).head:
            return Verdict("empty", "there is nothing in it")
        return None

    def _by_contents(self, contents: Contents) -> list[Group]:
        groups: list[Group] = []
        sections = self._chosen(contents)
        are_chapters = all(section is None or section.path is not None for section, _ in sections)
        named = [section for section, pages in sections if section is not None]
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

    def _overview(self, section: Entry, own: list[PurePosixPath]) -> PurePosixPath | None:
        for page in section.pages:
            if (
                page.path is not None
                and page.path not in own
                and self.verdicts.get(page.path, Verdict("", "")).role == "module"
            ):
                return page.path
        return None

    def _by_links(self) -> list[Group]:
        """Where nothing else tells: the pages that a README or a map of notes links to, if it speaks of a course."""
        maps = [page for page in self.root.pages if read_name(page.stem).role == "index"]
        for page in sorted(maps, key=_index_rank):
            contents = linked(self._pages, page)
            if contents is None or not speaks_of_a_course(self._head(page).heading):
                continue
            own = {
                path for path, verdict in self.verdicts.items() if verdict.role != "index" or fold(path.stem) != "intro"
            }
            sections = [(s, [p for p in pages if p.path not in own]) for s, pages in self._chosen(contents)]
            if sum(len(pages) for _, pages in sections) > 2:  # noqa: PLR2004
                self.book = Contents(page, None, contents.entries)
                return self._by_contents(self.book)
        return []

    # Why.

    def _explain(self, found: list[_Found]) -> None:
        lessons = set(self.lessons)
        reasons = {one.page: one.why for one in found}
        for page in lessons:
            why = f"`{self.book.source}` lists it" if self.book else reasons[page]
            self.verdicts[page] = Verdict("lesson", why)
        for group in self.groups:
            if group.overview is not None:
                self.verdicts[group.overview] = Verdict("module", f"describes the module {group.title or group.key}")
        for one in found:
            if one.page not in lessons:
                self.verdicts[one.page] = Verdict(
                    "document", f"{one.why}, but lies outside of the lessons of the course"
                )
        self.strays = [page for page in self.strays if page not in lessons and page not in self.verdicts]
        for contents in self._contents:
            self.verdicts.setdefault(contents.source, Verdict("contents", "states the title or the order of a site"))
        for path in self.root.below():
            if path in self.strays:
                self.verdicts[path] = Verdict("document", "lies among the lessons, but nothing calls it one")
            elif path not in self.verdicts and path.suffix.casefold() in PAGE_SUFFIXES:
                self.verdicts[path] = Verdict(
                    "document", "nothing makes it a lesson: no place in a series, no word for one"
                )


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


def _is_named_place(path: PurePosixPath) -> bool:
    """Whether a folder on the way is named for lessons, modules, weeks or the like."""
    return any(is_container(part) or read_name(part, folder=True).word is not None for part in path.parts)


def _bare_title(name: Name) -> str | None:
    """`Módulo 2` of `modulo-02`; None where there is only a number."""
    found = re.match(r"^\W*([^\W\d_]+)[-_. #]*0*(\d+)\W*$", name.text)
    if not found:
        plain = Name("", rest=name.text).title
        return plain if any(map(str.isalpha, plain)) else None
    word = _SPELLED_OUT.get(fold(found[1]), found[1])
    return f"{word[:1].upper()}{word[1:]} {found[2]}"


def tokens_key(text: str) -> str:
    """A title as a part of a slug."""
    return "-".join(tokens(text)) or "modulo"


def _walk(folder: Folder) -> Iterator[Folder]:
    yield folder
    for child in folder.folders:
        yield from _walk(child)


def _common(paths: list[PurePosixPath]) -> PurePosixPath:
    shared = list(paths[0].parts)
    for path in paths[1:]:
        while shared and path.parts[: len(shared)] != tuple(shared):
            shared.pop()
    return PurePosixPath(*shared)


def _index_rank(page: PurePosixPath) -> int:
    stem = fold(page.stem).replace("-", "").replace(" ", "")
    return _ROOT_STEMS.index(stem) if stem in _ROOT_STEMS else len(_ROOT_STEMS)


def _suffix_rank(page: PurePosixPath) -> int:
    suffix = page.suffix.casefold()
    return PAGE_SUFFIXES.index(suffix) if suffix in PAGE_SUFFIXES else len(PAGE_SUFFIXES)


def _shape(path: PurePosixPath) -> str:
    return fold(path.as_posix())


def _is_first(place: tuple[float, ...]) -> bool:
    return place[0] == 0


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    parts = re.findall(r"\d{1,9}|\D+", fold(name))
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)


__all__ = ["EITHER", "LESSON", "Folder", "Group", "Layout", "Verdict"]
