"""Course folders inside whatever folder was given."""

from pathlib import Path, PurePosixPath

from generators.course.documents import brief_candidates, curriculum_candidates
from generators.course.evidence import in_lesson_folder, in_other_folder
from generators.course.lesson_number import number_in_name
from generators.course.tree import MARKDOWN_SUFFIXES, file_names, subfolders
from generators.errors import NotACourse, UnreadableFile
from generators.given_path import must_exist

MAX_CONTAINER_DEPTH = 4
_LESSON_DEPTH = 4


def find_courses(folder: Path) -> list[Path]:
    """Course folders at or below a folder, sorted.

    A folder is a course if it holds a brief or a curriculum, or lessons in a folder of their own. What lies
    below a course belongs to it.

    Raises:
        MissingPath: there is no such folder.
        NotACourse: neither it nor anything below is a course.
        UnreadableFile: it cannot be listed.
    """
    must_exist(folder)
    if not folder.is_dir():
        raise UnreadableFile(folder, "is a file, not a course folder; give the folder")
    # Resolved: a link given on the command line is meant, and "." has a name only then.
    found = _below(folder.resolve(), 0)
    if not found:
        reason = "holds no course (no brief, no curriculum, no lessons); give a course folder or one that holds some"
        raise NotACourse(folder, reason)
    return found


def is_course(folder: Path) -> bool:
    """Whether a folder itself is a course."""
    names = file_names(folder)
    if brief_candidates(names) or curriculum_candidates(names):
        return True
    if any(_looks_like_lesson(name) for name in names):
        return True
    return any(_holds_lessons(child, PurePosixPath(child.name), 1) for child in subfolders(folder))


def _below(folder: Path, depth: int) -> list[Path]:
    if is_course(folder):
        return [folder]
    if depth >= MAX_CONTAINER_DEPTH:
        return []
    return [course for child in subfolders(folder) for course in _below(child, depth + 1)]


def _holds_lessons(folder: Path, relative: PurePosixPath, depth: int) -> bool:
    probe = relative / "x"
    if in_other_folder(probe) or not in_lesson_folder(probe) or depth > _LESSON_DEPTH:
        return False
    if any(_looks_like_lesson(name) for name in file_names(folder)):
        return True
    return any(_holds_lessons(child, relative / child.name, depth + 1) for child in subfolders(folder))


def _looks_like_lesson(name: PurePosixPath) -> bool:
    number = number_in_name(name.stem)
    return name.suffix.casefold() in MARKDOWN_SUFFIXES and number is not None
