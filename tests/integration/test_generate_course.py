"""From a brief to a published course, through the command line, with a real outbox and no database."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from generators.cli import cli
from generators.errors import GeneratorError, UsageFault
from generators.lessons import CourseFacts, Estimate, LessonFacts, OfflineWriter, WriterStopped, write_kit
from generators.making import run as course_run
from generators.making.plan import CoursePlan
from generators.reading.brief import read_brief
from generators.reading.course.page import known_head, read_head
from generators.reading.curriculum.own_file import load_curriculum
from generators.reading.text import read_text_file
from outbox import Outbox

BRIEFS = Path(__file__).parent.parent / "data" / "briefs"
EXAMPLES = Path(__file__).parents[2] / "examples"
BRIEF = BRIEFS / "fotografia-com-celular.md"
SLUG = "fotografia-com-celular"
LESSONS = 40
FILES = LESSONS + 3 + 8 + 1


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("OUTBOX_PATH", "CONTENT_ROOT", "CREATOR_MIND_ID", "PERSONA_MIND_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def course(workplace: Path) -> Path:
    return workplace / "outputs" / "courses" / SLUG


def _generate(*arguments: object, typed: str | None = None) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], input=typed)


def _made(*arguments: object, typed: str | None = None) -> dict[str, object]:
    result = _generate(*arguments, "--json", typed=typed)
    assert result.exit_code == 0, (result.output, result.exception)
    made: dict[str, object] = json.loads(result.stdout.splitlines()[-1])
    return made


def _last_seq(workplace: Path) -> int:
    with Outbox.open(workplace / ".outbox" / "outbox.db", content_root=workplace / "outputs") as box:
        return box.last_seq


def _bytes(course: Path) -> dict[str, bytes]:
    files = [path for path in course.rglob("*") if path.is_file() and ".state" not in path.parts]
    return {path.relative_to(course).as_posix(): path.read_bytes() for path in files}


def test_a_brief_becomes_a_whole_course(course: Path) -> None:
    """Brief, curriculum, outline, lessons, quizzes and project are there, each with its event."""
    made = _made("course", BRIEF, "--approve")
    assert made["files_written"] == FILES
    assert len(list((course / "lessons").iterdir())) == LESSONS
    assert len(list((course / "assessments").iterdir())) == 9


def test_a_second_run_changes_nothing(course: Path) -> None:
    """The same brief gives the same bytes and no event."""
    _made("course", BRIEF, "--approve")
    before = _bytes(course)
    made = _made("course", BRIEF, "--approve")
    assert (made["files_written"], made["events_appended"]) == (0, 0)
    assert _bytes(course) == before


def test_another_place_gives_the_same_bytes(workplace: Path, course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine, the clock or the folder is in a generated file."""
    _made("course", BRIEF, "--approve")
    other = workplace / "elsewhere"
    other.mkdir()
    monkeypatch.chdir(other)
    _made("course", BRIEF, "--approve")
    assert _bytes(other / "outputs" / "courses" / SLUG) == _bytes(course)


def test_importing_a_generated_course_appends_nothing(course: Path) -> None:
    """Generating and importing say the same about a course, word for word."""
    _made("course", BRIEF, "--approve")
    result = _generate("import", course, "--json")
    assert result.exit_code == 0, result.output
    imported = json.loads(result.stdout)
    assert imported["appended"] == 0
    assert imported["courses"][0]["lessons"] == LESSONS


def test_what_is_known_of_a_lesson_is_what_would_be_read(course: Path) -> None:
    """The head that the writer hands over is the one that the importer finds in the file."""
    _made("course", BRIEF, "--approve")
    brief = read_brief(BRIEF)
    curriculum = load_curriculum((course / "curriculum.yaml").read_bytes())
    facts = CourseFacts(brief=brief, curriculum=curriculum, language="pt")
    for lesson in facts.lessons:
        written = write_kit(facts, lesson)
        found = read_head(read_text_file(course / str(lesson.lesson.file_path)))
        known = known_head(written.head, found.heading)
        assert known is not None
        # Decimal numbers are read as text: 2.10 is a lesson. None of a head's own is looked at.
        assert replace(known, head={}) == replace(found, head={})
        told = known.head.keys() - {"voice_fidelity_target", "gaps"}
        assert {key: found.head[key] for key in told} == {key: known.head[key] for key in told}


def test_lessons_without_sources_name_their_gaps_and_fail(course: Path) -> None:
    """What nobody said is marked in the file, counted by the run, and found by `generate score`."""
    made = _made("course", BRIEF, "--approve")
    marks = sum(path.read_text("utf-8").count("✍️ **Falta**") for path in (course / "lessons").iterdir())
    assert made["gaps"] == marks >= LESSONS
    result = _generate("score", course, "--json")
    assert result.exit_code == 4
    scored = json.loads(result.stdout)
    assert scored["passing"] == 0
    assert sum(lesson["gaps"] for lesson in scored["lessons"]) == marks


def test_nothing_is_written_before_it_is_approved(workplace: Path, course: Path) -> None:
    """End of input at the checkpoint is cancel: no file, no event, and exit code 1."""
    result = _generate("course", BRIEF, typed="")
    assert result.exit_code == 1
    assert _bytes(course) == {}
    assert _last_seq(workplace) == 0


def test_approval_takes_the_whole_word(course: Path) -> None:
    """“y” approves nothing; “yes” does."""
    result = _generate("course", BRIEF, typed="y\nyes\n")
    assert result.exit_code == 0, result.output
    assert 'type the whole word "yes"' in result.stderr
    assert len(list((course / "lessons").iterdir())) == LESSONS


def test_the_plan_is_shown_whole(workplace: Path) -> None:
    """The author sees title, totals, cost and every lesson before deciding."""
    result = _generate("course", BRIEF, typed="cancel\n")
    for shown in ("Fotografia com Celular: Do Clique ao Portfólio", "8 modules, 40 lessons", "costs nothing", "8.5"):
        assert shown in result.stderr


def test_the_approval_is_an_event_and_a_line_in_the_audit_trail(workplace: Path, course: Path) -> None:
    """Who approved what, when and how can be told later, here and in the database."""
    _made("course", BRIEF, "--approve")
    (line,) = (course / ".state" / "approvals.jsonl").read_text().splitlines()
    entry = json.loads(line)
    assert (entry["decision"], entry["how"]) == ("approved", "--approve")
    with Outbox.open(workplace / ".outbox" / "outbox.db", content_root=workplace / "outputs") as box:
        (event,) = box.read(event_type="content.metadata_merged")
    assert event.payload["metadata"]["approval"]["curriculum_sha256"] == entry["curriculum_sha256"]


def test_the_steps_taken_one_by_one_make_the_same_course(course: Path, workplace: Path) -> None:
    """brief, curriculum, approve, lessons and assessments together are `course`."""
    for step in (["brief", BRIEF], ["curriculum", BRIEF], ["approve", BRIEF, "--approve"]):
        assert _generate(*step).exit_code == 0
    _made("lessons", BRIEF)
    _made("assessments", BRIEF)
    assert len(_bytes(course)) == FILES
    assert _made("course", BRIEF, "--approve")["events_appended"] == 0


def test_lessons_before_approval_are_refused(course: Path) -> None:
    """The expensive step does not start before the gate."""
    _generate("curriculum", BRIEF)
    result = _generate("lessons", BRIEF)
    assert isinstance(result.exception, GeneratorError)
    assert "not approved" in str(result.exception)
    assert _bytes(course) == {}


def test_a_failed_lesson_does_not_stop_the_run(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are written, the run exits with 1, and --resume writes the one that is missing."""
    genuine = course_run.CourseRun._written

    def failing(self: course_run.CourseRun, plan: CoursePlan, index: int) -> bytes:
        if index == 6:
            raise GeneratorError("the model did not answer")
        return genuine(self, plan, index)

    with monkeypatch.context() as patch:
        patch.setattr(course_run.CourseRun, "_written", failing)
        result = _generate("course", BRIEF, "--approve")
    assert result.exit_code == 1
    assert "lesson 2.2: the model did not answer" in result.stderr
    assert len(list((course / "lessons").iterdir())) == LESSONS - 1
    made = _made("course", BRIEF, "--approve", "--resume")
    assert (made["lessons_skipped"], made["files_written"]) == (LESSONS - 1, 1)
    imported = json.loads(_generate("import", course, "--json").stdout)
    assert imported["appended"] == 0


def test_a_killed_run_resumes(course: Path, workplace: Path) -> None:
    """A kill loses one group of lessons at most, and --resume completes the course."""
    together = 10
    script = (
        "import os, signal\n"
        "from generators.lessons import OfflineWriter\n"
        "from generators.making.run import CourseRun\n"
        "from generators.cli import main\n"
        f"OfflineWriter.lessons_per_unit = {together}\n"
        "whole = CourseRun._publish\n"
        "def dying(self, files):\n"
        "    if any(name.startswith('lessons/4.3') for name in files): os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return whole(self, files)\n"
        "CourseRun._publish = dying\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script, "course", str(BRIEF), "--approve"], check=False)
    assert done.returncode == -9
    whole_groups = 17 // together * together  # 4.3 is the 18th lesson
    assert len(list((course / "lessons").iterdir())) == whole_groups
    made = _made("course", BRIEF, "--approve", "--resume")
    assert made["lessons_skipped"] == whole_groups
    assert len(_bytes(course)) == FILES
    assert json.loads(_generate("import", course, "--json").stdout)["appended"] == 0


def test_a_lesson_in_the_way_is_kept_and_its_neighbours_are_published(course: Path) -> None:
    """Lessons of one unit do not answer for each other: a file somebody put in one's place is that one's matter."""
    _made("curriculum", BRIEF)
    plan = load_curriculum((course / ".state" / "curriculum.draft.yaml").read_bytes())
    own = course / str(list(plan.lessons)[1].file_path)
    own.parent.mkdir()
    own.write_text("# Minha aula\n", "utf-8")
    made = _made("course", BRIEF, "--approve")
    assert made["kept"] == [own.relative_to(course.parent.parent).as_posix()]
    assert own.read_text("utf-8") == "# Minha aula\n"
    assert made["files_written"] == FILES - 1


@pytest.mark.parametrize("bad", [b"# Aula\n\x00\n", b"# Aula\n" + b"longa " * 3_000_000])
def test_a_lesson_that_cannot_be_stored_fails_alone(course: Path, monkeypatch: pytest.MonkeyPatch, bad: bytes) -> None:
    """What the outbox refuses of one lesson is that lesson's failure; the others of its unit are published."""
    genuine = course_run.CourseRun._written

    def broken(self: course_run.CourseRun, plan: CoursePlan, index: int) -> bytes:
        return bad if index == 3 else genuine(self, plan, index)

    with monkeypatch.context() as patch:
        patch.setattr(course_run.CourseRun, "_written", broken)
        result = _generate("course", BRIEF, "--approve")
    assert result.exit_code == 1
    assert "failed: lesson 1.4" in result.stderr
    assert len(list((course / "lessons").iterdir())) == LESSONS - 1
    made = _made("course", BRIEF, "--approve", "--resume")
    assert (made["lessons_skipped"], made["files_written"]) == (LESSONS - 1, 1)


def test_a_lesson_that_costs_money_is_published_at_once(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each lesson is paid for, an interruption loses none that was written."""

    class Paid(OfflineWriter):
        lessons_per_unit = 1

        def estimate(self, lessons: int, minutes: int) -> Estimate:
            return Estimate(seconds=1, tokens=lessons * minutes, note="real money")

        def write(self, course: CourseFacts, facts: LessonFacts) -> str:
            if facts.index == 5:
                raise KeyboardInterrupt
            return super().write(course, facts) + "\nFim.\n"

    monkeypatch.setattr("generators.lessons.writer_for", lambda *_: Paid())
    monkeypatch.setattr(course_run, "OfflineWriter", type("Other", (), {}))
    result = _generate("course", BRIEF, "--approve")
    assert result.exit_code != 0
    assert "writing 40 lessons with “offline”: real money" in result.stderr
    assert len(list((workplace / "outputs" / "courses" / SLUG / "lessons").iterdir())) == 5


def test_a_lesson_changed_by_hand_is_kept_and_sync_takes_it_over(course: Path) -> None:
    """A generator never overwrites what a person wrote."""
    _made("course", BRIEF, "--approve")
    lesson = course / "lessons" / "1.2-luz-dura-e-luz-macia.md"
    edited = lesson.read_text() + "\nUma linha minha.\n"
    lesson.write_text(edited)
    made = _made("course", BRIEF, "--approve")
    assert made["kept"] == [f"courses/{SLUG}/lessons/1.2-luz-dura-e-luz-macia.md"]
    assert lesson.read_text() == edited
    synced = json.loads(_generate("sync", "--json").stdout)
    assert (synced["changed"], synced["appended"]) == ([str(lesson)], 1)
    assert json.loads(_generate("sync", "--json").stdout)["appended"] == 0


def test_what_was_written_by_hand_and_taken_over_stays_unless_the_writer_is_named(course: Path) -> None:
    """A later run knows a text that sync took over from its own; `--writer offline` asks for the kit by name."""
    _made("course", BRIEF, "--approve")
    lesson = course / "lessons" / "1.2-luz-dura-e-luz-macia.md"
    project = course / "assessments" / "final-project.md"
    for file in (lesson, project):
        file.write_text("# Tudo meu\n\nUma linha minha, à mão.\n", "utf-8")
    _generate("sync")
    made = _made("course", BRIEF, "--approve")
    assert made["kept"] == [f"courses/{SLUG}/lessons/{lesson.name}", f"courses/{SLUG}/assessments/{project.name}"]
    assert lesson.read_text("utf-8") == project.read_text("utf-8") == "# Tudo meu\n\nUma linha minha, à mão.\n"
    (course / ".state" / "progress.json").unlink()
    assert len(_made("course", BRIEF, "--approve")["kept"]) == 2  # type: ignore[arg-type]
    _made("course", BRIEF, "--approve", "--writer", "offline")
    assert "written_by: offline" in lesson.read_text("utf-8")


def test_a_deleted_file_is_deleted_in_the_database_only_when_asked_for(course: Path, workplace: Path) -> None:
    """Without --deletions a missing file is reported; with it, the content is deleted softly, once."""
    _made("course", BRIEF, "--approve")
    lesson = course / "lessons" / "1.2-luz-dura-e-luz-macia.md"
    kept = lesson.read_bytes()
    lesson.unlink()
    reported = json.loads(_generate("sync", "--json").stdout)
    assert (reported["gone"], reported["deleted"]) == ([str(lesson)], [])
    assert json.loads(_generate("sync", "--deletions", "--json").stdout)["deleted"] == [
        f"{SLUG}--1-2-luz-dura-e-luz-macia"
    ]
    assert json.loads(_generate("sync", "--deletions", "--json").stdout)["deleted"] == []
    lesson.write_bytes(kept)
    assert json.loads(_generate("sync", "--json").stdout)["appended"] >= 1


def test_an_approved_plan_that_was_edited_is_kept_by_the_next_run(course: Path) -> None:
    """Running again does not throw away what the author approved."""
    _generate("curriculum", BRIEF)
    draft = course / ".state" / "curriculum.draft.yaml"
    draft.write_text(draft.read_text().replace("Luz dura e luz macia", "Luz forte e luz suave"))
    assert _generate("approve", BRIEF, "--approve").exit_code == 0
    _made("course", BRIEF, "--approve")
    assert "Luz forte e luz suave" in (course / "curriculum.yaml").read_text()


def test_a_curriculum_of_other_making_is_not_overwritten(course: Path) -> None:
    """A course that exists is not replaced by what its brief would give."""
    course.mkdir(parents=True)
    (course / "curriculum.yaml").write_text("title: À mão\n")
    result = _generate("course", BRIEF, "--approve")
    assert isinstance(result.exception, GeneratorError)
    assert "curriculum.yaml" in str(result.exception)
    assert _bytes(course) == {"curriculum.yaml": "title: À mão\n".encode()}


@pytest.mark.parametrize(
    ("text", "says", "code"),
    [
        (None, "no such file", 2),
        ("", "holds no text", 1),
        ("# Oi\n\n## Objetivos\n", "title", 1),
        ("# Curso de alguma coisa\n\n## Objetivos de Aprendizagem\n\n1. Fazer algo\n", "outline", 1),
    ],
)
def test_a_brief_that_will_not_do_says_what_to_add(workplace: Path, text: str | None, says: str, code: int) -> None:
    """One line that names the fault, and an exit code by contract."""
    path = workplace / "brief.md"
    if text is not None:
        path.write_text(text)
    result = _generate("course", path, "--approve")
    assert isinstance(result.exception, GeneratorError)
    assert says in str(result.exception)
    assert result.exception.exit_code == code


@pytest.mark.parametrize("name", ["financas-para-freelancers", "first-tests-in-python", "legumbres-desde-cero"])
def test_a_sample_brief_with_its_sources_makes_a_course_worth_reading(workplace: Path, name: str) -> None:
    """Three subjects in three languages: lessons are quoted from the sources, and hardly a gap is left."""
    made = _made("course", EXAMPLES / "briefs" / f"{name}.md", "--approve", "--sources", EXAMPLES / "sources" / name)
    scored = json.loads(_generate("score", str(made["folder"]), "--json").stdout)
    assert len(scored["lessons"]) - scored["passing"] <= 1
    assert sum(lesson["gaps"] for lesson in scored["lessons"]) <= 1
    assert (
        _made("course", EXAMPLES / "briefs" / f"{name}.md", "--approve", "--sources", EXAMPLES / "sources" / name)[
            "files_written"
        ]
        == 0
    )
    assert json.loads(_generate("import", str(made["folder"]), "--json").stdout)["appended"] == 0


def test_a_lesson_of_a_model_is_not_replaced_by_a_kit_unless_asked_for(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run without --writer, or one that resumes, keeps what was paid for; --writer offline replaces it."""

    class Model(OfflineWriter):
        name = "llm:paid"

        def write(self, course: CourseFacts, facts: LessonFacts) -> str:
            return super().write(course, facts).replace("written_by: offline", "written_by: llm:paid") + "\nPago.\n"

    with monkeypatch.context() as patch:
        patch.setattr("generators.lessons.writer_for", lambda *_: Model())
        patch.setattr(course_run, "OfflineWriter", type("Other", (), {}))
        _made("course", BRIEF, "--approve", "--writer", "llm:paid")
    progress = json.loads((course / ".state" / "progress.json").read_text())
    assert progress["writer"] == "llm:paid"
    (course / ".state" / "progress.json").write_text(json.dumps({**progress, "writer": None}))
    made = _made("course", BRIEF, "--approve")
    lesson = course / "lessons" / "1.2-luz-dura-e-luz-macia.md"
    assert len(made["kept"]) == LESSONS  # type: ignore[arg-type]
    assert lesson.read_text("utf-8").endswith("Pago.\n")
    _made("course", BRIEF, "--approve", "--writer", "offline")
    assert "written_by: offline" in lesson.read_text("utf-8")


@pytest.fixture
def unfinished(workplace: Path) -> Path:
    """A course of somebody else's making: a curriculum of three lessons, one of them there, and notes."""
    folder = workplace / "outputs" / "cocina"
    (folder / "fontes").mkdir(parents=True)
    (folder / "lessons").mkdir()
    notes = EXAMPLES / "sources" / "legumbres-desde-cero" / "apuntes.md"
    (folder / "fontes" / "apuntes.md").write_bytes(notes.read_bytes())
    (folder / "lessons" / "1.1-remojo.md").write_text("# Clase 1.1: El remojo\n\nMi texto, a mano.\n", "utf-8")
    (folder / "curriculum.yaml").write_text(
        "title: Legumbres sin prisa\nlanguage: es\nmodules:\n"
        "  - title: Antes\n    lessons:\n      - title: El remojo\n      - title: La cocción suave\n"
        "  - title: El plato\n    lessons:\n      - title: El sofrito\n",
        "utf-8",
    )
    return folder


def test_the_lessons_that_a_curriculum_lists_and_its_folder_lacks_are_written(unfinished: Path) -> None:
    """From the folder's own notes, beside what is there; a second run and an import say nothing new."""
    made = _made("write", unfinished)
    assert made["written"] == ["lessons/1.2-la-coccion-suave.md", "lessons/2.1-el-sofrito.md"]
    assert "> Un sofrito de 200 g de cebolla" in (unfinished / "lessons" / "2.1-el-sofrito.md").read_text("utf-8")
    assert "a mano" in (unfinished / "lessons" / "1.1-remojo.md").read_text("utf-8")
    assert _made("write", unfinished)["written"] == []
    assert json.loads(_generate("import", unfinished, "--json").stdout)["appended"] == 0


def test_a_person_is_told_what_was_written_and_what_the_author_has_to_add(workplace: Path, unfinished: Path) -> None:
    """How many lessons, events and gaps, and which source could not be read; then that nothing is missing."""
    (workplace / "scan.pdf").write_bytes(b"no pdf at all")
    result = _generate("write", unfinished, "--sources", workplace / "scan.pdf")
    assert result.exit_code == 0, result.output
    assert re.search(
        r"cocina: 2 lessons written, \d+ events appended; \d+ gaps for the author, marked ✍️\n$", result.stdout
    )
    assert "skipped source: " in result.stderr
    assert "scan.pdf" in result.stderr
    assert "no lesson is missing" in _generate("write", unfinished).stdout


def test_a_later_run_writes_from_the_sources_that_the_first_one_was_given(workplace: Path) -> None:
    """Nobody has to name them again, and no kit is emptied because they were not; gone, they are asked for."""
    sources = workplace / "notes"
    shutil.copytree(EXAMPLES / "sources" / "first-tests-in-python", sources)
    brief = EXAMPLES / "briefs" / "first-tests-in-python.md"
    first = _made("course", brief, "--approve", "--sources", "notes")
    folder = Path(str(first["folder"]))
    before = _bytes(folder)
    again = _made("course", brief, "--approve")
    assert (again["files_written"], again["gaps"]) == (0, first["gaps"])
    assert _bytes(folder) == before
    sources.rename(workplace / "moved")
    refused = _generate("course", brief, "--approve")
    assert isinstance(refused.exception, UsageFault)
    assert "--sources" in str(refused.exception)
    assert _bytes(folder) == before
    assert _made("course", brief, "--approve", "--sources", "moved")["gaps"] == first["gaps"]


class OneFails(OfflineWriter):
    """Has nothing to say about one lesson, and says before what the others will cost."""

    def estimate(self, lessons: int, minutes: int) -> Estimate:
        return Estimate(seconds=minutes, tokens=lessons, note="two dollars")

    def write(self, course: CourseFacts, facts: LessonFacts) -> str:
        if facts.lesson.lesson_id == "1.2":
            raise GeneratorError("refused by the judge")
        return super().write(course, facts)


def test_a_lesson_that_cannot_be_written_fails_alone(unfinished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named with its reason and the exit code is 1; the others are there, and the next run tries it again."""
    with monkeypatch.context() as patch:
        patch.setattr("generators.lessons.writer_for", lambda *_: OneFails())
        result = _generate("write", unfinished)
    assert result.exit_code == 1
    assert "writing 2 lessons with “offline”: two dollars" in result.stderr
    assert "failed: lesson 1.2: refused by the judge" in result.stderr
    assert "1 lessons written" in result.stdout
    assert not (unfinished / "lessons" / "1.2-la-coccion-suave.md").exists()
    assert _made("write", unfinished)["written"] == ["lessons/1.2-la-coccion-suave.md"]


class Stops(OfflineWriter):
    """Has written its last lesson."""

    def write(self, course: CourseFacts, facts: LessonFacts) -> str:
        if facts.lesson.lesson_id != "1.2":
            raise WriterStopped("the budget is spent")
        return super().write(course, facts)


def test_what_was_written_before_the_writer_stopped_is_published(
    unfinished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model whose budget is spent loses no lesson that was paid for."""
    with monkeypatch.context() as patch:
        patch.setattr("generators.lessons.writer_for", lambda *_: Stops())
        result = _generate("write", unfinished)
    assert isinstance(result.exception, WriterStopped)
    assert (unfinished / "lessons" / "1.2-la-coccion-suave.md").exists()
    assert _made("write", unfinished)["written"] == ["lessons/2.1-el-sofrito.md"]


def test_a_missing_lesson_goes_where_the_curriculum_says_if_that_is_a_free_place_in_the_folder(
    unfinished: Path,
) -> None:
    """A path out of the folder, or of a file that is there, is not obeyed."""
    (unfinished / "curriculum.yaml").write_text(
        "title: Legumbres sin prisa\nlanguage: es\nmodules:\n"
        "  - title: Antes\n    lessons:\n      - title: El remojo\n"
        "      - {title: La cocción suave, file_path: clases/suave.md}\n"
        "      - {title: El sofrito, file_path: ../../fuera.md}\n",
        "utf-8",
    )
    assert _made("write", unfinished)["written"] == ["clases/suave.md", "lessons/1.3-el-sofrito.md"]
    assert not (unfinished.parents[1] / "fuera.md").exists()


def test_a_folder_without_a_curriculum_or_outside_the_root_is_refused(workplace: Path, unfinished: Path) -> None:
    """The message names what would help."""
    (unfinished / "curriculum.yaml").rename(workplace / "curriculum.yaml")
    result = _generate("write", unfinished)
    assert isinstance(result.exception, GeneratorError)
    assert "generate course BRIEF" in str(result.exception)
    elsewhere = workplace / "elsewhere"
    unfinished.rename(elsewhere)
    (workplace / "curriculum.yaml").rename(elsewhere / "curriculum.yaml")
    result = _generate("write", elsewhere)
    assert isinstance(result.exception, GeneratorError)
    assert "CONTENT_ROOT" in str(result.exception)


def test_a_course_in_a_language_without_a_frame_is_refused_with_the_list(workplace: Path) -> None:
    """Nothing is written in a language that was not asked for."""
    path = workplace / "brief.md"
    text = (EXAMPLES / "briefs" / "first-tests-in-python.md").read_text("utf-8")
    path.write_text(text.replace("language: en", "language: german"))
    result = _generate("course", path, "--approve")
    assert isinstance(result.exception, GeneratorError)
    assert "en, es, pt" in str(result.exception)


def test_a_course_that_does_not_pass_is_a_check_that_did_not_hold(workplace: Path) -> None:
    """`generate score` says for each lesson what is missing, and exits with 4."""
    lessons = workplace / "curso" / "lessons"
    lessons.mkdir(parents=True)
    (lessons / "1.1-vazia.md").write_text("# Aula 1.1\n\nSó uma frase curta aqui.\n")
    (lessons / "1.2-binaria.md").write_bytes(b"\x00\x01")
    result = _generate("score", workplace / "curso")
    assert result.exit_code == 4
    assert "FAIL  1.1-vazia.md  (GPS 0/30, didactics 0/100): length: 5 words" in result.stdout
    assert "skipped: " in result.stderr


@pytest.mark.parametrize("command", ["score", "sync"])
def test_a_folder_that_is_not_there_is_named(workplace: Path, command: str) -> None:
    """Exit code 2, and the path in the message."""
    result = _generate(command, workplace / "nowhere")
    assert isinstance(result.exception, GeneratorError)
    assert "nowhere" in str(result.exception)
    assert result.exception.exit_code == 2


def test_sync_tells_people_what_it_found(course: Path) -> None:
    """What changed, what is gone and how to delete it; only below the folders that were named."""
    _made("course", BRIEF, "--approve")
    (course / "lessons" / "1.2-luz-dura-e-luz-macia.md").unlink()
    edited = course / "lessons" / "1.3-a-hora-dourada-sem-pressa.md"
    edited.write_text(edited.read_text() + "\nMais uma linha.\n")
    result = _generate("sync", course)
    assert result.exit_code == 0, result.output
    assert f"changed: {edited}" in result.stdout
    assert "--deletions deletes it" in result.stdout
    assert "1 contents deleted" in _generate("sync", course, "--deletions").stdout


def test_a_full_disk_ends_with_one_line_and_nothing_half_made(workplace: Path) -> None:
    """Whichever file finds no room, the draft included; with room the same command goes through."""
    words = [sys.executable, "-m", "generators", "course", str(BRIEF), "--approve"]
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
    Outbox.open(workplace / ".outbox" / "outbox.db").close()
    limited = ["sh", "-c", 'ulimit -f 2; exec "$@"', "sh", *words]  # blocks of 512 bytes: no file may grow beyond
    done = subprocess.run(limited, cwd=workplace, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert subprocess.run(words, cwd=workplace, env=env, capture_output=True, check=False).returncode == 0
    with Outbox.open(workplace / ".outbox" / "outbox.db", create=False) as box:
        assert len({event.aggregate_id for event in box.read(limit=1000)}) >= LESSONS
