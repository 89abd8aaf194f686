"""Reading a course folder: brief, curriculum, modules, lessons and everything beside them.

One broken file never costs the others: it is reported in `Course.failures` and left out.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from generators.brief import Brief, parse_brief
from generators.brief.placeholder import stated
from generators.course.documents import brief_candidates, curriculum_candidates, is_outline, material_kind
from generators.course.evidence import (
    LESSON_THRESHOLD,
    in_lesson_folder,
    in_other_folder,
    is_module_overview,
    lesson_score,
    naming_part,
)
from generators.course.join import join, similar
from generators.course.lesson_file import LessonFile, LessonHead, read_head, title_from_name
from generators.course.lesson_number import LessonNumber, module_in_folder, number_in_name
from generators.course.model import Course, Material
from generators.course.modules import group_modules
from generators.course.tree import MARKDOWN_SUFFIXES, Tree, text_files
from generators.curriculum import Curriculum, parse_curriculum
from generators.errors import GeneratorError, NotACourse, UnreadableFile
from generators.textfile import TextFile, read_text_file

_MAX_SHOWN = 3


@dataclass
class _Reading:
    """What is known so far while a folder is read."""

    folder: Path
    tree: Tree
    files: dict[PurePosixPath, TextFile] = field(default_factory=dict)
    heads: dict[PurePosixPath, LessonHead] = field(default_factory=dict)
    failures: list[GeneratorError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    taken: set[PurePosixPath] = field(default_factory=set)
    brief: Brief | None = None
    curricula: Mapping[PurePosixPath, Curriculum] = field(default_factory=dict)

    def head(self, path: PurePosixPath) -> LessonHead:
        if path not in self.heads:
            self.heads[path] = read_head(self.files[path])
        return self.heads[path]

    def material(self, path: PurePosixPath, kind: str | None = None) -> Material:
        self.taken.add(path)
        title = None
        if path.suffix.casefold() in MARKDOWN_SUFFIXES:
            title = stated(self.head(path).heading)
        title = title or title_from_name(path.stem)
        return Material(relative=path, file=self.files[path], kind=kind or material_kind(path), title=title[:500])


def read_course(folder: Path) -> Course:
    """Read one course folder; nothing on disk is changed.

    Raises:
        MissingPath, UnreadableFile: the folder cannot be listed.
        NotACourse: it holds no file that could be read.
    """
    reading = _Reading(folder=folder, tree=text_files(folder))
    reading.warnings += reading.tree.skipped
    for path in reading.tree.files:
        try:
            reading.files[path] = read_text_file(folder / path)
        except GeneratorError as exc:
            reading.failures.append(exc)
    if not reading.files:
        if reading.failures:
            raise reading.failures[0]
        raise NotACourse(folder, "is empty: there is no text file in it; give a course folder")
    return _course(reading)


def course_of(
    folder: Path,
    files: Mapping[PurePosixPath, TextFile],
    heads: Mapping[PurePosixPath, LessonHead] | None = None,
    brief: Brief | None = None,
    curricula: Mapping[PurePosixPath, Curriculum] | None = None,
) -> Course:
    """The course that a folder would hold if these were its files; nothing is read from disk.

    Args:
        folder: absolute; its name counts, it need not exist.
        files: by path relative to the folder.
        heads: what is known of the tops of some files already; the others are read.
        brief: what the brief among the files says, if it was read already.
        curricula: what curricula among the files say, by path, as far as they were read already.
    """
    paths = tuple(sorted(files))
    ordered = {path: files[path] for path in paths}
    return _course(
        _Reading(
            folder=folder,
            tree=Tree(paths, ()),
            files=ordered,
            heads=dict(heads or {}),
            brief=brief,
            curricula=curricula or {},
        )
    )


def _course(reading: _Reading) -> Course:
    folder = reading.folder
    brief, brief_file = _brief(reading)
    curricula = _curricula(reading)
    lessons = _lessons(reading, [curriculum for curriculum, _ in curricula])
    curriculum, curriculum_path = _best(curricula, lessons)
    curriculum_file = reading.material(curriculum_path, "curriculum") if curriculum_path else None
    listed = join(lessons, curriculum)
    missing = [lesson for lesson in (curriculum.lessons if curriculum else ()) if lesson not in listed.values()]
    _note_paths(reading, curriculum, curriculum_path)
    overviews = _overviews(reading)
    modules = group_modules(lessons, curriculum, brief, overviews)
    outline_path = next((path for path in reading.files if is_outline(path) and path not in reading.taken), None)
    outline = reading.material(outline_path, "outline") if outline_path else None
    materials = [reading.material(path) for path in sorted(reading.files) if path not in reading.taken]
    _note_repeats(reading, lessons)
    return Course(
        folder=folder,
        title=_title(brief, curriculum, outline, folder),
        stated_slug=(brief.slug if brief else None) or (curriculum.slug if curriculum else None),
        brief=brief,
        brief_file=brief_file,
        curriculum=curriculum,
        curriculum_file=curriculum_file,
        modules=modules,
        listed=listed,
        missing=tuple(missing),
        outline=outline,
        materials=tuple(materials),
        failures=tuple(reading.failures),
        warnings=tuple(reading.warnings),
    )


def _brief(reading: _Reading) -> tuple[Brief | None, Material | None]:
    for path in brief_candidates(tuple(reading.files)):
        try:
            brief = reading.brief or parse_brief(reading.files[path])
        except UnreadableFile as exc:
            reading.failures.append(exc)
            reading.taken.add(path)
            continue
        reading.warnings += [f"{path}: {warning.message}" for warning in brief.warnings]
        return brief, reading.material(path, "brief")
    return None, None


def _curricula(reading: _Reading) -> list[tuple[Curriculum, PurePosixPath]]:
    found = []
    for path in curriculum_candidates(tuple(reading.files)):
        try:
            found.append((reading.curricula.get(path) or parse_curriculum(reading.files[path]), path))
        except UnreadableFile as exc:
            reading.failures.append(exc)
            reading.taken.add(path)
    return found


def _best(
    curricula: list[tuple[Curriculum, PurePosixPath]], lessons: list[LessonFile]
) -> tuple[Curriculum | None, PurePosixPath | None]:
    """Of several curricula the one that the lessons on disk were written from."""
    if not curricula:
        return None, None
    return max(curricula, key=lambda pair: len(join(lessons, pair[0])))


def _lessons(reading: _Reading, curricula: list[Curriculum]) -> list[LessonFile]:
    paths = {lesson.file_path.lstrip("./") for c in curricula for lesson in c.lessons if lesson.file_path}
    titles = {lesson.lesson_id: lesson.title for c in curricula for lesson in c.lessons}
    lessons = []
    for path in sorted(reading.files):
        if path.suffix.casefold() not in MARKDOWN_SUFFIXES or path in reading.taken:
            continue
        head = reading.head(path)
        number = _number(path, head)
        listed_title = titles.get(number.label or "")
        by_title = listed_title is not None and similar(listed_title, head.title)
        # Other files about a lesson (its script, its quiz) share number and title: in their folders that is no sign.
        listed = [path.as_posix() in paths, by_title and not in_other_folder(path)]
        if lesson_score(path, head, listed) >= LESSON_THRESHOLD:
            reading.taken.add(path)
            if head.fault:
                reading.warnings.append(f"{path}: the frontmatter is not YAML and was left out: {head.fault}")
            lessons.append(_lesson(path, reading.files[path], head, number))
        elif in_lesson_folder(path) and not in_other_folder(path) and not is_module_overview(path):
            reading.warnings.append(f"{path}: lies among the lessons but does not read like one; kept as a document")
    return lessons


def _lesson(path: PurePosixPath, file: TextFile, head: LessonHead, number: LessonNumber) -> LessonFile:
    return LessonFile(
        relative=path,
        file=file,
        number=number,
        title=(head.title or title_from_name(naming_part(path)))[:500],
        minutes=head.minutes,
        module_title=head.module_title,
        head=head.head,
    )


def _number(path: PurePosixPath, head: LessonHead) -> LessonNumber:
    """File name first: it is what the author sorts by; frontmatter and heading complete it."""
    named = number_in_name(naming_part(path)) or LessonNumber()
    if named.is_pair or named.bonus:
        return named
    if head.number and (head.number.is_pair or head.number.bonus):
        return head.number
    module = next((n for part in reversed(path.parent.parts) if (n := module_in_folder(part)) is not None), None)
    lesson = named.lesson if named.lesson is not None else (head.number.lesson if head.number else None)
    return LessonNumber(module=module, lesson=lesson)


def _overviews(reading: _Reading) -> dict[int, Material]:
    found: dict[int, Material] = {}
    for path in sorted(reading.files):
        number = module_in_folder(path.parent.name)
        if (
            path not in reading.taken
            and is_module_overview(path)
            and not in_other_folder(path)
            and number is not None
            and number not in found
        ):
            found[number] = reading.material(path, "module")
    return found


def _title(brief: Brief | None, curriculum: Curriculum | None, outline: Material | None, folder: Path) -> str:
    title = (brief.title if brief else None) or (curriculum.title if curriculum else None)
    if title is None and outline is not None:
        _, dash, rest = outline.title.partition(": ")
        title = rest if dash else None
    return (title or title_from_name(folder.name))[:500]


def _note_paths(reading: _Reading, curriculum: Curriculum | None, path: PurePosixPath | None) -> None:
    if curriculum is None or path is None:
        return
    reading.warnings += [f"{path}: {warning.message}" for warning in curriculum.warnings]
    stated_paths = [lesson.file_path for lesson in curriculum.lessons if lesson.file_path]
    known = {relative.as_posix() for relative in reading.files}
    gone = [stated_path for stated_path in stated_paths if stated_path.lstrip("./") not in known]
    if gone:
        shown = ", ".join(gone[:_MAX_SHOWN]) + (", …" if len(gone) > _MAX_SHOWN else "")
        reading.warnings.append(f"{path}: {len(gone)} of {len(stated_paths)} file_path do not exist: {shown}")


def _note_repeats(reading: _Reading, lessons: list[LessonFile]) -> None:
    by_number: dict[str, list[str]] = defaultdict(list)
    for lesson in lessons:
        if lesson.number.is_pair and lesson.number.label:
            by_number[lesson.number.label].append(lesson.relative.name)
    for label, names in sorted(by_number.items()):
        if len(names) > 1:
            reading.warnings.append(
                f"lesson {label} is there {len(names)} times: {', '.join(sorted(names))}; all are kept"
            )
