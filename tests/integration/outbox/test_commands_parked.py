"""`outbox parked` about several events at once, and values as people type them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from outbox import Outbox
from outbox.commands.parked import parked
from tests.support.lessons import lesson
from tests.support.parked import put_parked

Call = Callable[..., Result]


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outbox]:
    """Five lessons, the first four parked: two refused by a check, two too long."""
    monkeypatch.setenv("OUTBOX_PATH", str(tmp_path / "outbox.db"))
    monkeypatch.setenv("CONTENT_ROOT", str(tmp_path / "content"))
    with Outbox.open(tmp_path / "outbox.db") as box:
        for event in box.append(*(lesson(name) for name in "abcde")).appended[:4]:
            sqlstate = "23514" if event.seq < 3 else "22001"
            put_parked(box, event, reason="r", sqlstate=sqlstate)
        yield box


@pytest.fixture
def call(box: Outbox) -> Call:
    def run(*arguments: object) -> Result:
        return CliRunner().invoke(parked, [str(one) for one in arguments], standalone_mode=False)

    return run


def decided(box: Outbox) -> dict[int, str]:
    return {row.seq: row.resolution.value for row in box.parked.list() if row.resolution is not None}


@pytest.mark.parametrize(
    ("chosen", "seqs"),
    [
        ((2, 4), [2, 4]),
        (("--all",), [1, 2, 3, 4]),
        (("--sqlstate", "22001"), [3, 4]),
        (("--type", "content.upserted", "--sqlstate", "23514", "--yes"), [1, 2]),
        (("--course", "curso-x"), [1, 2, 3, 4]),
        (("--course", "another"), []),
        (("--since", "2020-01-01"), [1, 2, 3, 4]),
        (("--since", "2999-01-01"), []),
    ],
)
def test_one_command_decides_about_several(box: Outbox, call: Call, chosen: tuple[Any, ...], seqs: list[int]) -> None:
    """A list of SEQs, all, or those for which conditions hold; nobody is asked where there is no terminal."""
    found = call("retry", *chosen)
    assert found.exception is None
    assert found.return_value == 0
    assert decided(box) == dict.fromkeys(seqs, "retry")


@pytest.mark.parametrize("arguments", [(), (1, "--all"), (1, "--type", "content.upserted")])
def test_which_events_are_meant_has_to_be_said_once(box: Outbox, call: Call, arguments: tuple[Any, ...]) -> None:
    assert "say which events" in str(call("retry", *arguments).exception)
    assert decided(box) == {}


def test_a_second_decision_about_the_same_says_that_they_are_decided_about(box: Outbox, call: Call) -> None:
    """Not that there are none: they stand on the list until the worker has been there."""
    call("retry", "--all")
    assert "of 4 events that fit, 4 are decided about" in call("retry", "--all").output
    assert "no parked event is chosen" in call("retry", "--course", "another").output
    assert decided(box) == dict.fromkeys([1, 2, 3, 4], "retry")


def test_what_cannot_be_decided_about_is_told_and_the_others_are(box: Outbox, call: Call) -> None:
    found = call("discard", 1, 5, 2, "--reason", "no use")
    assert found.return_value == 1
    assert "event 5 is not parked" in found.output
    assert "2 events are discarded" in found.output
    assert decided(box) == {1: "discard", 2: "discard"}


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("title=Bom", "Bom"),
        ('title="Bom"', "Bom"),
        ("title=2024", "2024"),
        ("title=true", "true"),
        ("title=a=b", "a=b"),
    ],
)
def test_a_value_is_taken_as_it_is_typed(box: Outbox, call: Call, typed: str, value: str) -> None:
    """Text that is no JSON is text, and so is a number where text stands."""
    assert call("edit", 1, 2, "--set", typed, "--reason", "r").return_value == 0
    assert decided(box) == {1: "edit", 2: "edit"}
    assert {json.loads(row.payload_json or "{}").get("title") for row in box.parked.list()[:2]} == {value}


def test_an_event_is_set_aside_once_and_only_before_it_is_delivered(box: Outbox, call: Call) -> None:
    assert call("park", 5, "--reason", "looked into").return_value == 0
    assert [row.seq for row in box.parked.list()] == [1, 2, 3, 4, 5]
    assert "parked already" in str(call("park", 5, "--reason", "again").exception)
