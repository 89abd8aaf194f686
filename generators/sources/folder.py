"""Which files are the sources of a course: what its author laid beside the brief, or named with `--sources`."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from generators.errors import GeneratorError, MissingPath
from generators.reading.text import read_text_file
from generators.sources.documents import SUFFIXES as DOCUMENTS
from generators.sources.documents import document_blocks
from generators.sources.passages import (
    Block,
    Passage,
    html_blocks,
    is_timed,
    markdown_blocks,
    notebook_blocks,
    passages_of,
    spoken_blocks,
    timed_blocks,
)

_READERS: dict[str, Callable[[str], Iterator[Block]]] = {
    ".md": markdown_blocks,
    ".markdown": markdown_blocks,
    ".mdx": markdown_blocks,
    ".txt": spoken_blocks,
    ".vtt": timed_blocks,
    ".srt": timed_blocks,
    ".html": html_blocks,
    ".htm": html_blocks,
    ".ipynb": notebook_blocks,
}
SUFFIXES = frozenset({*_READERS, *DOCUMENTS})
# What a generator writes into a course's folder says nothing that its author had not said.
MADE_FOLDERS = frozenset({"lessons", "assessments", "cards"})
MADE_FILES = frozenset({"curriculum.yaml", "course-outline.md", "course-brief.md"})
MOST_FILES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What was read.

    Attributes:
        passages: of all files, in the order of their names.
        skipped: files that could not be read, each as a line for the author.
    """

    passages: tuple[Passage, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def files(self) -> int:
        return len({passage.source for passage in self.passages})


def read_sources(folder: Path | None, given: Iterable[Path] = (), *, leave_out: Iterable[Path] = ()) -> Sources:
    """Read the sources of a course.

    Args:
        folder: the course's folder; what a generator made in it is left out. It need not exist.
        given: files and folders named by the author; all that can be read in them is a source.
        leave_out: files that are no source although they lie there, such as the brief.

    Raises:
        MissingPath: a given path does not exist.
        GeneratorError: there are too many files to be the sources of one course.
    """
    read = {path.resolve() for path in leave_out}
    passages: list[Passage] = []
    skipped: list[str] = []
    seen: set[str] = set()
    for path, name in sorted(_found(folder, given).items(), key=lambda pair: pair[1]):
        real = path.resolve()
        if real in read:
            continue
        read.add(real)
        try:
            blocks = list(_blocks(path))
        except GeneratorError as exc:
            skipped.append(str(exc))
            continue
        for passage in passages_of(name, blocks):
            same = " ".join(passage.text.casefold().split())
            if same not in seen:  # the same note twice, or a navigation line on every page
                seen.add(same)
                passages.append(passage)
    return Sources(passages=tuple(passages), skipped=tuple(skipped))


def _found(folder: Path | None, given: Iterable[Path]) -> dict[Path, str]:
    """Every file that may be a source, with the name that it is cited by."""
    found: dict[Path, str] = {}
    if folder is not None and folder.is_dir():
        found |= {folder / relative: relative.as_posix() for relative in _files(folder, made=True)}
    for path in given:
        if path.is_file():
            found.setdefault(path, path.name)
        elif path.exists():
            for relative in _files(path, made=False):
                found.setdefault(path / relative, (PurePosixPath(path.name) / relative).as_posix())
        else:
            raise MissingPath(path)
    return found


def _blocks(path: Path) -> Iterator[Block]:
    suffix = path.suffix.casefold()
    if suffix in DOCUMENTS:
        return document_blocks(path)
    text = read_text_file(path).text
    return timed_blocks(text) if is_timed(text) else _READERS[suffix](text)


def _files(folder: Path, *, made: bool) -> Iterator[PurePosixPath]:
    """The readable files below a folder; hidden ones and, if `made`, those that a generator wrote are left out."""
    count = 0
    for here, folders, names in os.walk(folder):
        below = PurePosixPath(Path(here).relative_to(folder).as_posix())
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith((".", "_")) and not (made and below == PurePosixPath() and name in MADE_FOLDERS)
        )
        for name in sorted(names):
            relative = below / name
            if name.startswith((".", "~")) or relative.suffix.casefold() not in SUFFIXES:
                continue
            if made and below == PurePosixPath() and name.casefold() in MADE_FILES:
                continue
            count += 1
            if count > MOST_FILES:
                raise GeneratorError(f"{folder}: more than {MOST_FILES} files; give the sources of one course")
            yield relative
