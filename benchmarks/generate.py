"""What the outbox adds to generating a course; the persister's limits; an import beside a database, alive or not.

The course without an outbox is the same run: brief, plan, approval with its audit line, progress, the same lessons and
assessments, and every file written, fsynced and renamed, its directory fsynced once a group as the outbox does.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.lesson import lesson
from benchmarks.measure import Finding, at_most, limit, p50_ms, p50_ratios, take_turns
from generators.approval import Approval
from generators.assessments import write_assessments
from generators.brief import parse_brief
from generators.checkpoint import Checkpoint, Stage
from generators.course_run import CourseRun
from generators.curriculum_builder import build_curriculum, refuse_incomplete
from generators.curriculum_check import check
from generators.curriculum_yaml import dump_curriculum, load_curriculum
from generators.lesson_writer import LessonRequest, write_lesson
from generators.outline_page import write_outline
from generators.persister import CoursePersister
from generators.textfile import read_text_file
from generators.writers import OfflineWriter
from outbox import Outbox, OutboxSettings

TURNS, QUICK_TURNS = 60, 20
BRIEF = Path(__file__).parent.parent / "tests" / "data" / "briefs" / "fotografia-com-celular.md"
REAL_COURSES = Path(__file__).parents[2] / "shared" / "data" / "courses"
REAL_TURNS = 15
_BATCH = 20
_DEAD = "postgresql://nobody:nothing@127.0.0.1:9/postgres"


def run(folder: Path, *, quick: bool) -> list[Finding]:
    turns = QUICK_TURNS if quick else TURNS
    found = [_course(folder, turns), *_persister(folder, turns)]
    return found if quick else [*found, *_import(folder, turns)]


def with_outbox(place: Path) -> None:
    """`generate course BRIEF --approve`, without starting Python."""
    file = read_text_file(BRIEF)
    brief = parse_brief(file)
    settings = OutboxSettings(outbox_path=place / "outbox.db", content_root=place / "outputs")
    with Outbox.open(settings.outbox_path, content_root=settings.content_root) as box:
        course = CourseRun(box, settings, brief_file=file, brief=brief, writer=OfflineWriter())
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
    for stage in (Stage.ORGANISED, Stage.BRIEF_COMPLETE):
        checkpoint.reached(stage)
    draft = checkpoint.folder / "curriculum.draft.yaml"
    draft.write_bytes(dump_curriculum(built.curriculum))
    checkpoint.save()
    Approval(draft, checkpoint.folder, OfflineWriter(), lambda: b"").approve_unasked()
    data = draft.read_bytes()
    assert not check(data).errors
    curriculum = load_curriculum(data)
    outline = write_outline(curriculum).encode()
    _write(course, {BRIEF.name: BRIEF.read_bytes(), "curriculum.yaml": data, "course-outline.md": outline})
    checkpoint.reached(Stage.CURRICULUM_APPROVED)
    checkpoint.reached(Stage.LESSONS_IN_PROGRESS)
    group: dict[str, bytes] = {}
    for index, listed in enumerate(curriculum.lessons):
        text = write_lesson(LessonRequest(brief=brief, curriculum=curriculum, index=index)).text
        group[listed.file_path or ""] = text.encode()
        if len(group) == OfflineWriter.lessons_per_unit:
            _write(course, group)
            group = {}
            checkpoint.save()
    _write(course, group)
    _write(course, {name: text.encode() for name, text in write_assessments(brief, curriculum)})
    checkpoint.reached(Stage.COMPLETE)
    checkpoint.save()


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


def _course(folder: Path, turns: int) -> Finding:
    variants = {"plain": without_outbox, "outbox": with_outbox}

    def taking(name: str, turn: int) -> float:
        place = folder / f"{name}-{turn}"
        place.mkdir()
        Outbox.open(place / "outbox.db").close()  # made once for all courses
        began = time.perf_counter()
        variants[name](place)
        took = time.perf_counter() - began
        shutil.rmtree(place)  # outside of what is timed
        return took

    times: dict[str, list[float]] = {name: [] for name in variants}
    for turn in range(-2, turns):
        for name in list(variants)[:: 1 if turn % 2 else -1]:
            took = taking(name, turn)
            if turn >= 0:
                times[name].append(took)
    return at_most(
        "generate",
        "course of 40 lessons / the same without an outbox, p50",
        p50_ratios(times, "outbox", "plain"),
        1.1,
        f"{p50_ms(times['outbox']):.0f} / {p50_ms(times['plain']):.0f} ms",
    )


def _persister(folder: Path, turns: int) -> list[Finding]:
    bodies = [str(lesson(number).body) for number in range(_BATCH)]
    batches, single = [], []
    with Outbox.open(folder / "persister.db") as box:
        persister = CoursePersister(box)
        project = persister.persist_project({"name": "Pão caseiro"})
        for turn in range(turns):
            lessons = [{"title": f"Aula {turn}-{n}", "content": body} for n, body in enumerate(bodies)]
            began = time.perf_counter()
            persister.persist_lessons_batch(lessons, project)
            batches.append(time.perf_counter() - began)
            began = time.perf_counter()
            content = {"title": f"Uma {turn}", "content_type": "course_lesson", "content": bodies[0]}
            persister.persist_content(content, project)
            single.append(time.perf_counter() - began)
    return [
        limit(
            "generate", "persister, 20 lessons, slowest", max(batches) * 1000, "ms", 500, f"p50 {p50_ms(batches):.1f}"
        ),
        limit("generate", "persister, one lesson, slowest", max(single) * 1000, "ms", 100, f"p50 {p50_ms(single):.1f}"),
    ]


def _import(folder: Path, turns: int) -> list[Finding]:
    """`generate import` as a process of its own, with a database that answers and with one that does not."""
    # Imported here: a look with --quick at the other figures asks for no Postgres.
    from worker.standin import LocalPostgres  # noqa: PLC0415

    (folder / "imported").mkdir()
    with_outbox(folder / "imported")
    courses = folder / "imported" / "outputs" / "courses"
    sources = {"40 lessons": courses}
    if REAL_COURSES.is_dir():
        sources["the real folders"] = REAL_COURSES
    with LocalPostgres(folder / "postgres") as postgres:
        addresses = {"alive": postgres.dsn(), "dead": _DEAD}
        return [
            _dead_and_alive(folder, turns if source is courses else REAL_TURNS, name, source, addresses)
            for name, source in sources.items()
        ]


def _dead_and_alive(folder: Path, turns: int, what: str, source: Path, addresses: dict[str, str]) -> Finding:
    def importing(name: str, turn: int) -> None:
        outbox = folder / f"import-{source.name}-{name}-{turn}.db"
        environment = {**os.environ, "OUTBOX_PATH": str(outbox), "SUPABASE_DB_URL": addresses[name]}
        command = [sys.executable, "-m", "generators", "import", str(source), "--quiet"]
        # What a real folder holds that cannot be read is reported with exit code 1, alive or dead.
        subprocess.run(command, env=environment, check=source != REAL_COURSES, stderr=subprocess.DEVNULL)

    variants = {name: (lambda turn, name=name: importing(name, turn)) for name in addresses}
    times = take_turns(variants, turns, warm_up=1)
    return at_most(
        "generate",
        f"import of {what}, database dead / alive, p50",
        p50_ratios(times, "dead", "alive"),
        1.05,
        f"{p50_ms(times['dead']):.0f} / {p50_ms(times['alive']):.0f} ms, of a process; it has no way to ask for either",
    )
