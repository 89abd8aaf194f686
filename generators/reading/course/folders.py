"""The folder as every judgement sees it: files, folders, the tops of pages, and what is known of them so far."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from generators.languages import fold
from generators.reading.course.contents import Contents, Pages
from generators.reading.course.name import LessonNumber, Name, read_name
from generators.reading.course.page import LessonHead
from generators.reading.course.tree import PAGE_SUFFIXES
from generators.reading.course.words import MODULE, is_container, is_weak_container

INDEX_STEMS = ("readme", "leiame", "leeme", "index", "_index", "intro", "overview")
ROOT_STEMS = ("readme", "index", "_index", "leiame", "leeme", "intro")
FEW_CHARACTERS = 500


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


@dataclass(frozen=True, slots=True)
class Found:
    """A page that the shape of the folder makes a lesson."""

    page: PurePosixPath
    own: PurePosixPath | None
    module: PurePosixPath | None
    why: str
    is_named: bool


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


class Seen:
    """What is asked of a folder by whoever judges it.

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
        self.maps: dict[PurePosixPath, PurePosixPath] = {}
        self.book: Contents | None = None
        self.groups: list[Group] = []
        self._head = head
        self._listed = listed
        self._taken = set(taken)
        self._paths = sorted(files)
        self.root = folders_of(self._paths)
        self._pages = Pages(self._paths, text)
        self._folders = {folder.path: folder for folder in walk(self.root)}
        self._owns: dict[PurePosixPath, PurePosixPath] = {}
        self._original: str | None = None

    @property
    def lessons(self) -> list[PurePosixPath]:
        """Every lesson in order."""
        return [page for group in self.groups for page in group.pages]

    def _root_pages(self) -> list[PurePosixPath]:
        """The pages that introduce the whole."""
        stores = [self.root]
        for folder in stores:  # `content/docs` only keeps what is the site's
            stores += [child for child in folder.folders if is_weak_container(child.path.name)]
        own = [page for folder in stores for page in folder.pages]
        return [page for page in own if index_rank(page) < len(ROOT_STEMS)]

    def named_by(self, page: PurePosixPath) -> str:
        """The name that tells about a lesson: its folder's, where the folder is the lesson."""
        own = self._owns.get(page)
        return own.name if own is not None else page.stem

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

    def _is_placed(self, name: Name, beside: Iterable[Name]) -> bool:
        """Whether a name gives a place in a series; one letter and a number do beside another such name."""
        if name.weak:
            return sum(other.weak and _mark(other) == _mark(name) for other in beside) > 1
        if name.bonus and not name.numbers:
            return any(other.numbers for other in beside)
        return name.is_placed

    def _is_part(self, path: PurePosixPath) -> bool:
        name = read_name(path.name, folder=True)
        return name.is_placed or name.word is not None

    def _has_position(self, folder: Folder) -> bool:
        """Whether the site places a folder among its neighbours."""
        if any(path.name.startswith("_category_.") for path in folder.files):
            return True
        return any(page.stem == "_index" and self._head(page).order is not None for page in folder.pages)

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


def _mark(name: Name) -> str:
    """What names of one kind begin with: their letter, or a digit."""
    first = name.text[:1].casefold()
    return "0" if first.isdigit() else first


def is_named_place(path: PurePosixPath) -> bool:
    """Whether a folder on the way is named for lessons, modules, weeks or the like."""
    return any(is_container(part) or read_name(part, folder=True).word is not None for part in path.parts)


def walk(folder: Folder) -> Iterator[Folder]:
    yield folder
    for child in folder.folders:
        yield from walk(child)


def common(paths: list[PurePosixPath]) -> PurePosixPath:
    shared = list(paths[0].parts)
    for path in paths[1:]:
        while shared and path.parts[: len(shared)] != tuple(shared):
            shared.pop()
    return PurePosixPath(*shared)


def index_rank(page: PurePosixPath) -> int:
    stem = fold(page.stem).replace("-", "").replace(" ", "")
    return ROOT_STEMS.index(stem) if stem in ROOT_STEMS else len(ROOT_STEMS)


def suffix_rank(page: PurePosixPath) -> int:
    suffix = page.suffix.casefold()
    return PAGE_SUFFIXES.index(suffix) if suffix in PAGE_SUFFIXES else len(PAGE_SUFFIXES)
