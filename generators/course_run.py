"""One run of `generate course`: the steps from a brief to a published course, each of which can be taken alone.

What is published is decided by the outbox alone: a file and its event are one unit of work. A lesson that cannot be
written is noted and the run goes on; a file that somebody changed by hand is kept. Taking a step again changes nothing
that is done.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from generators.approval import Approval
from generators.assessments import write_assessments
from generators.brief import Brief
from generators.checkpoint import Checkpoint, Stage
from generators.course_folder import CourseFolder
from generators.course_payloads import CoursePayloads
from generators.curriculum import Curriculum
from generators.curriculum_builder import build_curriculum, course_slug
from generators.curriculum_check import check
from generators.curriculum_yaml import dump_curriculum, load_curriculum
from generators.errors import GeneratorError, UsageFault
from generators.lesson_writer import LessonRequest
from generators.outline_page import write_outline
from generators.textfile import TextFile
from generators.writers import Writer
from outbox import FileConflict, Outbox, OutboxSettings

DRAFT = "curriculum.draft.yaml"


class NotApproved(UsageFault):
    """A step was asked for that only an approved curriculum allows."""


@dataclass(slots=True)
class Outcome:
    """What a run did.

    Attributes:
        kept: files that were changed by hand and left alone.
        failed: lesson id -> why.
        skipped: lessons that were there already.
    """

    slug: str = ""
    written: int = 0
    skipped: int = 0
    events: int = 0
    kept: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


class CourseRun:
    """The generation of one course.

    Args:
        box: opened with the CONTENT_ROOT of the settings.
        settings: for the root and the minds.
        brief_file: the decoded brief.
        brief: what it states.
        writer: of the lessons.

    Attributes:
        progress: called after each lesson with its id.
    """

    def __init__(
        self,
        box: Outbox,
        settings: OutboxSettings,
        *,
        brief_file: TextFile,
        brief: Brief,
        writer: Writer,
    ) -> None:
        self._box, self._settings = box, settings
        self._brief_file, self.brief = brief_file, brief
        self.writer = writer
        self.progress: Callable[[str], None] = lambda _: None
        self.folder = CourseFolder(root=settings.content_root, slug=course_slug(brief))
        self.checkpoint = Checkpoint(self.folder.path)
        self.outcome = Outcome(slug=self.folder.slug)

    def draft(self, *, resume: bool) -> tuple[str, ...]:
        """Build the curriculum and put it where the checkpoint finds it; returns what was assumed.

        A draft that somebody is deciding on is kept when resuming.

        Raises:
            IncompleteBrief: the brief does not say enough.
        """
        self.checkpoint.reached(Stage.ORGANISED)
        built = build_curriculum(self.brief)
        self.checkpoint.reached(Stage.BRIEF_COMPLETE)
        if not (resume and self.draft_path.exists()):
            self.draft_path.write_bytes(dump_curriculum(built.curriculum))
        return built.warnings

    @property
    def lesson_count(self) -> int:
        return sum(1 for _ in load_curriculum(self.draft_path.read_bytes()).lessons)

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
        """Publish the approved curriculum with brief and outline, and the events of project and modules."""
        data = self.draft_path.read_bytes()
        faults = check(data).errors
        if faults:
            raise GeneratorError("the curriculum cannot be approved: " + "; ".join(faults))
        self.checkpoint.progress.approved_sha256 = _sha256(data)
        self.checkpoint.reached(Stage.CURRICULUM_APPROVED)
        payloads = self._payloads()
        outline = write_outline(payloads.curriculum).encode()
        files = {
            "COURSE-BRIEF.md": self._brief_file.path.read_bytes(),
            "curriculum.yaml": data,
            "course-outline.md": outline,
        }
        with self._box.unit() as unit:
            for name, content in files.items():
                # The three are one decision of the author's, taken at the checkpoint: the approved text wins.
                unit.write(self.folder.relative(name), content, overwrite=name == "curriculum.yaml")
            for payload in payloads.structure(files):
                unit.append(payload)
        self._count(len(unit.result.appended), len(unit.result.written))

    def write_lessons(self, *, resume: bool) -> None:
        """Write every lesson of the approved curriculum, one unit of work each."""
        payloads = self._payloads()
        curriculum = payloads.curriculum
        self.checkpoint.reached(Stage.LESSONS_IN_PROGRESS)
        self.checkpoint.progress.failed.clear()
        lessons = list(curriculum.lessons)
        for index, lesson in enumerate(lessons):
            name = lesson.file_path or f"lessons/{lesson.lesson_id}.md"
            self.checkpoint.progress.next_lesson = lesson.lesson_id
            if resume and self._is_there(name):
                self.outcome.skipped += 1
            else:
                try:
                    text = self.writer.write(LessonRequest(brief=self.brief, curriculum=curriculum, index=index))
                    self._publish(payloads, name, text)
                except GeneratorError as exc:
                    self.outcome.failed[lesson.lesson_id] = str(exc)
                    self.checkpoint.progress.failed[lesson.lesson_id] = str(exc)
            self.progress(lesson.lesson_id)
        self.checkpoint.progress.next_lesson = next(iter(self.checkpoint.progress.failed), None)
        self.checkpoint.save()

    def write_assessments(self) -> None:
        """Write the quizzes and the final project."""
        payloads = self._payloads()
        for name, text in write_assessments(self.brief, payloads.curriculum):
            self._publish(payloads, name, text)
        if not self.checkpoint.progress.failed:
            self.checkpoint.reached(Stage.COMPLETE)
        self.checkpoint.save()

    def _publish(self, payloads: CoursePayloads, name: str, text: str) -> None:
        data = text.encode()
        try:
            with self._box.unit() as unit:
                unit.write(self.folder.relative(name), data)
                for payload in payloads.file(name, data):
                    unit.append(payload)
        except FileConflict:
            self.outcome.kept.append(self.folder.relative(name))
            return
        self.checkpoint.progress.published[name] = _sha256(data)
        self.checkpoint.save()
        self._count(len(unit.result.appended), len(unit.result.written))

    def _is_there(self, name: str) -> bool:
        """Whether a lesson was published by an earlier run and is still there, edited or not."""
        return name in self.checkpoint.progress.published and (self.folder.path / name).is_file()

    def _payloads(self) -> CoursePayloads:
        if not self.approved:
            raise NotApproved(
                f"the curriculum of {self.folder.slug} is not approved; run “generate approve” first, "
                "or give --approve to approve it unseen"
            )
        curriculum: Curriculum = load_curriculum(self.draft_path.read_bytes())
        return CoursePayloads(self._settings, self.folder, self.brief, curriculum)

    def _count(self, events: int, files: int) -> None:
        self.outcome.events += events
        self.outcome.written += files


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
