"""Slugs of imported contents: a function of the file's own place, so that no other file can change them."""

import hashlib
import re
from pathlib import PurePosixPath

from slugify import slugify

from generators.languages import fold
from generators.reading.course import LessonFile
from generators.reading.course.name import module_in_folder, number_in_name

MAX_SLUG = 200
MAX_PROJECT_SLUG = 80
_HASH_CHARACTERS = 8
_CONTAINERS = re.compile(r"^(?:aulas?|lessons?|licoes|conteudos?|content)$")


def short_hash(text: str) -> str:
    """Eight hex digits that stand for a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_CHARACTERS]


def project_slug(text: str) -> str:
    """A project slug from a folder name or a stated slug; "curso" and a hash where nothing is left of it."""
    slug = slugify(text, max_length=MAX_PROJECT_SLUG).strip("-")
    return slug or f"curso-{short_hash(text)}"


def lesson_part(lesson: LessonFile) -> str:
    """Slug of a lesson within its project: the file's name, with its folders where the name holds no number."""
    parts = [part for part in lesson.relative.parent.parts if not _CONTAINERS.match(fold(part))]
    named = number_in_name(lesson.relative.stem)
    if named and (named.is_pair or named.bonus):
        # The module's folder adds nothing to "2.3-…", unless it is another module's.
        parts = [part for part in parts if module_in_folder(part) not in {named.module, None}]
    return slugify(" ".join([*parts, lesson.relative.stem])) or short_hash(lesson.relative.as_posix())


def module_part(key: str) -> str:
    """Slug of a module within its project: by its number, or by its folder where numbers tell none apart."""
    return f"modulo-{slugify(key, max_length=MAX_SLUG // 2) or short_hash(key)}"


def material_part(relative: PurePosixPath) -> str:
    """Slug of any other file within its project: its path, with the suffix where that is not Markdown."""
    suffix = "" if relative.suffix.casefold() == ".md" else relative.suffix
    text = " ".join([*relative.parent.parts, relative.stem, suffix.lstrip(".")])
    return slugify(text) or short_hash(relative.as_posix())


class Slugs:
    """Content slugs of one project; gives no slug twice.

    Args:
        project: slug of the project.
    """

    def __init__(self, project: str) -> None:
        self._project = project
        self._used: set[str] = set()

    def fixed(self, part: str) -> str:
        """A slug that the importer itself names (`outline`, `modulo-1`)."""
        slug = f"{self._project}--{part}"
        self._used.add(slug)
        return slug

    def of(self, part: str, relative: PurePosixPath) -> str:
        """The slug of a file; should another file have the same, this one's carries a hash of its path.

        Callers go through files in sorted order, so that the same file yields every time.
        """
        slug = f"{self._project}--{part}"
        if len(slug) > MAX_SLUG or slug in self._used:
            tail = f"-{short_hash(relative.as_posix())}"
            slug = slug[: MAX_SLUG - len(tail)].rstrip("-") + tail
        self._used.add(slug)
        return slug
