"""The files of a course folder: what an import may look at at all."""

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from generators.errors import MissingPath, UnreadableFile

MAX_FILES = 20_000
MAX_DEPTH = 8
TEXT_SUFFIXES = frozenset({".md", ".markdown", ".mdx", ".txt", ".vtt", ".srt", ".yaml", ".yml"})
MARKDOWN_SUFFIXES = frozenset({".md", ".markdown", ".mdx"})
YAML_SUFFIXES = frozenset({".yaml", ".yml"})
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


def file_names(folder: Path) -> tuple[PurePosixPath, ...]:
    """Names of the visible files directly in a folder, sorted.

    Raises:
        UnreadableFile: the folder cannot be listed.
    """
    names = (entry.name for entry in _entries(folder))
    return tuple(PurePosixPath(name) for name in names if not is_ignored(name) and (folder / name).is_file())


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
            if depth >= MAX_DEPTH:
                skipped.append(f"{relative}: folders deeper than {MAX_DEPTH} levels are not read")
            else:
                _collect(Path(entry.path), relative, root, files, skipped, depth + 1)
        elif relative.suffix.casefold() in TEXT_SUFFIXES or entry.is_symlink():
            if entry.is_symlink() and not _stays_inside(Path(entry.path), root):
                skipped.append(f"{relative}: a link that leads out of the course folder is not followed")
            elif relative.suffix.casefold() in TEXT_SUFFIXES and _decodable(entry.name, relative, skipped):
                files.append(relative)
        if len(files) > MAX_FILES:
            raise UnreadableFile(folder, f"holds more than {MAX_FILES} text files; give a course folder")


def _decodable(name: str, relative: PurePosixPath, skipped: list[str]) -> bool:
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
