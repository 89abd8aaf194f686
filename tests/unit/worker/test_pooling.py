"""Which kind of session it is: asked of the server by its process ids, whatever the port."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from worker.connect.pooling import SessionKind, session_kind


class Pooled:
    """A connection whose statements are answered by these server processes, one after the other."""

    def __init__(self, key: int, answers: list[int]) -> None:
        self.info = SimpleNamespace(backend_pid=key)
        self._answers = answers

    def execute(self, statement: str) -> Any:
        if "pg_backend_pid" in statement:
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            return SimpleNamespace(fetchone=lambda: (answer,))
        return None


def asked(ours: Pooled, dial: Callable[[], AbstractContextManager[Any]]) -> SessionKind:
    return session_kind(ours, dial)  # type: ignore[arg-type]


def never() -> AbstractContextManager[Any]:
    raise AssertionError("a second login")


def test_a_session_whose_process_is_the_one_that_answers_is_direct() -> None:
    """Nobody is asked for a second session."""
    assert asked(Pooled(7, [7]), never) is SessionKind.DIRECT


@pytest.mark.parametrize(("ours", "theirs"), [([11], [11]), ([11, 12], [13])], ids=["lent to the other", "lent anew"])
def test_a_process_that_is_lent_for_a_transaction_shows(ours: list[int], theirs: list[int]) -> None:
    assert asked(Pooled(99, ours), lambda: nullcontext(Pooled(98, theirs))) is SessionKind.TRANSACTION


def test_a_process_that_stays_ours_is_a_session() -> None:
    assert asked(Pooled(99, [11]), lambda: nullcontext(Pooled(98, [12]))) is SessionKind.SESSION


def test_a_pooler_without_a_second_session_for_us_has_given_us_the_first() -> None:
    def full() -> AbstractContextManager[Any]:
        raise psycopg.OperationalError("no more")

    assert asked(Pooled(99, [11]), full) is SessionKind.SESSION
