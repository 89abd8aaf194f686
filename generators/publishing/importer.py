"""Importing existing course folders: one unit of work per course, so that a course is there whole or not at all."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from generators.errors import GeneratorError, NotACourse
from generators.publishing.naming import Named, Owner, name_projects, stated_slug_of
from generators.publishing.payloads import CoursePayloads, Draft, Minds
from generators.reading.course import Course, find_courses, kinds_seen, read_course
from generators.reading.text import TextFile
from outbox import ContractError, FileMoved, Outbox, ids

READINGS = 10  # of a course that is changed again and again while it is read


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedCourse:
    """What importing one course folder did.

    Attributes:
        appended: events that were news.
        unchanged: events that would have said what the log says already.
        seen: how many files of what kind it holds.
        missing: lessons that the curriculum lists and no file holds, as "i.j title".
        failures: one line for each file that was left out.
    """

    folder: Path
    project: str
    modules: int = 0
    lessons: int = 0
    materials: int = 0
    appended: int = 0
    unchanged: int = 0
    seen: str = ""
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Import:
    """What an import did: courses in order, and folders that held none."""

    courses: tuple[ImportedCourse, ...]
    errors: tuple[GeneratorError, ...]

    @property
    def is_broken(self) -> bool:
        """Whether something that is there could not be read; a folder that holds no course is not broken."""
        return any(not isinstance(error, NotACourse) for error in self.errors) or any(c.failures for c in self.courses)

    @property
    def is_complete(self) -> bool:
        """Whether everything that was given could be imported."""
        return not self.errors and not any(course.failures for course in self.courses)


def import_folders(
    folders: Iterable[Path],
    box: Outbox,
    *,
    content_root: Path,
    minds: Minds | None = None,
    progress: Callable[[ImportedCourse], None] | None = None,
) -> Import:
    """Import every course at or below some folders. Nothing on disk is changed.

    Args:
        folders: course folders, or folders that hold some.
        box: the outbox that the events go to.
        content_root: file paths of folders below it are relative to it.
        minds: creator and persona to link.
        progress: told of each course when it is committed.

    Returns:
        What was done. What could not be read is in it, the rest is imported. After a crash, each course is in
        the outbox whole or not at all, and importing again appends only what is missing.

    Raises:
        OutboxError: the outbox itself failed (disk full, locked); courses before it are kept.
    """
    errors: list[GeneratorError] = []
    places: dict[Path, None] = {}
    for folder in folders:
        try:
            places.update(dict.fromkeys(find_courses(folder)))
        except GeneratorError as exc:
            errors.append(exc)
    courses: list[Course] = []
    for place in places:
        try:
            courses.append(read_course(place))
        except GeneratorError as exc:
            errors.append(exc)
    done = []
    root = content_root.resolve()
    for named in named_in(box, courses, root):
        result = _import_as_it_stands(named, box, root, minds or Minds())
        done.append(result)
        if progress is not None:
            progress(result)
    return Import(tuple(done), tuple(errors))


def named_in(box: Outbox, courses: Sequence[Course], root: Path) -> list[Named]:
    """Which project each course is, as the log knows it; `root` is CONTENT_ROOT, resolved."""
    known = {(file.base, file.path.partition("/")[0]) for file in box.files() if file.base}
    known_places = {Path(base) / name for base, name in known}
    return list(
        name_projects(
            courses,
            owner_of=lambda slug: _owner(box, slug),
            stated_by=stated_slug_of,
            was_here=lambda folder: folder in known_places or folder.is_relative_to(root),
        )
    )


def _import_as_it_stands(named: Named, box: Outbox, root: Path, minds: Minds) -> ImportedCourse:
    """Import a course; where a generator or a person changes it meanwhile, read it again, and say what it says now."""
    for _ in range(READINGS - 1):
        try:
            return _import_course(named, box, root, minds)
        except (FileMoved, FileNotFoundError):
            box.recover()  # a newer version may wait in the staging directory of a process that died
            try:
                named = replace(named, course=read_course(named.course.folder))
            except GeneratorError as exc:
                return _left_out(named, str(exc))
    try:
        return _import_course(named, box, root, minds)
    except FileMoved as exc:
        return _left_out(named, str(exc))


def _left_out(named: Named, why: str) -> ImportedCourse:
    return ImportedCourse(folder=named.course.folder, project=named.slug, failures=(why,))


def _import_course(named: Named, box: Outbox, root: Path, minds: Minds) -> ImportedCourse:
    course = named.course
    base, prefix = _base(course.folder, root)
    payloads = CoursePayloads(course, named.slug, prefix, minds)
    failures = [str(failure) for failure in course.failures]
    with box.unit() as unit:
        for draft in payloads.drafts():
            try:
                unit.append(draft.payload)
            except ContractError as exc:
                failures.append(
                    f"{_origin(course, draft)}: cannot be taken into the outbox ({exc}); shorten or split it"
                )
        for relative, file in _files(course):
            unit.record(f"{prefix}{relative}", file[0], file[1], base=base)
    return ImportedCourse(
        folder=course.folder,
        project=named.slug,
        modules=sum(module.key is not None for module in course.modules),
        lessons=len(course.lessons),
        materials=len(course.materials),
        appended=len(unit.result.appended),
        unchanged=unit.result.unchanged,
        seen=kinds_seen(course.verdicts.values()),
        missing=tuple(f"{lesson.lesson_id} {lesson.title or ''}".strip() for lesson in course.missing),
        warnings=(*named.warnings, *course.warnings),
        failures=tuple(failures),
    )


def _base(folder: Path, root: Path) -> tuple[str, str]:
    """Where paths in events start: CONTENT_ROOT for a folder below it, else the folder that holds the course.

    The second is the same whatever container was given on the command line.
    """
    if folder.is_relative_to(root) and folder != root:
        return "", f"{folder.relative_to(root).as_posix()}/"
    return str(folder.parent), f"{folder.name}/"


def _origin(course: Course, draft: Draft) -> Path:
    return course.folder / draft.relative if draft.relative else course.folder


def _files(course: Course) -> list[tuple[str, tuple[str, int]]]:
    return [
        (relative.as_posix(), (file.sha256, file.size_bytes)) for relative, file in sorted(files_of(course).items())
    ]


def files_of(course: Course) -> dict[PurePosixPath, TextFile]:
    """Every file of a course that events speak of, by its path in the folder."""
    overviews = [module.overview for module in course.modules if module.overview]
    others = [course.brief_file, course.curriculum_file, course.outline, *overviews, *course.materials]
    found = {lesson.relative: lesson.file for lesson in course.lessons}
    return found | {material.relative: material.file for material in others if material is not None}


def _owner(box: Outbox, slug: str) -> Owner | None:
    """Who has a project slug, by the newest event that says so."""
    said = [*box.events(event_type="project.upserted", aggregate_id=ids.project_id(slug))]
    if not said:
        return None
    newest = said[-1]
    source = (newest.payload.get("metadata") or {}).get("source")
    folder = source.get("folder") if isinstance(source, dict) else None
    return Owner(folder if isinstance(folder, str) else None, str(newest.payload.get("name")))
