"""What the `outbox` command does not do, and says why."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from outbox import Outbox, OutboxNotFound, ParkedConflict, Recovered
from outbox.cli import cli
from tests.support.lessons import publish
from tests.support.parked import put_parked


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outbox]:
    """Two lessons published, the second parked."""
    monkeypatch.setenv("OUTBOX_PATH", str(tmp_path / "outbox.db"))
    monkeypatch.setenv("CONTENT_ROOT", str(tmp_path / "content"))
    with Outbox.open(tmp_path / "outbox.db", content_root=tmp_path / "content") as box:
        for name in ("a", "b"):
            publish(box, name)
        put_parked(box, box.event(2), reason="title too long", sqlstate="22001")
        yield box


def _outbox(*arguments: object, typed: str | None = None) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], input=typed)


def test_an_event_that_is_not_parked_has_nothing_to_show(filled: Outbox) -> None:
    """The message names the command that lists those that are."""
    result = _outbox("parked", "show", 1)
    assert isinstance(result.exception, ParkedConflict)
    assert "event 1 is not parked: `outbox parked list`" in str(result.exception)


def test_a_retry_needs_no_reason_and_says_what_follows(filled: Outbox) -> None:
    """Nothing of the event changes; the worker takes it up."""
    result = _outbox("parked", "retry", 2)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "event 2 is tried again by the worker" in result.stderr
    assert json.loads(_outbox("parked", "show", 2, "--json").stdout)["state"] == "releasing"


def test_a_payload_that_is_no_object_is_refused(filled: Outbox) -> None:
    """The event stays parked as it was."""
    result = _outbox("parked", "edit", 2, "--file", "-", "--reason", "r", typed="[1, 2]")
    assert result.exit_code == 2
    assert "a payload is a JSON object" in result.stderr
    assert json.loads(_outbox("parked", "show", 2, "--json").stdout)["state"] == "parked"


@pytest.mark.parametrize(
    "arguments",
    [
        ("show",),
        ("parked", "show"),
        ("parked", "retry", "--yes"),
        ("parked", "park", "--reason", "r"),
        ("events", "--after"),
        ("export", "--after"),
    ],
    ids=" ".join,
)
def test_a_number_that_no_event_can_have_is_refused_as_such(arguments: tuple[str, ...], filled: Outbox) -> None:
    """Larger than any that SQLite holds: a wrong argument, not a bug."""
    result = _outbox(*arguments, 10**20)
    assert result.exit_code == 2, result.output
    assert "is not in the range" in result.stderr


def test_a_reason_in_another_encoding_than_utf_8_is_kept_as_far_as_it_is_text(filled: Outbox) -> None:
    """A byte that the terminal sent and that is no text comes as a lone surrogate, which no file takes."""
    assert _outbox("pause", "--reason", "caf\udce9 da manhã").exit_code == 0
    assert "caf? da manhã" in _outbox("status").stdout
    assert _outbox("parked", "edit", 2, "--set", "title=caf\udce9", "--reason", "\udce9").exit_code == 0
    assert _outbox("events", "--type", "\udce9").exit_code == 0
    assert _outbox("export", "--type", "\udce9").exit_code == 0


def test_a_whole_file_is_salvaged_without_a_loss(filled: Outbox, tmp_path: Path) -> None:
    """Nothing has to be imported again, and the exit code says so."""
    result = _outbox("recover", "--salvage", tmp_path / "new.db")
    assert (result.exit_code, result.stdout) == (0, f"2 events saved to {tmp_path / 'new.db'}\n")
    assert "generate import" not in result.stderr


def test_an_outbox_without_a_content_root_recovers_nothing(filled: Outbox) -> None:
    """It published no files; those of others are theirs to finish."""
    with Outbox.open(filled.path) as box:
        assert box.recover() == Recovered()


@pytest.mark.parametrize("place", ["there/outbox.db", "outbox.db"])
def test_a_reader_makes_no_outbox(tmp_path: Path, place: str) -> None:
    """A misspelt path is an error, not an empty file."""
    with pytest.raises(OutboxNotFound, match="set OUTBOX_PATH to the one you mean"):
        Outbox.open(tmp_path / place, create=False)
    assert not (tmp_path / place).exists()
