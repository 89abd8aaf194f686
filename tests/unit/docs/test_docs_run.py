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
from tests.support.json_keys import are_told
from tests.support.parked import put_parked

ROOT = Path(__file__).parents[3]
COURSE = "examples/courses/pao-fermentacao-natural"
BRIEF = "examples/briefs/financas-para-freelancers.md"


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


def test_the_example_of_readme_runs(home: Path) -> None:
    """Whoever copies it gets a file and an event."""
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - our own page
    with Outbox.open(home / ".outbox" / "outbox.db", content_root=home / "outputs") as box:
        assert [event.type for event in box.read()] == ["content.upserted"]
    assert (home / "outputs" / "courses" / "pao" / "lessons" / "1.1-fermento.md").is_file()


def test_json_keys_of_the_generators_are_told(home: Path) -> None:
    """Whoever reads the output by program finds each key in docs/cli.md, and no other."""
    assert home.is_dir()
    are_told("generate import", run(generate, "import", COURSE, "--json"))
    are_told("generate brief", run(generate, "brief", BRIEF, "--json"))
    are_told("generate course", run(generate, "course", BRIEF, "--approve", "--json"))
    are_told("generate sync", run(generate, "sync", "--json"))
    are_told("generate score", run(generate, "score", COURSE, "--json"))
    for kind, path in (("brief", BRIEF), ("curriculum", f"{COURSE}/curriculum.yaml"), ("course", COURSE)):
        more = ["--explain"] if kind == "course" else []
        found = json.loads(run(generate, "inspect", kind, path, "--json", *more))
        are_told(f"generate inspect {kind}", json.dumps(found[path]))


def test_json_keys_of_the_outbox_are_told(home: Path) -> None:
    """The same for the commands of ops."""
    run(generate, "import", COURSE)
    with Outbox.open(home / ".outbox" / "outbox.db") as box:
        box.relay.outage_began("refused")
        put_parked(box, box.event(1), reason="r")
        box.relay.pause()
    are_told("outbox status", run(outbox, "status", "--json"))
    are_told("outbox events", run(outbox, "events", "--limit", "1", "--json"))
    are_told("outbox show", run(outbox, "show", "1", "--json"))
    are_told("outbox check", run(outbox, "check", "--json"))
    are_told("outbox prune", run(outbox, "prune", "--dry-run", "--json"))
    are_told("outbox recover", run(outbox, "recover", "--json"))
    are_told("outbox outages", run(outbox, "outages", "--json"))
    are_told("outbox parked list", run(outbox, "parked", "list", "--json"))
    are_told("outbox parked show", run(outbox, "parked", "show", "1", "--json"))
