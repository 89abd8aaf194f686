"""Who decided is on record, as far as the machine can tell."""

import getpass
import os

import pytest

from outbox.notes.audit import operator


def test_behind_sudo_it_is_the_person_not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "ana")
    assert operator() == "ana"


@pytest.mark.parametrize("error", [KeyError, OSError])
def test_a_user_without_a_name_is_told_by_its_number(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    """A container may run under an id that no file knows."""

    def nobody() -> str:
        raise error("no such user")

    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setattr(getpass, "getuser", nobody)
    assert operator() == f"uid {os.getuid()}"
