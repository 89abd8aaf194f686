"""Reading a course folder: brief, curriculum, modules, lessons and everything beside them.

One broken file never costs the others: it is reported in `Course.failures` and left out.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from generators.errors import GeneratorError, NotACourse, UnreadableFile
from generators.reading.brief import Brief, parse_brief
from generators.reading.course.documents import brief_candidates, curriculum_candidates, is_outline, material_kind
from generators.reading.course.folders import Group, Verdict
from generators.reading.course.join import join
from generators.reading.course.layout import Layout
from generators.reading.course.model import Course, CourseModule, Material
from generators.reading.course.name import LessonNumber, number_in_heading, read_name
from generators.reading.course.page import LessonFile, LessonHead, read_head, read_page, title_from_name
from generators.reading.course.tree import PAGE_SUFFIXES, SITE_FILES, Tree, text_files
from generators.reading.curriculum import Curriculum, CurriculumLesson, parse_curriculum
from generators.reading.placeholder import scalar, stated
from generators.reading.text import TextFile

_MAX_SHOWN = 3
_PAIR = re.compile(r"(\d{1,2})-(\d{1,2})(?=[\s.:–—])")
_READMES = ("README.md", "readme.md", "Readme.md", "README.mdx", "index.md")


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
        if path.suffix.casefold() in PAGE_SUFFIXES:
            head = self.head(path)
            named = scalar(head.head.get("title")) if head.depth > 1 else None
            title = stated(named or head.heading) or head.title
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
            reading.files[path] = file = read_page(folder / path)
            if file.dropped:
                reading.warnings.append(f"{path}: {file.dropped} control bytes that are no text were left out")
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
    layout = _layout(reading, [curriculum for curriculum, _ in curricula], [path for _, path in curricula])
    reading.taken.update(layout.lessons)
    lessons = {
        page: _lesson(reading, layout, group, place, page)
        for group in layout.groups
        for place, page in enumerate(group.pages, 1)
    }
    curriculum, curriculum_path = _best(curricula, list(lessons.values()))
    curriculum_file = reading.material(curriculum_path, "curriculum") if curriculum_path else None
    listed = join(list(lessons.values()), curriculum)
    lessons = _titled(reading, layout, lessons, listed)
    missing = [lesson for lesson in (curriculum.lessons if curriculum else ()) if lesson not in listed.values()]
    _note_paths(reading, curriculum, curriculum_path)
    modules = tuple(_module(reading, group, lessons, curriculum, brief) for group in layout.groups)
    outline_path = next((path for path in reading.files if is_outline(path) and path not in reading.taken), None)
    outline = reading.material(outline_path, "outline") if outline_path else None
    materials = [
        reading.material(path)
        for path in sorted(reading.files)
        if path not in reading.taken and path.name not in SITE_FILES
    ]
    _note_strays(reading, layout)
    _note_repeats(reading, layout, list(lessons.values()))
    verdicts = _verdicts(reading, layout, (brief_file, curriculum_file, outline), materials)
    return Course(
        folder=folder,
        title=_title(brief, curriculum, outline, layout, folder),
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
        verdicts=verdicts,
        order=layout.book.source if layout.book else None,
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
    if len(curricula) < 2:  # noqa: PLR2004 - there is nothing to choose
        return next(iter(curricula), (None, None))
    return max(curricula, key=lambda pair: len(join(lessons, pair[0])))


def _layout(reading: _Reading, curricula: list[Curriculum], taken: list[PurePosixPath]) -> Layout:
    paths = {lesson.file_path.lstrip("./") for c in curricula for lesson in c.lessons if lesson.file_path}

    def listed(page: PurePosixPath) -> bool:
        # The curriculum may have been written for a folder further in: any end of the page's path will do.
        return bool(paths) and any("/".join(page.parts[at:]) in paths for at in range(len(page.parts)))

    def text(path: PurePosixPath) -> str | None:
        return reading.files[path].text if path in reading.files else None

    return Layout(reading.files, reading.head, text, listed=listed, taken=[*reading.taken, *taken])


def _lesson(reading: _Reading, layout: Layout, group: Group, place: int, page: PurePosixPath) -> LessonFile:
    head = reading.head(page)
    number = layout.number(page)
    if (
        number.lesson is None
        and not number.bonus
        and (layout.book is not None or group.number is not None)
        and not group.is_named
    ):
        number = LessonNumber(lesson=place)
    if number.module is None and not number.bonus:
        number = replace(number, module=group.number)
    title = head.title
    if title and (own := _PAIR.match(title)) and (int(own[1]), int(own[2])) == (number.module, number.lesson):
        title = title[own.end() :].lstrip(" .:–—-")
    if head.fault:
        reading.warnings.append(f"{page}: the frontmatter is not YAML and was left out: {head.fault}")
    return LessonFile(
        relative=page,
        file=reading.files[page],
        number=number,
        title=(title or _named(layout.named_by(page)))[:500],
        minutes=head.minutes,
        module_title=head.module_title,
        head=head.head,
    )


def _named(stem: str) -> str:
    name = read_name(stem)
    return name.text if name.day and not name.title else name.title or title_from_name(stem)


def _titled(
    reading: _Reading,
    layout: Layout,
    lessons: dict[PurePosixPath, LessonFile],
    listed: Mapping[PurePosixPath, CurriculumLesson],
) -> dict[PurePosixPath, LessonFile]:
    """The lessons, titled by something else where their heading is no title: it is missing, or all have the same."""
    count = Counter(lesson.title for lesson in lessons.values())
    titled = {}
    for page, lesson in lessons.items():
        head = reading.head(page)
        repeated = count[lesson.title] > 1 and count[lesson.title] * 3 > len(lessons) and not head.head.get("title")
        if head.title and head.is_top and not repeated:
            titled[page] = lesson
            continue
        plan = listed.get(page)
        beside = next(
            (path for name in _READMES if (path := page.parent / name) in reading.files and path != page), None
        )
        own = layout.named_by(page) != page.stem
        choices = [
            number_in_heading(head.second)[1] or head.second if repeated and head.is_top else None,
            plan.title if plan else None,
            layout.labels.get(page),
            reading.head(beside).title if beside is not None and own and reading.head(beside).is_top else None,
            head.title if not repeated else None,
        ]
        title = next((choice for choice in choices if choice and (choice != lesson.title or not repeated)), None)
        titled[page] = replace(lesson, title=(title or _named(layout.named_by(page)))[:500])
    return titled


def _module(
    reading: _Reading,
    group: Group,
    lessons: Mapping[PurePosixPath, LessonFile],
    curriculum: Curriculum | None,
    brief: Brief | None,
) -> CourseModule:
    """A module with its title: from the plans, or else from what lies in the folder."""
    plan = (
        next((m for m in curriculum.modules if m.number == group.number), None)
        if curriculum and group.number is not None
        else None
    )
    sketch = (
        next((m for m in brief.outline if m.number == group.number), None)
        if brief and group.number is not None
        else None
    )
    overview = reading.material(group.overview, "module") if group.overview else None
    own = tuple(lessons[page] for page in group.pages)
    return CourseModule(
        key=group.key,
        number=group.number,
        title=_module_title(group, own, plan.title if plan else None, sketch.title if sketch else None, overview)[:500],
        description=(plan.description if plan else None) or (sketch.description if sketch else None),
        minutes=(plan.minutes if plan else None) or (sketch.minutes if sketch else None),
        overview=overview,
        lessons=own,
    )


def _module_title(
    group: Group, lessons: tuple[LessonFile, ...], planned: str | None, sketched: str | None, overview: Material | None
) -> str:
    told = [lesson.module_title for lesson in lessons if lesson.module_title]
    by_head = [
        t
        for lesson in lessons
        if (t := lesson.module_title) and {"module", "modulo", "module_title"} & lesson.head.keys()
    ]
    own = group.title if group.is_stated else None
    named = [
        planned,
        sketched,
        own,
        _overview_title(overview),
        *by_head[:1],
        group.title if group.has_words else None,
        *told[:1],
    ]
    return next((title for title in [*named, group.title] if title), None) or (
        f"Módulo {group.number}" if group.number is not None else ""
    )


def _overview_title(overview: Material | None) -> str | None:
    heading = stated(overview.title) if overview else None
    if overview is None or heading is None or heading == title_from_name(overview.relative.stem):
        return None
    name = read_name(heading, folder=True)
    return name.title if name.numbers and name.title else heading.rpartition(": ")[2] if name.numbers else heading


def _title(
    brief: Brief | None, curriculum: Curriculum | None, outline: Material | None, layout: Layout, folder: Path
) -> str:
    title = (brief.title if brief else None) or (curriculum.title if curriculum else None)
    if title is None and outline is not None:
        _, dash, rest = outline.title.partition(": ")
        title = rest if dash else None
    title = title or layout.site_title() or next(layout.index_titles(), None)
    return (title or title_from_name(folder.name))[:500]


def _verdicts(
    reading: _Reading, layout: Layout, documents: Iterable[Material | None], materials: list[Material]
) -> dict[PurePosixPath, Verdict]:
    """What every file is; nothing that lies in the folder is left without an answer."""
    verdicts = dict(layout.verdicts)
    for document in documents:
        if document is not None:
            verdicts[document.relative] = Verdict(document.kind, "its name and what is in it say so")
    kinds = {material.relative: material.kind for material in materials}
    for path in reading.tree.files:
        kind = kinds.get(path) or ("contents" if path.name in SITE_FILES else "unreadable")
        verdicts.setdefault(path, Verdict(kind, "not written as a page of a course"))
    return verdicts


def _note_strays(reading: _Reading, layout: Layout) -> None:
    for path in layout.strays:
        reading.warnings.append(f"{path}: lies among the lessons but does not read like one; kept as a document")


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


def _note_repeats(reading: _Reading, layout: Layout, lessons: list[LessonFile]) -> None:
    if any(group.key is not None and group.number is None for group in layout.groups):
        return  # modules that are told apart by folder may count alike
    by_number: dict[str, list[str]] = defaultdict(list)
    for lesson in lessons:
        if lesson.number.is_pair and lesson.number.label:
            by_number[lesson.number.label].append(lesson.relative.name)
    for label, names in sorted(by_number.items()):
        if len(names) > 1:
            reading.warnings.append(
                f"lesson {label} is there {len(names)} times: {', '.join(sorted(names))}; all are kept"
            )
