"""Which project slug a course folder gets.

Two folders may state the same slug (a copy, a second edition). The slug then belongs to the folder whose own
name says it; any other takes the slug of its own name. The answer must not depend on the order of the folders on
the command line nor on earlier imports, or a second import would rename things: so the neighbours of a folder
are asked too, and the log, which knows under what slug a folder was imported before.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from generators.errors import GeneratorError
from generators.publishing.slugs import project_slug, short_hash
from generators.reading.course import Course, is_course
from generators.reading.course.documents import brief_candidates, curriculum_candidates
from generators.reading.course.tree import subfolders, text_files

MAX_NEIGHBOURS = 200


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has a project slug in the log.

    Attributes:
        folder: name of the folder that it was imported from; None for a project that was generated here, whose
            folder, if imported, meets its own rows.
        title: name of the project.
    """

    folder: str | None
    title: str


@dataclass(frozen=True, slots=True)
class Named:
    """A course with its project slug and what should be said about the choice."""

    course: Course
    slug: str
    warnings: tuple[str, ...] = ()


def name_projects(
    courses: Sequence[Course],
    owner_of: Callable[[str], Owner | None],
    stated_by: Callable[[Path], str | None],
    was_here: Callable[[Path], bool],
) -> list[Named]:
    """Name the projects of some courses, in order of their folders.

    Args:
        courses: of this import.
        owner_of: who has a slug in the log.
        stated_by: the slug that a neighbouring course folder states.
        was_here: whether something was imported from a folder at this very place before.
    """
    by_folder = {course.folder: course for course in courses}
    stated: dict[Path, str | None] = {folder: course.stated_slug for folder, course in by_folder.items()}
    for parent in sorted({course.folder.parent for course in courses}):
        for neighbour in _neighbours(parent):
            if neighbour not in stated:
                stated[neighbour] = stated_by(neighbour)
    taken: dict[str, Path] = {}
    named = []
    for course in sorted(courses, key=lambda course: course.folder):
        slug, warnings = _slug(course, stated)
        slug, more = _free(course, slug, taken, owner_of, is_known=was_here(course.folder))
        taken[slug] = course.folder
        named.append(Named(course, slug, (*warnings, *more)))
    return named


def _slug(course: Course, stated: dict[Path, str | None]) -> tuple[str, list[str]]:
    own = project_slug(course.folder.name)
    wanted = project_slug(course.stated_slug) if course.stated_slug else own
    if wanted == own:
        return own, []
    rivals = [
        folder
        for folder, slug in stated.items()
        if folder != course.folder
        and (project_slug(folder.name) == wanted or (slug is not None and project_slug(slug) == wanted))
    ]
    if not rivals:
        return wanted, []
    names = ", ".join(sorted(folder.name for folder in rivals))
    return own, [f"states the slug {wanted}, as {names} does: imported as {own}, after its folder"]


def _free(
    course: Course,
    slug: str,
    taken: dict[str, Path],
    owner_of: Callable[[str], Owner | None],
    *,
    is_known: bool,
) -> tuple[str, list[str]]:
    own = project_slug(course.folder.name)
    apart = f"{own}-{short_hash(f'{course.folder.parent.name}/{course.folder.name}')}"
    for candidate in dict.fromkeys((slug, own)):
        owner = owner_of(candidate)
        is_mine = owner is None or owner.folder is None or owner.folder == course.folder.name
        if candidate in taken or not is_mine:
            continue
        # Another course may lie in a folder of the same name elsewhere. One that only got a new title was
        # imported from this place before, and never apart.
        if owner is not None and owner.folder and owner.title != course.title and (owner_of(apart) or not is_known):
            continue
        return candidate, [] if candidate == slug else [_apart(slug, candidate)]
    return apart, [_apart(slug, apart)]


def _apart(slug: str, instead: str) -> str:
    return f"the slug {slug} belongs to another course: imported as {instead}"


def _neighbours(parent: Path) -> Iterator[Path]:
    """The course folders beside a course; what cannot be listed has no say, and takes nobody else's."""
    with suppress(GeneratorError):
        for folder in subfolders(parent)[:MAX_NEIGHBOURS]:
            with suppress(GeneratorError):
                if is_course(folder):
                    yield folder


def stated_slug_of(folder: Path) -> str | None:
    """The slug that a course folder states, reading no more than its brief and curriculum."""
    from generators.reading.brief import read_brief  # noqa: PLC0415 - only needed where a neighbour must be asked
    from generators.reading.curriculum import read_curriculum  # noqa: PLC0415 - likewise

    with suppress(GeneratorError):
        files = text_files(folder).files
        for path in brief_candidates(files)[:1]:
            with suppress(GeneratorError):
                if slug := read_brief(folder / path).slug:
                    return slug
        for path in curriculum_candidates(files)[:1]:
            return read_curriculum(folder / path).slug
    return None
