"""Writes the lessons that a course's curriculum lists and its folder lacks: `generate write FOLDER`.

The course may be anybody's, of any layout; what is there stays as it is. Each new lesson is published with all that it
makes true of the course, in one unit of work, as if the finished folder were imported; importing it afterwards says
nothing new.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from slugify import slugify

from generators.errors import GeneratorError, NotACurriculum, UsageFault
from generators.lessons import CourseFacts, LessonFacts, Writer, WriterStopped, language_of
from generators.publishing import CoursePayloads, Minds, files_of, named_in
from generators.reading.brief import Brief
from generators.reading.course import Course, course_of, read_course
from generators.reading.curriculum import CurriculumLesson
from generators.reading.text import decode_file
from generators.sources import Sources, read_sources
from outbox import ContractError, FileConflict, Outbox, OutboxSettings

_LONGEST_SLUG = 60


@dataclass(slots=True)
class Written:
    """What was done.

    Attributes:
        written: paths of the new lessons, in the folder.
        failed: lesson id -> why.
        gaps: how many things the author has still to add to them.
        events: that were appended.
        skipped_sources: sources that were not used, each as a line.
    """

    written: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    gaps: int = 0
    events: int = 0
    skipped_sources: tuple[str, ...] = ()


class MissingLessons:
    """The lessons that one course lacks.

    Args:
        box: opened with the CONTENT_ROOT of the settings.
        settings: for the root and the minds.
        folder: the course's.
        sources: files and folders that the author named, beside what lies in the folder.

    Raises:
        GeneratorError: the folder holds no course, or no curriculum, or lies outside CONTENT_ROOT.
    """

    def __init__(self, box: Outbox, settings: OutboxSettings, folder: Path, sources: Sequence[Path] = ()) -> None:
        self._box = box
        root = settings.content_root.resolve()
        self._course: Course = read_course(folder.resolve())
        if self._course.curriculum is None:
            raise NotACurriculum(folder, "holds no curriculum; `generate course BRIEF` makes one from a brief")
        if not self._course.folder.is_relative_to(root):
            raise UsageFault(f"{folder} lies outside CONTENT_ROOT ({root}); set CONTENT_ROOT to a folder above it")
        self._prefix = f"{self._course.folder.relative_to(root).as_posix()}/"
        self._minds = Minds(creator=settings.creator_mind, persona=settings.persona_mind)
        (named,) = named_in(box, [self._course], root)
        self._project = named.slug
        self._sources: Sources = read_sources(self._course.folder, sources, leave_out=self._known_already())
        curriculum = self._course.curriculum
        said = "\n".join([curriculum.title or "", *(lesson.title or "" for lesson in curriculum.lessons)])
        self.facts = CourseFacts(
            brief=self._course.brief or Brief(),
            curriculum=curriculum,
            language=language_of(curriculum.language, said),
            sources=self._sources,
        )

    @property
    def lessons(self) -> list[LessonFacts]:
        """What is known for each lesson that is missing."""
        missing = {lesson.lesson_id for lesson in self._course.missing}
        return [facts for facts in self.facts.lessons if facts.lesson.lesson_id in missing]

    def write(self, writer: Writer, done: Callable[[str], None] = lambda _: None) -> Written:
        """Write them all, as many in one unit of work as the writer says.

        Args:
            writer: who writes.
            done: called after each lesson with its id.

        Raises:
            WriterStopped: the writer can write no further lesson; those before it are published.
        """
        outcome = Written(skipped_sources=(*self._sources.skipped, *self.facts.left_out))
        group: dict[str, tuple[LessonFacts, bytes]] = {}
        try:
            for facts in self.lessons:
                try:
                    group[self._path(facts.lesson)] = facts, writer.write(self.facts, facts).encode()
                except WriterStopped:
                    raise
                except GeneratorError as exc:
                    outcome.failed[facts.lesson.lesson_id] = str(exc)
                done(facts.lesson.lesson_id)
                if len(group) >= writer.lessons_per_unit:
                    self._publish(group, outcome)
        finally:
            self._publish(group, outcome)
        return outcome

    def _publish(self, group: dict[str, tuple[LessonFacts, bytes]], outcome: Written) -> None:
        if not group:
            return
        folder = self._course.folder
        files = files_of(self._course)
        new = {PurePosixPath(name): decode_file(folder / name, data) for name, (_, data) in group.items()}
        course = course_of(folder, {**files, **new}, brief=self._course.brief)
        payloads = CoursePayloads(course, self._project, self._prefix, self._minds)
        try:
            with self._box.unit() as unit:
                for name, (_, data) in group.items():
                    unit.write(f"{self._prefix}{name}", data)
                for draft in payloads.drafts():
                    unit.append(draft.payload)
        except (ContractError, FileConflict) as exc:
            outcome.failed |= {facts.lesson.lesson_id: str(exc) for facts, _ in group.values()}
        else:
            self._course = course
            outcome.written += group
            outcome.gaps += sum(len(facts.gaps) for facts, _ in group.values())
            outcome.events += len(unit.result.appended)
        group.clear()

    def _path(self, lesson: CurriculumLesson) -> str:
        """Where a lesson goes: where the curriculum says, if that is a free place in the folder."""
        stated = PurePosixPath(lesson.file_path or "")
        safe = stated.suffix == ".md" and not stated.is_absolute() and ".." not in stated.parts
        if safe and not (self._course.folder / stated).exists():
            return stated.as_posix()
        slug = slugify(lesson.title or "", max_length=_LONGEST_SLUG, word_boundary=True, save_order=True)
        return f"lessons/{lesson.lesson_id}{f'-{slug}' if slug else ''}.md"

    def _known_already(self) -> list[Path]:
        """Brief, curriculum and lessons are no sources: what they say is known, or is to be written."""
        about = [self._course.brief_file, self._course.curriculum_file, self._course.outline]
        named = [self._course.folder / one.relative for one in about if one is not None]
        return named + [self._course.folder / lesson.relative for lesson in self._course.lessons]
