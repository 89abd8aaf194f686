"""The same course twice: through the outbox, and into files alone, as durable.

The course without an outbox is the same run: brief, plan, approval with its audit line, progress, the same lessons and
assessments, and every file written, fsynced and renamed, its directory fsynced once a group as the outbox does.

    python -m benchmarks.course_pair [TURNS]

prints both sides and their ratio from one run, by the processor's time too: of the wall clock the disk has a large
part, and whoever else uses it.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from generators.lessons import CourseFacts, OfflineWriter, write_assessments, write_kit
from generators.making.approval import Approval
from generators.making.builder import build_curriculum, refuse_incomplete
from generators.making.check import check
from generators.making.checkpoint import Checkpoint, Stage
from generators.making.outline_page import write_outline
from generators.making.run import CourseRun
from generators.reading.brief import parse_brief
from generators.reading.curriculum.own_file import dump_curriculum, load_curriculum
from generators.reading.text import read_text_file
from outbox import Outbox, OutboxSettings

BRIEF = Path(__file__).parent.parent / "tests" / "data" / "briefs" / "fotografia-com-celular.md"


def with_outbox(place: Path) -> None:
    """`generate course BRIEF --approve`, without starting Python."""
    file = read_text_file(BRIEF)
    brief = parse_brief(file)
    settings = OutboxSettings(outbox_path=place / "outbox.db", content_root=place / "outputs")
    with Outbox.open(settings.outbox_path, content_root=settings.content_root) as box:
        course = CourseRun(box, settings, brief_file=file, brief=brief, writer="offline")
        course.draft(resume=False)
        course.approval.approve_unasked()
        course.publish_approved()
        course.write_lessons(resume=False)
        course.write_assessments()


def without_outbox(place: Path) -> None:
    """The same steps, into files alone."""
    file = read_text_file(BRIEF)
    brief = parse_brief(file)
    refuse_incomplete(brief)
    course = place / "outputs" / "courses" / "course"
    checkpoint = Checkpoint(course)
    built = build_curriculum(brief)
    checkpoint.reached(Stage.BRIEF_COMPLETE)
    draft = checkpoint.folder / "curriculum.draft.yaml"
    draft.write_bytes(dump_curriculum(built.curriculum))
    checkpoint.save()
    Approval(draft, checkpoint.folder, OfflineWriter(), lambda: b"").approve_unasked()
    data = draft.read_bytes()
    assert not check(data).errors
    curriculum = load_curriculum(data)
    outline = write_outline(curriculum, "pt").encode()
    _write(course, {BRIEF.name: BRIEF.read_bytes(), "curriculum.yaml": data, "course-outline.md": outline})
    checkpoint.reached(Stage.CURRICULUM_APPROVED)
    checkpoint.reached(Stage.LESSONS_IN_PROGRESS)
    group: dict[str, bytes] = {}
    facts = CourseFacts(brief=brief, curriculum=curriculum, language="pt")
    for lesson in facts.lessons:
        group[lesson.lesson.file_path or ""] = write_kit(facts, lesson).text.encode()
        if len(group) == OfflineWriter.lessons_per_unit:
            _write(course, group)
            group = {}
            checkpoint.save()
    _write(course, group)
    _write(course, {name: text.encode() for name, text in write_assessments(facts)})
    checkpoint.reached(Stage.COMPLETE)


def compare(folder: Path, turns: int) -> dict[str, tuple[float, float]]:
    """Make the course both ways in turns; for each side the medians of seconds and of seconds of the processor."""
    sides = {"through the outbox": with_outbox, "into files alone": without_outbox}
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for turn in range(-1, turns):
        for name in list(sides)[:: 1 if turn % 2 else -1]:
            place = folder / f"{turn}-{len(name)}"
            place.mkdir()
            Outbox.open(place / "outbox.db").close()
            began, busy = time.perf_counter(), time.process_time()
            sides[name](place)
            if turn >= 0:
                took[name].append((time.perf_counter() - began, time.process_time() - busy))
    return {name: (median(wall for wall, _ in own), median(busy for _, busy in own)) for name, own in took.items()}


def main() -> None:
    """Print milliseconds of both sides and the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        found = compare(Path(folder), int(sys.argv[1]) if len(sys.argv) > 1 else 15)
    for name, (wall, busy) in found.items():
        print(f"{name}: {wall * 1000:.0f} ms, {busy * 1000:.0f} ms of the processor")
    (ours, our_busy), (bare, bare_busy) = found.values()
    print(f"ratio: {ours / bare:.2f}, {our_busy / bare_busy:.2f} of the processor; {our_busy - bare_busy:.3f} s more")


def _write(course: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = course / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.tmp")
        with temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.rename(path)
    for directory in {(course / name).parent for name in files}:
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(fd)
        os.close(fd)


if __name__ == "__main__":
    main()
