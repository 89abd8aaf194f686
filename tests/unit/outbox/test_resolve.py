"""What an operator decides about a parked event: checked, shown as a difference, and on record with its reason."""

from pathlib import Path
from typing import Any

import pytest

from outbox import ContractError, Outbox, OutboxError, ParkedConflict, Resolution
from outbox.catalogue import ContentStatusChanged
from outbox.operating import resolve, trail
from tests.support.lessons import path_of, publish
from tests.support.parked import put_parked


@pytest.fixture
def parked(box: Outbox) -> Outbox:
    """A lesson with a file, parked."""
    publish(box, "a", "# a\nsecond\n")
    put_parked(box, box.event(1), reason="title too long", sqlstate="22001", attempts=2)
    return box


def standing(box: Outbox) -> tuple[Resolution | None, str | None]:
    row = box.parked.find(1)
    assert row is not None
    return row.resolution, row.payload_json


@pytest.mark.parametrize("decide", [resolve.retry, resolve.discard], ids=["retry", "discard"])
def test_a_decision_is_recorded_with_its_reason(parked: Outbox, decide: Any) -> None:
    decide(parked, 1, "looked at it with Ana")
    (act,) = trail(parked.connection, seq=1)
    assert (act.action, act.reason, act.before, act.after) == (decide.__name__, "looked at it with Ana", None, None)
    assert standing(parked) == (Resolution(decide.__name__), None)


def test_an_edit_keeps_what_was_said_beside_what_is_applied(parked: Outbox) -> None:
    """The difference names the field, and the log still says the original."""
    before = parked.event(1)
    diff = resolve.edit(parked, 1, {**before.payload, "title": "Shorter"}, "too long")
    assert diff.splitlines()[:2] == ["--- as appended", "+++ as applied"]
    assert "@@ title @@" in diff
    assert '+"Shorter"' in diff
    (act,) = trail(parked.connection, seq=1)
    assert (act.action, act.before, act.after) == ("edit", before.payload_json, standing(parked)[1])
    assert parked.event(1) == before


def test_a_preview_decides_nothing(parked: Outbox) -> None:
    """It shows what the edit would, refuses what the edit would, and leaves the event parked."""
    payload = parked.event(1).payload
    assert '+"Shorter"' in resolve.preview(parked, 1, {**payload, "title": "Shorter"})
    with pytest.raises(ContractError, match="title"):
        resolve.preview(parked, 1, {**payload, "title": 7})
    with pytest.raises(OutboxError, match="the same as before"):
        resolve.preview(parked, 1, payload)
    with pytest.raises(OutboxError, match="another aggregate"):
        resolve.preview(parked, 1, {**payload, "slug": "somebody-else"})
    assert standing(parked) == (None, None)
    assert trail(parked.connection, seq=1) == []


def test_a_text_of_several_lines_differs_by_its_lines(parked: Outbox, root: Path) -> None:
    """A file that was repaired shows the line that was; a carriage return that came is seen."""
    (root / path_of("a")).write_bytes(b"# a\nsecond\r\nthird\n")
    diff = resolve.supersede(parked, 1, "repaired").splitlines()
    assert "-second" in diff
    assert "+second\\r" in diff
    assert "+third" in diff
    assert "-# a" not in diff


def test_a_field_that_goes_and_one_that_comes_are_shown() -> None:
    """Null is a value: a field that is null now is not the same as one that is not there."""
    diff = resolve.difference('{"a": 1, "gone": null, "same": 2}', '{"a": null, "come": "x", "same": 2}').splitlines()
    assert diff == [
        "--- as appended",
        "+++ as applied",
        "@@ a @@",
        "-1",
        "+null",
        "@@ come @@",
        '+"x"',
        "@@ gone @@",
        "-null",
    ]


def test_a_difference_is_in_letters_that_a_person_reads() -> None:
    """A value that is no text is shown as JSON, sorted and in the words that were written."""
    diff = resolve.difference('{"tags": {"b": "pão", "a": 1}}', '{"tags": {"b": "maçã", "a": 1}}').splitlines()
    assert '-  "b": "pão"' in diff
    assert '+  "b": "maçã"' in diff
    assert diff.index('   "a": 1,') < diff.index('-  "b": "pão"')


def test_a_file_that_cannot_take_the_payloads_place_says_why(parked: Outbox, root: Path) -> None:
    """Gone, not UTF-8, or never there: each names the other way; nothing is decided."""
    file = root / path_of("a")
    file.write_bytes(b"caf\xe9")
    with pytest.raises(OutboxError, match=r"a\.md is not UTF-8: save it as UTF-8, or use `outbox parked edit 1`"):
        resolve.supersede(parked, 1, "r")
    file.unlink()
    with pytest.raises(OutboxError, match=r"a\.md is gone: restore it, or use `outbox parked edit 1`"):
        resolve.supersede(parked, 1, "r")
    (event,) = parked.append(ContentStatusChanged(slug=file.stem, status="reviewed")).appended
    put_parked(parked, event, reason="r")
    with pytest.raises(OutboxError, match="event 2 carries no file: use `outbox parked edit 2`"):
        resolve.supersede(parked, 2, "r")
    assert standing(parked) == (None, None)


def test_what_is_not_parked_is_not_decided_about(parked: Outbox) -> None:
    with pytest.raises(ParkedConflict, match="event 7 is not parked: `outbox parked list`"):
        resolve.discard(parked, 7, "r")
    assert trail(parked.connection) == []
