"""The runbook has an entry for whatever can go wrong: held against the code that says it."""

import re
from pathlib import Path

import pytest

import outbox.errors
import worker.errors
from outbox import OutboxError
from worker import WorkerError
from worker.connect import login
from worker.faults.outage import Interrupted
from worker.faults.verdict import BY_SQLSTATE, Verdict

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "runbook.md").read_text()
PLAIN = " ".join(PAGE.split())
HEADINGS = re.findall(r"^##+ (.+)$", PAGE, re.MULTILINE)
ANCHORS = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in HEADINGS}
SOURCES = [path for folder in ("outbox", "worker", "examples", "docs") for path in (ROOT / folder).rglob("*")]
# What alert rules link to.
OF_ALARMS = {"backlog-grows", "parked-events", "outage", "environment", "worker-down", "wal-grows", "disk-full"}


def section(heading: str) -> str:
    return " ".join(re.split(r"\n##+ ", PAGE.split(f"\n### {heading}\n")[1])[0].split())


def errors_of(base: type[Exception]) -> set[type[Exception]]:
    below = set(base.__subclasses__())
    return below | {one for child in below for one in errors_of(child)}


def test_every_alarm_has_its_anchor() -> None:
    assert OF_ALARMS <= ANCHORS


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_an_entry(verdict: Verdict) -> None:
    """Headed by its name, with symptom and cause."""
    text = section(verdict.value.capitalize())
    assert f"Verdict `{verdict.value}`" in text
    assert "**Symptom.**" in text
    assert "**Cause.**" in text


@pytest.mark.parametrize(
    ("verdict", "reason"),
    sorted(
        {
            *BY_SQLSTATE.values(),
            *((verdict, words) for verdict, _, words in login.rows()),
        }
    ),
)
def test_every_reason_is_told_under_its_verdict(verdict: Verdict, reason: str) -> None:
    """The words in `outbox status` are found on the page."""
    assert reason in section(verdict.value.capitalize())


@pytest.mark.parametrize(
    "error",
    sorted(
        {
            one
            for base in (OutboxError, WorkerError)
            for one in errors_of(base)
            if one.__module__ in {outbox.errors.__name__, worker.errors.__name__} and one.__name__ != "EventFault"
        },
        key=lambda one: one.__name__,
    ),
    ids=lambda one: one.__name__,
)
def test_every_refusal_has_an_entry(error: type[Exception]) -> None:
    """By the name of its error."""
    assert issubclass(Interrupted, WorkerError)  # internal to the relay: it ends in one of the others
    assert f"`{error.__name__}`" in PAGE


def test_every_entry_by_alarm_or_refusal_says_what_is_seen_why_and_what_to_type() -> None:
    for heading in re.findall(r"^### (.+)$", PAGE, re.MULTILINE):
        text = section(heading)
        if heading == "Other refusals":
            continue
        assert "**Symptom.**" in text, heading
        assert "**Cause.**" in text, heading
        assert "```sh" in text or "**Do" in text, heading


def test_every_link_into_the_runbook_leads_to_an_entry() -> None:
    """From pages, messages, screens and alert rules."""
    linked = {
        anchor
        for path in SOURCES
        if path.suffix in {".py", ".md", ".yml", ".yaml", ".json", ".html"}
        for anchor in re.findall(r"runbook\.md#([\w-]+)", path.read_text(errors="replace"))
    } | set(re.findall(r"\]\(#([\w-]+)\)", PAGE))
    linked |= {
        entry for path in (ROOT / "outbox").glob("*.py") for entry in re.findall(r'entry="([\w-]+)"', path.read_text())
    }
    assert linked
    assert linked - ANCHORS == set()
