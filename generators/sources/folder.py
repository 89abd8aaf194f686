"""Which files are the sources of a course: what its author laid beside the brief, or named with `--sources`."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath

from generators.errors import GeneratorError, MissingPath, UnreadableFile
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
    sentences_of,
    spoken_blocks,
    timed_blocks,
)
from generators.sources.spoken import foreign_share

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
_PLAIN = frozenset({".md", ".markdown", ".mdx", ".txt", ".html", ".htm"})
SUFFIXES = frozenset({*_READERS, *DOCUMENTS})
# What a generator writes into a course's folder says nothing that its author had not said.
MADE_FOLDERS = frozenset({"lessons", "assessments", "cards"})
MADE_FILES = frozenset({"curriculum.yaml", "course-outline.md", "course-brief.md"})
MOST_FILES = 2_000
HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What was read.

    Attributes:
        passages: of all files, in the order of their names.
        skipped: files that could not be read, each as a line for the author.
    """

    passages: tuple[Passage, ...] = ()
    skipped: tuple[str, ...] = ()

    def spoken_in(self, language: str) -> "Sources":
        """Without what is in another language; what is left out is told.

        A file of which most is foreign is left out as a whole: its short lines are in no other language.
        """
        by_file: dict[str, list[Passage]] = {}
        for passage in self.passages:
            by_file.setdefault(passage.source, []).append(passage)
        kept: list[Passage] = []
        told: list[str] = []
        for name, own in by_file.items():
            said = [[] if passage.kind == "code" else _sentences(passage) for passage in own]
            as_a_whole = foreign_share(list(chain.from_iterable(said)), language) > HALF
            left = [
                passage
                for passage, sentences in zip(own, said, strict=True)
                if not as_a_whole and foreign_share(sentences, language) <= HALF
            ]
            if len(left) < len(own):
                what = f"{len(own) - len(left)} of its {len(own)} passages are" if left else "it is"
                told.append(
                    f"{name}: {what} in another language than the course ({language}); translate what is to be quoted"
                )
            kept += left
        return Sources(passages=tuple(kept), skipped=tuple(told))


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
    found = _found(folder, given, skipped)
    for path, name in sorted(found.items(), key=lambda pair: pair[1]):
        real = path.resolve()
        if real in read:
            continue
        read.add(real)
        try:
            blocks = list(_blocks(path))
        except GeneratorError as exc:
            skipped.append(str(exc))
            continue
        if not blocks and path.suffix.casefold() not in _PLAIN:  # pages that were only scanned, a talk without a word
            skipped.append(f"{path}: holds no text that can be quoted")
        for passage in passages_of(name, blocks):
            same = " ".join(passage.text.casefold().split())
            if same not in seen:  # the same note twice, or a navigation line on every page
                seen.add(same)
                passages.append(passage)
    return Sources(passages=tuple(passages), skipped=tuple(skipped))


def _sentences(passage: Passage) -> list[str]:
    return [sentence for line in passage.text.splitlines() for sentence in sentences_of(line)]


def _found(folder: Path | None, given: Iterable[Path], skipped: list[str]) -> dict[Path, str]:
    """Every file that may be a source, with the name that it is cited by; what is left out is told in `skipped`."""
    found: dict[Path, str] = {}
    if folder is not None and folder.is_dir():
        found |= {folder / relative: _name(relative) for relative in _files(folder, skipped, made=True)}
    for path in given:
        if path.is_dir():
            whole = PurePosixPath(path.name.strip(".") or path.resolve().name)
            for relative in _files(path, skipped, made=False):
                found.setdefault(path / relative, _name(whole / relative))
        elif path.exists():
            found.setdefault(path, _name(PurePosixPath(path.name)))
        else:
            raise MissingPath(path)
    return found


def _name(relative: PurePosixPath) -> str:
    """The name that a file is cited by: one line of text, whatever its bytes are."""
    text = os.fsencode(relative.as_posix()).decode("utf-8", "replace")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).replace("*", " ").split())


def _blocks(path: Path) -> Iterator[Block]:
    suffix = path.suffix.casefold()
    if suffix in DOCUMENTS:
        return document_blocks(path)
    if suffix not in _READERS:
        raise UnreadableFile(path, f"is no source that can be read; {', '.join(sorted(SUFFIXES))} can")
    text = read_text_file(path).text
    return timed_blocks(text) if is_timed(text) else _READERS[suffix](text)


def _files(folder: Path, skipped: list[str], *, made: bool) -> Iterator[PurePosixPath]:
    """The readable files below a folder; hidden ones and, if `made`, those that a generator wrote are left out."""
    count = 0
    inside = folder.resolve()
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
            path = folder / relative
            if path.is_symlink() and path.exists() and not path.resolve().is_relative_to(inside):
                skipped.append(f"{path}: leads out of its folder; name what it leads to with --sources")
                continue
            count += 1
            if count > MOST_FILES:
                raise GeneratorError(f"{folder}: more than {MOST_FILES} files; give the sources of one course")
            yield relative
