"""One run of `generate course`: the steps from a brief to a published course, each of which can be taken alone.

What is published is decided by the outbox alone: a file and its event are one unit of work, and lessons that cost
nothing to write share one. A lesson that cannot be written is noted, its neighbours in the unit are published all the
same, and the run goes on; a file that somebody changed by hand is kept. Taking a step again changes nothing
that is done.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from generators.errors import GeneratorError, UsageFault
from generators.lessons import (
    Estimate,
    LessonFacts,
    OfflineWriter,
    Writer,
    WriterStopped,
    cards,
    kit,
    quiz_path,
    writer_for,
)
from generators.making.approval import Approval
from generators.making.builder import build_curriculum, course_slug, refuse_incomplete
from generators.making.check import check
from generators.making.checkpoint import Checkpoint, Stage
from generators.making.plan import CoursePlan, plan_course
from generators.publishing.course_folder import CourseFolder
from generators.reading.brief import Brief
from generators.reading.curriculum import CurriculumModule
from generators.reading.curriculum.own_file import dump_curriculum, load_curriculum
from generators.reading.text import TextFile, read_text_file
from generators.sources import Sources, read_sources
from generators.whole_file import write_whole
from outbox import ContractError, FileConflict, Outbox, OutboxSettings, Payload, Result, Unpublished, catalogue

DRAFT = "curriculum.draft.yaml"
_WRITTEN_BY = re.compile(r"^written_by: *['\"]?([^'\"\s]+)", re.MULTILINE)  # in the head of a lesson, or of a quiz


class NotApproved(UsageFault):
    """A step was asked for that only an approved curriculum allows."""


@dataclass(slots=True)
class Outcome:
    """What a run did.

    Attributes:
        kept: files that were changed by hand, or written by a model, and left alone.
        gaps: how many things the author has still to add, in all lessons together.
        failed: lesson id -> why.
        skipped: lessons that were there already.
        unpublished: files whose events are kept, and that the disk did not let into their places.
    """

    slug: str = ""
    written: int = 0
    skipped: int = 0
    events: int = 0
    gaps: int = 0
    kept: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    unpublished: tuple[Unpublished, ...] = ()


class CourseRun:
    """The generation of one course.

    Args:
        box: opened with the CONTENT_ROOT of the settings.
        settings: for the root and the minds.
        brief_file: the decoded brief.
        brief: what it states.
        published: what an import will read in it, where a model quoted more than that.
        writer: name of the writer of the lessons; None for the one that they were begun with, and else the offline one.
        choose: makes a writer of its name, of a folder where it may keep what it wants to find again, and of how the
            lessons were asked for so far.
        sources: files and folders that the author named, beside what lies in the course's folder; those of the last
            run if empty.

    Attributes:
        progress: called after each lesson with its id.

    Raises:
        IncompleteBrief: the brief does not say enough to make a course of it.
    """

    def __init__(
        self,
        box: Outbox,
        settings: OutboxSettings,
        *,
        brief_file: TextFile,
        brief: Brief,
        published: Brief | None = None,
        writer: str | None = None,
        choose: Callable[[str, Path, Mapping[str, Any]], Writer] = lambda name, _folder, _asked: writer_for(name),
        sources: Sequence[Path] = (),
    ) -> None:
        self._box, self._settings = box, settings
        self._brief_file, self.brief, self._published = brief_file, brief, published or brief
        self._given_sources = tuple(sources)
        self.progress: Callable[[str], None] = lambda _: None
        refuse_incomplete(brief)
        self.folder = CourseFolder(root=settings.content_root, slug=course_slug(brief))
        self.checkpoint = Checkpoint(self.folder.path)
        self.outcome = Outcome(slug=self.folder.slug)
        self._named = writer is not None
        self._name = writer or self.checkpoint.progress.writer or kit.WRITER
        self._choose = choose
        self._planned: CoursePlan | None = None

    @cached_property
    def writer(self) -> Writer:
        """Who writes. A model without its key says so when this is first asked for."""
        before = self.checkpoint.progress
        asked = before.asked if before.writer == self._name else {}
        return self._choose(self._name, self.checkpoint.folder / "model", asked)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Files that are not quoted, and why, each as a line; empty before there is a plan."""
        return self._planned.facts.left_out if self._planned else ()

    @property
    def used(self) -> dict[str, Any]:
        """What a model has cost in this run; empty where none was needed."""
        return self.writer.used() if "writer" in self.__dict__ else {}

    def draft(self, *, resume: bool) -> tuple[str, ...]:
        """Build the curriculum and put it where the checkpoint finds it; returns what was assumed.

        A draft that was approved for this very brief is kept, and when resuming one that is being decided on.

        Raises:
            IncompleteBrief: the brief does not say enough.
        """
        built = build_curriculum(self.brief)
        self.checkpoint.reached(Stage.BRIEF_COMPLETE)
        same_brief = self.checkpoint.progress.brief_sha256 == self._brief_file.sha256
        if not (self.draft_path.exists() and same_brief and (resume or self.approved)):
            write_whole(self.draft_path, dump_curriculum(built.curriculum))
            self.checkpoint.progress.brief_sha256 = self._brief_file.sha256
            self.checkpoint.save()
        return built.warnings

    @property
    def lesson_count(self) -> int:
        return sum(1 for _ in load_curriculum(self.draft_path.read_bytes()).lessons)

    def left_to_write(self, *, resume: bool) -> tuple[int, Estimate]:
        """How many lessons are going to be written, and what they cost."""
        curriculum = self._plan().curriculum
        missing = [lesson for lesson in curriculum.lessons if not (resume and self._is_there(lesson.file_path or ""))]
        return len(missing), self.writer.estimate(len(missing), sum(lesson.minutes or 0 for lesson in missing))

    @property
    def draft_path(self) -> Path:
        return self.checkpoint.folder / DRAFT

    @property
    def approval(self) -> Approval:
        def regenerate() -> bytes:
            return dump_curriculum(build_curriculum(self.brief).curriculum)

        return Approval(self.draft_path, self.checkpoint.folder, self.writer, regenerate)

    @property
    def approved(self) -> bool:
        """Whether the draft, as it is now, is what was approved."""
        wanted = self.checkpoint.progress.approved_sha256
        return wanted is not None and self.draft_path.exists() and _sha256(self.draft_path.read_bytes()) == wanted

    def publish_approved(self) -> None:
        """Publish the approved curriculum with brief and outline, and the events of project and modules.

        Raises:
            GeneratorError: the curriculum has errors, or another curriculum.yaml is in the way.
        """
        data = self.draft_path.read_bytes()
        faults = check(data).errors
        if faults:
            raise GeneratorError("the curriculum cannot be approved: " + "; ".join(faults))
        news = not self.approved
        self.checkpoint.progress.approved_sha256 = _sha256(data)
        plan = self._plan()
        try:
            with self._box.unit() as unit:
                for name in self._about:
                    unit.write(self.folder.relative(name), plan.files[name])
                for payload in plan.events.structure:
                    unit.append(payload)
                if news:
                    for payload in self._approval_events(data):
                        unit.append(payload)
        except FileConflict as exc:
            raise GeneratorError(str(exc)) from exc
        self.checkpoint.reached(Stage.CURRICULUM_APPROVED)
        self._count(unit.result)

    def write_lessons(self, *, resume: bool) -> None:
        """Write the lessons of the approved curriculum, as many in one unit of work as the writer says.

        Each unit asks for its own wait for the disk. An interrupted run loses the lessons of one unit at most: for a
        writer that costs next to nothing, several; for one that is paid for each lesson, that lesson.
        """
        plan = self._plan()
        self.checkpoint.progress.writer = self.writer.name
        self.checkpoint.progress.asked = self.writer.asked
        self.checkpoint.progress.failed.clear()
        self.checkpoint.reached(Stage.LESSONS_IN_PROGRESS)
        group: dict[str, tuple[str, bytes]] = {}
        for index, lesson in enumerate(plan.curriculum.lessons):
            name = lesson.file_path or ""
            if resume and self._is_there(name):
                self.outcome.skipped += 1
                self.progress(lesson.lesson_id)
                continue
            if self._stays(name):
                self.outcome.kept.append(self.folder.relative(name))
                self.progress(lesson.lesson_id)
                continue
            try:
                group[lesson.lesson_id] = name, self._written(plan, index)
            except WriterStopped:
                self._publish_lessons(group)
                self.checkpoint.save()
                raise
            except GeneratorError as exc:
                self._failed(lesson.lesson_id, exc)
                self.progress(lesson.lesson_id)
            if len(group) >= self.writer.lessons_per_unit:
                self._publish_lessons(group)
        self._publish_lessons(group)
        if self.outcome.failed:
            # Outline, modules and project say how many lessons there are: say it again without those that failed.
            failed = [
                lesson.file_path or "" for lesson in plan.curriculum.lessons if lesson.lesson_id in self.outcome.failed
            ]
            self._count(self._box.append(*plan.events.without(failed)))
        self.checkpoint.save()

    def _publish_lessons(self, group: dict[str, tuple[str, bytes]]) -> None:
        refused = self._publish(dict(group.values()))
        for lesson_id, (name, _) in group.items():
            if name in refused:
                self._failed(lesson_id, refused[name])
            self.progress(lesson_id)
        group.clear()

    def _failed(self, lesson_id: str, why: Exception) -> None:
        self.outcome.failed[lesson_id] = str(why)
        self.checkpoint.progress.failed[lesson_id] = str(why)

    def _written(self, plan: CoursePlan, index: int) -> bytes:
        facts: LessonFacts = plan.facts.lessons[index]
        if isinstance(self.writer, OfflineWriter):
            self.outcome.gaps += len(facts.gaps)
            return plan.files[facts.lesson.file_path or ""]  # the plan was written by it
        return self.writer.write(plan.facts, facts).encode()

    def _stays(self, name: str) -> bool:
        """Whether a file was by hand or by a model, and nobody named the writer that would replace it."""
        if self._named or not self._is_there(name):
            return False
        known = self._box.file(self.folder.relative(name))
        text = read_text_file(self.folder.path / name)
        ours = {self.checkpoint.progress.published.get(name), _sha256(self._plan().files.get(name, b""))}
        if known is not None and known.sha256 not in ours:
            return True  # changed by hand, and taken over since
        written_by = _WRITTEN_BY.search(text.text)
        return isinstance(self.writer, OfflineWriter) and written_by is not None and written_by[1] != kit.WRITER

    def write_assessments(self) -> None:
        """Write the quizzes, the final project, and the cards of the terms.

        Raises:
            WriterStopped: a model can write no further quiz; everything else is published.
        """
        files = {
            name: data
            for name, data in self._plan().files.items()
            if name.startswith("assessments/") or name == cards.PATH
        }
        stopped: WriterStopped | None = None
        # The plan holds the quizzes of the offline writer already.
        for module in () if isinstance(self.writer, OfflineWriter) else self._plan().curriculum.modules:
            name = quiz_path(module)
            try:
                quiz = None if self._stays(name) else self.writer.quiz(self._plan().facts, module, self._texts(module))
            except WriterStopped as exc:
                stopped = exc
                break
            if quiz is not None:
                files[name] = quiz.encode()
        kept = [name for name in files if self._stays(name)]
        self.outcome.kept += map(self.folder.relative, kept)
        refused = self._publish({name: data for name, data in files.items() if name not in kept})
        for name, why in refused.items():
            raise GeneratorError(f"{name} cannot be published: {why}") from why
        if stopped is not None:
            raise stopped
        if not self.checkpoint.progress.failed:
            self.checkpoint.reached(Stage.COMPLETE)

    def _texts(self, module: CurriculumModule) -> dict[str, str]:
        """The lessons of a module that are there: id -> Markdown."""
        names = {lesson.lesson_id: lesson.file_path or "" for lesson in module.lessons}
        return {
            lesson_id: read_text_file(self.folder.path / name).text
            for lesson_id, name in names.items()
            if self._is_there(name)
        }

    def _plan(self) -> CoursePlan:
        if self._planned is None:
            if not self.approved:
                raise NotApproved(
                    f"the curriculum of {self.folder.slug} is not approved; run “generate approve” first, "
                    "or give --approve to approve it unseen"
                )
            self._planned = plan_course(
                self._settings,
                self.folder,
                brief_name=self._brief_name,
                brief_file=self._brief_file,
                brief=self.brief,
                published=self._published,
                curriculum_data=self.draft_path.read_bytes(),
                sources=self.sources,
            )
        return self._planned

    @cached_property
    def sources(self) -> Sources:
        """What lies in the course's folder and was not made by a generator, and what its author named, now or before.

        Raises:
            MissingPath: what is named now is not there.
            UsageFault: what was named before is not; nothing is written anew without what it was written from.
        """
        noted = self.checkpoint.progress
        given = self._given_sources or tuple(map(Path, noted.sources))
        for path in () if self._given_sources else given:
            if not path.exists():
                raise UsageFault(
                    f"the last run of {self.folder.slug} was made with --sources {path}, which is not there; put it "
                    "back, or name others"
                )
        found = read_sources(self.folder.path, given, leave_out=[self._brief_file.path])
        noted.sources = [str(path.absolute()) for path in given]
        return found

    @property
    def _brief_name(self) -> str:
        """The brief keeps its name where it lies in the course's folder already, and is copied there otherwise."""
        path, folder = self._brief_file.path.resolve(), self.folder.path.resolve()
        return path.name if path.parent == folder else "COURSE-BRIEF.md"

    @property
    def _about(self) -> tuple[str, ...]:
        return self._brief_name, "curriculum.yaml", "course-outline.md"

    def _approval_events(self, data: bytes) -> list[Payload]:
        slug = self.folder.slug
        approval = {"curriculum_sha256": _sha256(data), **self.approval.last()}
        return [
            catalogue.ProjectStatusChanged(slug=slug, status="in_progress"),
            catalogue.ContentMetadataMerged(slug=f"{slug}--outline", metadata={"approval": approval}),
        ]

    def _publish(self, files: dict[str, bytes]) -> dict[str, Exception]:
        """Publish files with their events as one unit; where one of them stands in the way, each as its own.

        Returns:
            The files that cannot be published, and why. One that somebody changed by hand is kept, and no fault.
        """
        if not files:
            return {}
        plan = self._plan()
        try:
            with self._box.unit() as unit:
                for name, data in files.items():
                    unit.write(self.folder.relative(name), data)
                    for payload in plan.events.of_file(name, data):
                        unit.append(payload)
        except (FileConflict, ContractError, GeneratorError) as exc:
            if len(files) > 1:
                refused: dict[str, Exception] = {}
                for name, data in files.items():
                    refused |= self._publish({name: data})
                return refused
            if not isinstance(exc, FileConflict):
                return dict.fromkeys(files, exc)
            self.outcome.kept += map(self.folder.relative, files)
            return {}
        self.checkpoint.progress.published |= {name: _sha256(data) for name, data in files.items()}
        self.checkpoint.save()
        self._count(unit.result)
        return {}

    def _is_there(self, name: str) -> bool:
        """Whether a lesson was published by an earlier run and is still there, edited or not.

        The outbox knows what was published, to the last file before a crash; the checkpoint only tells people.
        """
        return self._box.file(self.folder.relative(name)) is not None and (self.folder.path / name).is_file()

    def _count(self, result: Result) -> None:
        self.outcome.events += len(result.appended)
        self.outcome.written += len(result.written)
        self.outcome.unpublished += result.unpublished


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
