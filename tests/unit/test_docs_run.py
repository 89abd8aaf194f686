"""What the docs show is run: the example of README, and the commands whose JSON keys docs/cli.md tells."""

import json
import re
import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from generators.cli import cli as generate
from outbox import Outbox
from outbox.cli import cli as outbox
from outbox.outages import OutageRecord
from outbox.parked import ParkedEvent

ROOT = Path(__file__).parents[2]
COURSE = "examples/courses/pao-fermentacao-natural"
BRIEF = "examples/briefs/financas-para-freelancers.md"
PAGE = (ROOT / "docs" / "cli.md").read_text()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scratch directory with the examples, and no configuration but its own."""
    for name in re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(group: click.Group, *words: str) -> str:
    result = CliRunner().invoke(group, words, standalone_mode=False, catch_exceptions=False)
    assert result.return_value in {0, None}, result.output
    return result.stdout


def keys(text: str) -> list[str]:
    """The top-level keys of one JSON value: of its first element, where it is a list."""
    value = json.loads(text)
    return list(value[0] if isinstance(value, list) else value)


def are_told(command: str, found: list[str]) -> None:
    """Fail unless the paragraph (or bullet) of docs/cli.md that speaks of the command names every key."""
    paragraphs = [part for part in re.split(r"\n\n|\n- ", PAGE) if command in part and "|---" not in part]
    assert paragraphs, command
    missing = [key for key in found if f"`{key}`" not in " ".join(paragraphs)]
    assert missing == [], f"{command}: docs/cli.md does not tell {missing}"


def test_the_example_of_readme_runs(home: Path) -> None:
    """Whoever copies it gets a file and an event."""
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - our own page
    with Outbox.open(home / ".outbox" / "outbox.db", content_root=home / "outputs") as box:
        assert [event.type for event in box.read()] == ["content.upserted"]
    assert (home / "outputs" / "courses" / "pao" / "lessons" / "1.1-fermento.md").is_file()


def test_json_keys_of_the_generators_are_told(home: Path) -> None:
    """Whoever reads the output by program finds each key in docs/cli.md."""
    assert home.is_dir()
    are_told("`generate import`", keys(run(generate, "import", COURSE, "--json")))
    are_told("`generate brief`", keys(run(generate, "brief", BRIEF, "--json")))
    are_told("`generate course`", keys(run(generate, "course", BRIEF, "--approve", "--json")))
    are_told("`generate sync`", keys(run(generate, "sync", "--json")))
    are_told("`generate score`", keys(run(generate, "score", COURSE, "--json")))


def test_json_keys_of_the_outbox_are_told(home: Path) -> None:
    """The same for the commands of ops."""
    assert home.is_dir()
    run(generate, "import", COURSE)
    are_told("`outbox status --json`", keys(run(outbox, "status", "--json")))
    are_told("`outbox events --json`", keys(run(outbox, "events", "--limit", "1", "--json")))
    are_told("`outbox show --json`", [*keys(run(outbox, "events", "--limit", "1", "--json")), "payload"])
    assert set(keys(run(outbox, "show", "1", "--json"))) == {
        *keys(run(outbox, "events", "--limit", "1", "--json")),
        "payload",
    }
    are_told("`outbox check --json`", keys(run(outbox, "check", "--json")))
    are_told("`outbox prune --json`", keys(run(outbox, "prune", "--dry-run", "--json")))
    are_told("`outbox recover --json`", keys(run(outbox, "recover", "--json")))
    are_told("`outbox outages --json`", list(OutageRecord.__dataclass_fields__))
    are_told("`outbox parked list --json`", [*(set(ParkedEvent.__dataclass_fields__) - {"payload_json"}), "edited"])
