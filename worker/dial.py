"""A connection for one command: what fails is told in our words, with the exit code of its kind."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from worker.connection import Connection, connect
from worker.errors import SettingsFault, Unreachable, WorkerError
from worker.verdict import Judgement, Phase, Verdict, judge


@contextmanager
def reach(dsn: str) -> Iterator[Connection]:
    """Open a connection for the length of the block.

    Raises:
        Unreachable: the database does not answer.
        SettingsFault: it answers and refuses us, or lacks our tables.
        WorkerError: it failed otherwise. None of them quotes the server.
    """
    try:
        connection = connect(dsn)
    except (psycopg.Error, OSError) as exc:
        raise _told(judge(exc, Phase.CONNECT, known_address=False)) from None
    try:
        with connection:
            yield connection
    except psycopg.Error as exc:
        raise _told(judge(exc, Phase.APPLY)) from None


def _told(judgement: Judgement) -> WorkerError:
    if judgement.verdict is Verdict.OUTAGE:
        return Unreachable(f"the database cannot be used: {judgement.reason}")
    if judgement.verdict is Verdict.ENVIRONMENT:
        return SettingsFault(judgement.reason)
    return WorkerError(judgement.reason)
