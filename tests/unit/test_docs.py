"""Docs that are wrong are worse than none: what a machine can check of them is checked here."""

import re
from pathlib import Path

import click
import pytest

from generators.cli import cli as generate
from outbox.catalogue_page import page
from outbox.cli import cli as outbox
from outbox.settings import OutboxSettings
from worker.cli import cli as worker
from worker.variables import FOR_TESTS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ADRS = sorted((ROOT / "docs" / "adr").glob("*.md"))
VARIABLE = re.compile(r"^([A-Z][A-Z0-9_]+)=", re.MULTILINE)


def commands(group: click.Group, path: str) -> list[tuple[str, click.Command]]:
    context = click.Context(group)
    found = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append((f"{path} {name}", command))
        if isinstance(command, click.Group):
            found += commands(command, f"{path} {name}")
    return found


COMMANDS = [
    pair
    for group, name in ((generate, "generate"), (outbox, "outbox"), (worker, "worker"))
    for pair in commands(group, name)
]


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


@pytest.mark.parametrize("path", ADRS, ids=lambda path: path.stem)
def test_every_decision_has_its_four_parts(path: Path) -> None:
    """A successor who questions a decision finds its reasons."""
    headings = re.findall(r"^## (.+)$", path.read_text(), re.MULTILINE)
    assert headings[:4] == ["Status", "Context", "Decision", "Consequences"]
    assert path.read_text().startswith(f"# {int(path.name[:4])}. ")


def test_the_events_page_is_what_the_catalogue_says() -> None:
    """`python -m outbox.catalogue_page > docs/events.md` was run after the last change."""
    assert (ROOT / "docs" / "events.md").read_text() == page()


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[path for path, _ in COMMANDS])
def test_every_command_is_documented_and_has_help(path: str, command: click.Command) -> None:
    """What can be typed is in docs/cli.md, and says itself what it is for."""
    top, name = path.split(maxsplit=1)[0], path.rsplit(maxsplit=1)[-1]
    section = (ROOT / "docs" / "cli.md").read_text().split(f"\n## `{top}`")[1].split("\n## ")[0]
    assert re.search(rf"[` |]{re.escape(name)}[` |\\\[]", section), f"{path} is not in docs/cli.md"
    assert command.help


def test_every_variable_is_in_the_example_and_in_the_page() -> None:
    """`.env.example`, docs/configuration.md and the code name the same variables."""
    code = "".join(path.read_text() for folder in ("outbox", "worker") for path in (ROOT / folder).rglob("*.py"))
    used = set(re.findall(r'"((?:OUTBOX|SUPABASE|CREATOR|PERSONA|CONTENT)_[A-Z_]*[A-Z])"', code)) - FOR_TESTS
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "configuration.md").read_text(), re.MULTILINE))
    assert set(VARIABLE.findall((ROOT / ".env.example").read_text())) == documented
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
