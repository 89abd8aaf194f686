"""Course folders inside whatever folder was given."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from generators.errors import GeneratorError, NotACourse, UnreadableFile
from generators.reading.course.documents import brief_candidates, curriculum_candidates
from generators.reading.course.folders import Folder, Verdict, folders_of, kinds_seen
from generators.reading.course.layout import Layout
from generators.reading.course.page import LessonHead, read_head, read_page
from generators.reading.course.tree import files_below
from generators.reading.course.words import is_container, is_language, is_weak_container
from generators.reading.text import TextFile, must_exist

MAX_CONTAINER_DEPTH = 4
_NEAR = 3
_SITES = frozenset({
    "mkdocs.yml", "mkdocs.yaml", "book.toml", "_toc.yml", "_toctree.yml", "myst.yml", "_quarto.yml",
    "_bookdown.yml", "summary.md", "docusaurus.config.js", "docusaurus.config.ts", "sidebars.js", "sidebars.ts",
    "hugo.toml", "config.toml", "config.yaml", "_config.yml",
})  # fmt: skip


def find_courses(folder: Path) -> list[Path]:
    """Course folders at or below a folder, sorted.

    A folder is a course if it holds a brief or a curriculum, or pages that are lessons. What lies below a course
    belongs to it.

    Raises:
        MissingPath: there is no such folder.
        NotACourse: neither it nor anything below is a course.
        UnreadableFile: it cannot be listed.
    """
    must_exist(folder)
    if not folder.is_dir():
        raise UnreadableFile(folder, "is a file, not a course folder; give the folder")
    # Resolved: a link given on the command line is meant, and "." has a name only then.
    search = _Search(folder.resolve())
    found = search.courses(folders_of(search.files), 0)
    if not found:
        raise NotACourse(folder, f"holds no course: {search.seen()}; give a course folder or one that holds some")
    return sorted(folder.resolve() / path for path in found)


def explain_folder(folder: Path) -> dict[PurePosixPath, Verdict]:
    """What every text file below a folder is and why, whether or not they make a course."""
    search = _Search(folder.resolve())
    verdicts = search.layout(folders_of(search.files)).verdicts
    other = Verdict("other", "not written as a page of a course")
    return {path: verdicts.get(path, other) for path in search.files}


def is_course(folder: Path) -> bool:
    """Whether a folder itself is a course."""
    search = _Search(folder.resolve())
    return search.courses(folders_of(search.files), 0) == [PurePosixPath()]


class _Search:
    """Looks for courses in a tree of which it reads what it needs."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.files = files_below(root)
        self._texts: dict[PurePosixPath, TextFile | None] = {}
        self._heads: dict[PurePosixPath, LessonHead] = {}

    def seen(self) -> str:
        """What was there instead of a course."""
        if not self.files:
            return "no text file is in it"
        layout = self.layout(folders_of(self.files))
        if layout.lessons:
            first = layout.lessons[0]
            return f"{len(layout.lessons)} pages look like lessons ({first}), too few or too bare to be a course"
        other = Verdict("other", "")
        seen = kinds_seen(layout.verdicts.get(path, other) for path in self.files)
        return f"no brief, no curriculum, and none of its {len(self.files)} text files is a lesson ({seen})"

    def courses(self, folder: Folder, depth: int) -> list[PurePosixPath]:
        if _declares(folder):
            return [folder.path]
        layout = self.layout(folder)
        if self._is_whole(folder, layout):
            return [folder.path]
        if depth >= MAX_CONTAINER_DEPTH:
            return []
        inside = [child for child in folder.folders if not _is_closed(child) and not _is_store(child)]
        below = [course for child in inside for course in self.courses(child, depth + 1)]
        declared = any(_declares(place) for child in inside for place in _down(child, MAX_CONTAINER_DEPTH - depth))
        if not declared and layout.is_plausible and len(below) < 2 and _introduced(folder):  # noqa: PLR2004
            return [folder.path]
        return below

    def _is_whole(self, folder: Folder, layout: Layout) -> bool:
        """Whether the lessons below a folder are one course that begins here."""
        if not layout.is_plausible or any(_declares(place) for child in folder.folders for place in _down(child, 3)):
            return layout.is_plausible and _holds_directly(layout)
        if layout.book is not None or any(path.name.casefold() in _SITES for path in folder.files):
            return True
        if _holds_directly(layout):
            return True
        tops = {folder.path / page.parts[0] for page in layout.lessons}
        children = [child for child in folder.folders if child.path in tops]
        introduced = _introduced(folder)
        if not introduced and any(self._is_like_a_course(child) for child in children):
            return False
        if all(_is_part(child) for child in children):
            return True
        direct = all(
            any(len(page.parts) <= _NEAR and page.parts[0] == child.path.name for page in layout.lessons)
            for child in children
        )
        return (
            introduced
            and len(children) > 1
            and direct
            and not any(_introduced(child) and self._has_own_container(child) for child in children)
        )

    def _is_like_a_course(self, child: Folder) -> bool:
        """Whether a child holds lessons in a folder for them, and is itself no part of anything."""
        own = child.path.name
        is_place = is_container(own) or is_weak_container(own) or is_language(own)
        return not is_place and child.name.word is None and self._has_own_container(child)

    def _has_own_container(self, folder: Folder) -> bool:
        return any(is_container(child.path.name) and child.name.number is None for child in folder.folders)

    def layout(self, folder: Folder) -> Layout:
        base = folder.path
        files = [path.relative_to(base) for path in folder.below()]

        def head(path: PurePosixPath) -> LessonHead:
            return self._head(base / path)

        def text(path: PurePosixPath) -> str | None:
            file = self._file(base / path)
            return file.text if file else None

        return Layout(files, head, text)

    def _file(self, path: PurePosixPath) -> TextFile | None:
        if path not in self._texts:
            try:
                self._texts[path] = read_page(self._root / path)
            except GeneratorError:
                self._texts[path] = None
        return self._texts[path]

    def _head(self, path: PurePosixPath) -> LessonHead:
        if path not in self._heads:
            self._heads[path] = read_head(self._file(path) or _nothing(self._root / path))
        return self._heads[path]


def _nothing(path: Path) -> TextFile:
    return TextFile(path=path, text="", sha256="", encoding="utf-8", newline="none", size_bytes=0)


def _holds_directly(layout: Layout) -> bool:
    return any(len(page.parts) == 1 for page in layout.lessons)


def _declares(folder: Folder) -> bool:
    """Whether a folder holds a brief or a curriculum of its own."""
    names = tuple(PurePosixPath(path.name) for path in folder.files)
    return bool(brief_candidates(names) or curriculum_candidates(names))


def _introduced(folder: Folder) -> bool:
    return any(path.stem.casefold() in {"readme", "leiame", "leeme", "index"} for path in folder.pages)


def _is_store(folder: Folder) -> bool:
    """Whether a folder only holds the texts of what lies above it: `docs` is no course of its own."""
    return is_weak_container(folder.path.name) and not any(map(_declares, _down(folder, _NEAR)))


def _is_closed(folder: Folder) -> bool:
    """Whether nothing in a folder is a course: it is kept for something else, and states no course itself."""
    role = folder.name.role
    aside = {"template", "theme", "example", "test", "translation", "draft"}
    return role is not None and not is_container(folder.path.name) and (role in aside or not _declares(folder))


def _is_part(folder: Folder) -> bool:
    """Whether a folder is a part of what lies above it rather than a thing of its own."""
    name = folder.name
    own = folder.path.name
    return name.is_placed or name.word is not None or is_container(own) or is_weak_container(own) or is_language(own)


def _down(folder: Folder, depth: int) -> Iterable[Folder]:
    """A folder and those below that are not closed."""
    if _is_closed(folder):
        return
    yield folder
    if depth > 1:
        for child in folder.folders:
            yield from _down(child, depth - 1)
