"""`worker run` as a process: holding, one per outbox, signals, waking up."""

import json
import signal
from pathlib import Path

import psycopg
import pytest

from outbox import Outbox, read_status
from outbox.operating import assess
from tests.support.make_outbox import PROJECT, filled, lesson, project
from tests.support.postgres import Database
from tests.support.processes import PROMPT_SECONDS, environment, until, worker
from tests.support.rows import applied_seq
from worker.process.wakeup import STOP_WITHIN_SECONDS

MARKER = "s3cret-marker"


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    path = tmp_path / "outbox.db"
    with Outbox.open(path) as box:
        box.append(*project(), lesson(1))
    return path


def state_of(outbox: Path) -> str:
    return reported_by(outbox)[1]


def reported_by(outbox: Path) -> tuple[int | None, str]:
    """Which worker spoke last, and what it said."""
    with Outbox.open(outbox) as box:
        report = box.relay.report
    return (report.pid, report.state.value) if report is not None else (None, "")


def test_an_appended_event_is_delivered_within_moments(outbox: Path, database: Database, tmp_path: Path) -> None:
    """The bell wakes the worker: no poll of an hour is waited for."""
    env = environment(outbox, database.worker_dsn, OUTBOX_POLL_SECONDS="3600")
    with worker("run", env=env, cwd=tmp_path) as process, Outbox.open(outbox) as box:
        until(lambda: state_of(outbox) == "following", what="following")
        for number in range(2, 12):
            box.append(lesson(number))
            until(lambda: applied_seq(database.dsn) == box.last_seq, what="delivered")
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    assert state_of(outbox) == "stopped"


def test_sigterm_ends_the_worker_within_five_seconds_in_the_middle_of_a_drain(
    database: Database, tmp_path: Path
) -> None:
    """The batch in hand is finished; what is left is left; the exit code is 0."""
    path = tmp_path / "outbox.db"
    filled(path, 1500).close()
    env = environment(path, database.worker_dsn, OUTBOX_BATCH_EVENTS="10")
    with worker("run", "--quiet", env=env, cwd=tmp_path) as process:
        until(lambda: applied_seq(database.dsn) > 50, what="some progress")
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    assert 50 < applied_seq(database.dsn) < 3000


def test_a_batch_that_hangs_does_not_keep_the_worker_from_ending(
    outbox: Path, database: Database, tmp_path: Path
) -> None:
    """Somebody holds a lock: SIGTERM is obeyed within its five seconds all the same, and nothing is half-applied."""
    env = environment(outbox, database.worker_dsn)
    with psycopg.connect(database.dsn) as blocker:
        blocker.execute("lock table contents in access exclusive mode")
        with worker("run", "--quiet", env=env, cwd=tmp_path) as process:
            until(lambda: waiting_for_a_lock(database), what="the worker waits for the lock")
            process.send_signal(signal.SIGTERM)
            assert process.wait(PROMPT_SECONDS) == 0
    assert applied_seq(database.dsn) == 0


def test_a_second_signal_ends_the_worker_at_once(outbox: Path, database: Database, tmp_path: Path) -> None:
    """Whoever presses Ctrl-C again does not wait for the batch in hand, nor for the deadline of the first signal."""
    env = environment(outbox, database.worker_dsn)
    with psycopg.connect(database.dsn) as blocker:
        blocker.execute("lock table contents in access exclusive mode")
        with worker("run", "--quiet", env=env, cwd=tmp_path) as process:
            until(lambda: waiting_for_a_lock(database), what="the worker waits for the lock")
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGINT)
            assert process.wait(STOP_WITHIN_SECONDS - 1) == 0
    assert applied_seq(database.dsn) == 0


def waiting_for_a_lock(database: Database) -> bool:
    with psycopg.connect(database.dsn) as connection:
        row = connection.execute(
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'outbox-worker'"
        ).fetchone()
    return bool(row and row[0])


def test_a_second_worker_says_who_runs_and_exits_3(outbox: Path, database: Database, tmp_path: Path) -> None:
    env = environment(outbox, database.worker_dsn)
    with worker("run", env=env, cwd=tmp_path) as first:
        until(lambda: state_of(outbox) == "following", what="following")
        for command in ("run", "drain"):
            with worker(command, env=env, cwd=tmp_path) as second:
                _, errors = second.communicate()
                assert second.returncode == 3
                assert str(first.pid) in errors
        assert state_of(outbox) == "following"


def told_to_whoever_asks(outbox: Path) -> list[str | None]:
    with Outbox.open(outbox) as box:
        found = assess(read_status(box, box.clock.now()))
        assert "could not deliver: CREATOR_OS_DB_PERSIST is not true" in found.trouble[0].text
        return [need.entry for need in found.needs]


def test_the_flag_off_holds_everything_and_says_so(outbox: Path, database: Database, tmp_path: Path) -> None:
    """CREATOR_OS_DB_PERSIST defaults to false: the emergency brake."""
    env = environment(outbox, database.worker_dsn)
    del env["CREATOR_OS_DB_PERSIST"]
    with worker("run", env=env, cwd=tmp_path) as process:
        until(lambda: state_of(outbox) == "holding", what="holding")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate()
        assert process.returncode == 0
    assert "relay.holding" in errors
    assert applied_seq(database.dsn) == 0
    assert told_to_whoever_asks(outbox) == ["delivery-is-off"]
    with Outbox.open(outbox) as box:
        box.relay.set_state("stopped")
    with worker("drain", env=env, cwd=tmp_path) as process:
        _, errors = process.communicate()
        assert process.returncode == 3
    assert "CREATOR_OS_DB_PERSIST=true" in errors
    assert told_to_whoever_asks(outbox) == ["delivery-is-off"]


def test_a_pause_survives_a_restart_of_the_worker(outbox: Path, database: Database, tmp_path: Path) -> None:
    """The worker that follows a killed one delivers nothing either, until `outbox resume`."""
    env = environment(outbox, database.worker_dsn, OUTBOX_POLL_SECONDS="0.1")
    with Outbox.open(outbox) as box:
        with worker("run", env=env, cwd=tmp_path) as first:
            until(lambda: applied_seq(database.dsn) == box.last_seq, what="delivered")
            box.relay.pause()
            until(lambda: state_of(outbox) == "holding", what="holding")
            first.kill()
            first.wait()
        delivered = box.last_seq
        box.append(lesson(2))
        with worker("run", env=env, cwd=tmp_path) as second:
            until(lambda: reported_by(outbox) == (second.pid, "holding"), what="the next one is holding, too")
            assert applied_seq(database.dsn) == delivered
            box.relay.resume()
            until(lambda: applied_seq(database.dsn) == box.last_seq, what="delivered")


def test_without_a_database_it_says_what_to_set(outbox: Path, tmp_path: Path) -> None:
    for command in ("run", "drain", "verify"):
        with worker(command, env=environment(outbox, None), cwd=tmp_path) as process:
            _, errors = process.communicate()
            assert process.returncode == 3
            assert "SUPABASE_DB_URL" in errors
            assert "--local" in errors


def test_every_fault_of_the_configuration_is_told_at_once(outbox: Path, tmp_path: Path) -> None:
    env = environment(
        outbox, "nonsense", OUTBOX_POLL_SECONDS="x", CREATOR_OS_DB_PERSIST="maybe", OUTBOX_BATCH_EVENTS="0"
    )
    with worker("run", env=env, cwd=tmp_path) as process:
        _, errors = process.communicate()
        assert process.returncode == 3
    for name in ("SUPABASE_DB_URL", "OUTBOX_POLL_SECONDS", "CREATOR_OS_DB_PERSIST", "OUTBOX_BATCH_EVENTS"):
        assert name in errors


def test_no_secret_and_no_payload_reaches_a_log_an_error_or_a_row(
    outbox: Path, database: Database, tmp_path: Path
) -> None:
    """Wrong password, unreachable host and poison with marked content: the marks appear nowhere."""
    dsn = database.worker_dsn
    wrong = dsn.replace("outbox_worker:", f"outbox_worker:{MARKER}")
    closed = f"postgresql://outbox_worker:{MARKER}@127.0.0.1:1/postgres"
    told = ""
    for url in (wrong, closed, f"postgresql://u:{MARKER}@[bad/x", f"nonsense-{MARKER}"):
        for command in (("drain", "--patience", "0.2"), ("verify",)):
            with worker(*command, env=environment(outbox, url), cwd=tmp_path) as process:
                out, errors = process.communicate()
                assert process.returncode in {3, 5}
                told += out + errors
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("alter table contents add constraint no_marks check (content not like '%mark%')")
    with Outbox.open(outbox) as box:
        box.append(lesson(9, body=f"a mark: {MARKER}"))
        with worker("drain", env=environment(outbox, dsn), cwd=tmp_path) as process:
            out, errors = process.communicate()
            assert process.returncode == 0
            told += out + errors
        told += json.dumps([row.as_dict() for row in box.parked.list()])
        report = box.relay.report
        told += report.last_error or "" if report else ""
        told += str(list(box.connection.execute("select * from outages")))
    with psycopg.connect(database.dsn) as connection:
        told += str(connection.execute("select * from outbox.parked").fetchall())
        told += str(connection.execute("select * from outbox.sources").fetchall())
    assert "no_marks" in told
    assert MARKER not in told
    assert f"{PROJECT}--aula-9" not in told
