"""The files of a course folder: what an import may look at at all."""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from generators.errors import GeneratorError, MissingPath, UnreadableFile

MAX_FILES = 20_000
MAX_FILES_IN_ALL = 200_000
MAX_DEPTH = 8
MARKDOWN_SUFFIXES = frozenset({".md", ".markdown", ".mdx"})
PAGE_SUFFIXES = (".md", ".markdown", ".mdx", ".qmd", ".rmd", ".rst", ".adoc", ".asciidoc", ".ipynb", ".html", ".htm")
"""What a lesson may be written in; of two files of one name the earlier suffix is the text, the other made of it."""
YAML_SUFFIXES = frozenset({".yaml", ".yml"})
TEXT_SUFFIXES = frozenset({*PAGE_SUFFIXES, *YAML_SUFFIXES, ".txt", ".vtt", ".srt"})
SITE_FILES = frozenset({
    "book.toml", "config.toml", "hugo.toml", "book.json", "_category_.json", "sidebars.js", "sidebars.ts",
    "sidebars.json", "sidebar.json", "meta.json", "_meta.json", "_meta.js", "docusaurus.config.js",
    "docusaurus.config.ts", "docusaurus.config.mjs", "astro.config.mjs", "astro.config.ts", "config.js",
    "config.ts", "config.mjs", "config.mts", ".pages",
})  # fmt: skip
"""Files of site generators that state a title or an order; they are read and are no content."""
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_TEMPORARY_SUFFIXES = ("~", ".tmp", ".swp", ".bak", ".orig", ".part", ".crdownload")
_TEMPORARY_PREFIXES = (".", "~$", "#")
_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "__macosx", "venv"})


@dataclass(frozen=True, slots=True)
class Tree:
    """Files below a folder.

    Attributes:
        files: paths relative to it, sorted, text files only.
        skipped: what was left out and should be known about, as one-line messages.
    """

    files: tuple[PurePosixPath, ...]
    skipped: tuple[str, ...]


def is_ignored(name: str) -> bool:
    """Hidden, temporary and tools' own files and folders."""
    lowered = name.casefold()
    if lowered in {".vitepress", ".vuepress", ".pages"}:
        return False
    return (
        lowered.startswith(_TEMPORARY_PREFIXES) or lowered.endswith(_TEMPORARY_SUFFIXES) or lowered in _SKIPPED_FOLDERS
    )


def subfolders(folder: Path) -> list[Path]:
    """Visible folders directly below; symbolic links to folders are never followed.

    Raises:
        UnreadableFile: the folder cannot be listed.
    """
    entries = _entries(folder)
    return [Path(entry.path) for entry in entries if not is_ignored(entry.name) and entry.is_dir(follow_symlinks=False)]


def files_below(folder: Path) -> list[PurePosixPath]:
    """Text files in a folder that may hold many courses, sorted; what cannot be listed below it is passed over.

    Raises:
        MissingPath, UnreadableFile: the folder itself cannot be listed.
    """
    found: list[PurePosixPath] = []
    waiting = [(PurePosixPath(), _entries(folder))]
    while waiting and len(found) <= MAX_FILES_IN_ALL:
        below, entries = waiting.pop()
        for entry in entries:
            if is_ignored(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                if len(below.parts) < MAX_DEPTH + 4:
                    with suppress(GeneratorError):
                        waiting.append((below / entry.name, _entries(Path(entry.path))))
            elif _is_text(entry.name) and entry.is_file() and entry.name.isprintable():
                found.append(below / entry.name)
    return sorted(found)


def text_files(folder: Path) -> Tree:
    """Collect the text files below a folder.

    Raises:
        MissingPath: there is no such folder.
        UnreadableFile: it cannot be listed, or holds too many files.
    """
    files: list[PurePosixPath] = []
    skipped: list[str] = []
    root = folder.resolve()
    _collect(folder, PurePosixPath(), root, files, skipped, 0)
    return Tree(tuple(sorted(files)), tuple(skipped))


def _collect(
    folder: Path, below: PurePosixPath, root: Path, files: list[PurePosixPath], skipped: list[str], depth: int
) -> None:
    for entry in _entries(folder):
        if is_ignored(entry.name):
            continue
        relative = below / entry.name
        if entry.is_dir(follow_symlinks=False):
            if not _can_be_kept(entry.name, relative, skipped):
                continue
            if depth >= MAX_DEPTH:
                skipped.append(f"{relative}: folders deeper than {MAX_DEPTH} levels are not read")
            else:
                _collect(Path(entry.path), relative, root, files, skipped, depth + 1)
        elif _is_text(entry.name) or entry.is_symlink():
            if entry.is_symlink() and not _stays_inside(Path(entry.path), root):
                skipped.append(f"{relative}: a link that leads out of the course folder is not followed")
            elif _is_text(entry.name) and _can_be_kept(entry.name, relative, skipped):
                files.append(relative)
        if len(files) > MAX_FILES:
            raise UnreadableFile(folder, f"holds more than {MAX_FILES} text files; give a course folder")


def _is_text(name: str) -> bool:
    return PurePosixPath(name).suffix.casefold() in TEXT_SUFFIXES or name in SITE_FILES


def _can_be_kept(name: str, relative: PurePosixPath, skipped: list[str]) -> bool:
    """Whether a path with this name can stand in an event, on a line of a list and in an address."""
    if _CONTROL.search(name):
        told = str(relative).encode("unicode_escape").decode("ascii")
        skipped.append(f"{told}: a name with a line break or another control character is not taken in; rename it")
        return False
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        shown = str(relative).encode("utf-8", "backslashreplace").decode("utf-8")
        skipped.append(f"{shown}: a file name that is not UTF-8 cannot be kept; rename the file")
        return False
    return True


def _stays_inside(path: Path, root: Path) -> bool:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return False
    return target.is_relative_to(root) and target.is_file()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except FileNotFoundError as exc:
        raise MissingPath(folder) from exc
    except NotADirectoryError as exc:
        raise UnreadableFile(folder, "is a file, not a course folder; give the folder") from exc
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or "not a valid path"
        raise UnreadableFile(folder, f"cannot be listed ({reason.lower()}); check its permissions") from exc
