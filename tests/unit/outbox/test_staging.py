"""A staging directory is its owner's from the first instant, also on a system that cannot rename what is open."""

from collections.abc import Callable
from pathlib import Path

import pytest

from outbox import Outbox, host
from outbox.errors import StorageFailed
from outbox.log import durable
from tests.support.lessons import path_of, publish


@pytest.mark.parametrize("step", ["open_file", "lock"])
def test_a_directory_that_a_sweeper_took_before_it_was_locked_is_made_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Another process opens the outbox just then, and finds a directory that nobody has locked."""
    monkeypatch.setattr(host, "MOVES_OPEN_DIRECTORIES", False)
    with Outbox.open(tmp_path / "outbox.db", content_root=tmp_path) as box:
        _once_before(monkeypatch, step, lambda: Outbox.open(tmp_path / "outbox.db", content_root=tmp_path).close())
        publish(box, "a", "# One\n")
        publish(box, "a", "# Two\n")
        assert (tmp_path / path_of("a")).read_text() == "# Two\n"
        assert box.last_seq == 2


def test_a_root_that_is_gone_is_an_error_and_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "MOVES_OPEN_DIRECTORIES", False)
    content = tmp_path / "content"
    content.mkdir()
    with Outbox.open(tmp_path / "outbox.db", content_root=content) as box:
        staging = content / ".outbox-staging"
        monkeypatch.setattr(durable.Directories, "make", lambda *_args, **_kwargs: None)
        with pytest.raises(StorageFailed, match="cannot write"):
            publish(box, "a", "# One\n")
        assert not staging.exists()
        assert box.last_seq == 0


def _once_before(monkeypatch: pytest.MonkeyPatch, step: str, other: Callable[[], None]) -> None:
    """Let `other` run before the first call of the step that concerns a lock of staging."""
    real = getattr(host, step)

    def and_then(*args: object) -> object:
        if step == "lock" or str(args[0]).endswith("owner.lock"):
            monkeypatch.setattr(host, step, real)
            other()
        return real(*args)

    monkeypatch.setattr(host, step, and_then)
