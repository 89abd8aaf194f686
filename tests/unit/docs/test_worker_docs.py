"""What the worker says is explained where it says so."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOURCES = [path for package in ("worker", "outbox", "generators") for path in (ROOT / package).rglob("*.py")]
LOG_CALL = re.compile(
    r"""(?:log|get_log\(\))(?:\.\w+)?\(\s*"((?:relay|worker|wakeup|metrics|notify|forward|apply)\.\w+)"""
)


def test_every_page_that_code_names_is_there() -> None:
    named = {name for path in SOURCES for name in re.findall(r"docs/[\w/-]+\.md", path.read_text())}
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_every_log_line_is_listed_and_no_other() -> None:
    said = {name for path in (ROOT / "worker").rglob("*.py") for name in LOG_CALL.findall(path.read_text())}
    said |= {"relay.blocked", "relay.outage_began"}  # chosen between in `outage`
    listed = set(re.findall(r"^\| `([a-z_.]+)`", (ROOT / "docs" / "logging.md").read_text(), re.MULTILINE))
    assert said == listed
