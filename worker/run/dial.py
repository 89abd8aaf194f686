"""A connection for one command: a failure is reported in our words, with the exit code of its kind."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from worker.connect.connection import Connection, connect
from worker.errors import SettingsFault, Unreachable, WorkerError
from worker.faults.verdict import Judgement, Phase, Verdict, judge


@contextmanager
def connected(dsn: str) -> Iterator[Connection]:
    """Open a connection for the length of the block.

    Raises:
        Unreachable: the database does not answer.
        SettingsFault: it answers and refuses us, or lacks our tables.
        WorkerError: it failed otherwise. None of them quotes the server.
    """
    try:
        connection = connect(dsn)
    except (psycopg.Error, OSError) as exc:
        raise as_error(judge(exc, Phase.CONNECT, known_address=False)) from None
    try:
        with connection:
            yield connection
    except psycopg.Error as exc:
        raise as_error(judge(exc, Phase.APPLY)) from None


def as_error(judgement: Judgement) -> WorkerError:
    """Return the error for a command that a failure ends: its kind of exit code, the judgement's fields."""
    kinds: dict[Verdict, type[WorkerError]] = {Verdict.OUTAGE: Unreachable, Verdict.ENVIRONMENT: SettingsFault}
    kind = kinds.get(judgement.verdict, WorkerError)
    prefix = "the database cannot be used: " if kind is Unreachable else ""
    error = kind(prefix + judgement.reason, kind=judgement.kind or None, remedy=judgement.remedy)
    error.command, error.entry = judgement.command, judgement.entry
    return error
