"""The worker's calls, from a program: typed results, real Postgres, and nothing of the program's is taken over."""

import re
import signal
import threading
from pathlib import Path

import psycopg
import pytest
import structlog

import worker
from outbox import Outbox
from tests.support.make_outbox import filled, lesson
from tests.support.postgres import Database
from tests.support.processes import ROOT, environment

PAGE = ROOT / "docs" / "python.md"


@pytest.fixture
def settings(tmp_path: Path, database: Database) -> worker.WorkerSettings:
    filled(tmp_path / "outbox.db", 30).close()
    return worker.WorkerSettings.from_env(environment(tmp_path / "outbox.db", database.worker_dsn))


def test_a_drain_says_why_it_ended_and_what_is_left(settings: worker.WorkerSettings) -> None:
    """The second one has nothing to do."""
    with Outbox.open(settings.outbox.outbox_path) as box:
        last_seq = box.last_seq
    done = worker.drain(settings)
    assert (done.ending, done.events, done.remaining, done.parked) == (worker.Ending.EMPTY, last_seq, 0, 0)
    assert worker.drain(settings).events == 0


def test_a_database_that_does_not_answer_ends_a_drain_without_an_error(settings: worker.WorkerSettings) -> None:
    """A backlog is nothing unusual."""
    away = worker.WorkerSettings(outbox=settings.outbox, persist=True, db_url="postgresql://u:p@127.0.0.1:1/x")
    done = worker.drain(away, patience_seconds=0.1)
    assert done.ending is worker.Ending.UNREACHABLE
    assert done.remaining > 0


def test_a_comparison_names_what_differs_and_repairs_it(settings: worker.WorkerSettings, database: Database) -> None:
    """Without `repair` nothing is written; with it the result says what was, and how it stands afterwards."""
    worker.drain(settings)
    assert worker.verify(settings).differences == []
    slug = lesson(1).slug
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("update contents set title = 'x' where slug = %s", [slug])
    found = worker.verify(settings)
    assert [(one.kind, one.what, one.detail) for one in found.differences] == [
        ("row_differs", f"content {slug}", "title")
    ]
    assert not found.proven
    assert found.repaired == []
    mended = worker.verify(settings, repair=True)
    assert mended.proven
    assert [(one.what, one.reason) for one in mended.repaired] == [(f"content {slug}", None)]


def test_a_replay_brings_back_what_the_database_lost(settings: worker.WorkerSettings, database: Database) -> None:
    """All events are applied once more, and rows that were there are not doubled."""
    first = worker.drain(settings)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("delete from contents")
    assert worker.replay(settings).events == first.events
    assert worker.verify(settings).proven


def test_signals_and_timers_stay_those_of_a_program_that_drains_in_a_thread(settings: worker.WorkerSettings) -> None:
    """Python lets the main thread alone set handlers, and the program may have a timer of its own."""
    ended: list[worker.Drained] = []
    before = signal.getsignal(signal.SIGTERM)
    signal.setitimer(signal.ITIMER_REAL, 3600)
    try:
        thread = threading.Thread(target=lambda: ended.append(worker.drain(settings)))
        thread.start()
        thread.join()
        left, _ = signal.getitimer(signal.ITIMER_REAL)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    assert [done.ending for done in ended] == [worker.Ending.EMPTY]
    assert signal.getsignal(signal.SIGTERM) is before
    assert left > 0


def test_log_lines_go_where_the_program_sends_them(
    settings: worker.WorkerSettings, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without a set-up of its own it hears warnings alone, and what we set up is gone afterwards."""
    structlog.reset_defaults()
    worker.drain(settings)
    assert capfd.readouterr() == ("", "")
    assert not structlog.is_configured()
    seen: list[str] = []

    def keep(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        seen.append(str(event["event"]))
        raise structlog.DropEvent

    structlog.configure(processors=[keep])
    try:
        worker.drain(settings)
    finally:
        structlog.reset_defaults()
    assert "relay.connected" in seen


def test_the_page_says_what_runs(
    settings: worker.WorkerSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database: Database
) -> None:
    """Both examples of docs/python.md, from an empty folder to a proof."""
    assert settings.db_url == database.worker_dsn
    path = tmp_path / "project" / ".outbox" / "outbox.db"
    for name, value in environment(path, database.worker_dsn).items():
        monkeypatch.setenv(name, value)
    path.parent.parent.mkdir()
    monkeypatch.chdir(path.parent.parent)
    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        exec(compile(code, PAGE.name, "exec"), {})  # noqa: S102 - our own page
    with psycopg.connect(database.dsn) as connection:
        assert connection.execute("select name from content_projects where slug = 'pao'").fetchone() == ("Pão caseiro",)
