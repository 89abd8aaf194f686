"""Metrics and health of a real worker, as Prometheus and an orchestrator meet them."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from subprocess import Popen

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from outbox import Outbox
from tests.support.fault_proxy import FaultProxy
from tests.support.make_outbox import lesson, project
from tests.support.postgres import Database
from tests.support.processes import DEADLINE_SECONDS, environment, until, worker
from tests.support.rows import applied_seq

EVENTS = 4  # a course, its outline, a module, a lesson


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    path = tmp_path / "outbox.db"
    with Outbox.open(path) as box:
        box.append(*project(), lesson(1))
    return path


def listening_on(process: "Popen[str]") -> int:
    """Read the log until it names the port."""
    assert process.stderr is not None
    for line in process.stderr:
        said = json.loads(line)
        if said["event"] == "metrics.listening":
            assert said["address"] == "127.0.0.1"
            return int(said["port"])
    raise AssertionError("the worker ended without naming its port")


def ask(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=DEADLINE_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float:
    return samples(text)[(name, frozenset(labels.items()))]


def running(env: Mapping[str, str], cwd: Path, *more: str):  # noqa: ANN201 - as `worker` returns it
    return worker("run", "--metrics-port", "0", *more, env=env, cwd=cwd)


def test_a_scrape_tells_what_was_delivered_and_what_waits(outbox: Path, database: Database, tmp_path: Path) -> None:
    """Counters of this process, gauges from the outbox file, in one exposition."""
    with running(environment(outbox, database.worker_dsn), tmp_path) as process:
        port = listening_on(process)
        until(lambda: applied_seq(database.dsn) == EVENTS, what="delivered")
        until(lambda: value(ask(port, "/metrics")[1], "outbox_applied_events_total") == EVENTS, what="counted")
        until(lambda: value(ask(port, "/metrics")[1], "outbox_backlog_events") == 0, what="noted")
        _, text = ask(port, "/metrics")
    assert value(text, "outbox_attempts_total", verdict="applied") >= 1
    assert value(text, "outbox_batch_events_count") == value(text, "outbox_attempts_total", verdict="applied")
    assert value(text, "outbox_batch_events_sum") == EVENTS
    assert value(text, "outbox_apply_seconds_count") >= 1
    assert value(text, "outbox_last_seq") == value(text, "outbox_applied_seq") == EVENTS
    assert value(text, "outbox_connected") == 1
    assert value(text, "outbox_worker_state", state="following") == 1
    assert value(text, "outbox_worker_state", state="outage") == 0


def test_an_outage_is_healthy_and_not_ready(outbox: Path, database: Database, tmp_path: Path) -> None:
    """A restart would mend nothing, so the process is well; events are not delivered, so it is not ready."""
    away = environment(outbox, "postgresql://outbox_worker:secret@127.0.0.1:1/nowhere")
    with running(away, tmp_path) as process:
        port = listening_on(process)
        until(lambda: value(ask(port, "/metrics")[1], "outbox_outage") == 1, what="outage")
        assert ask(port, "/healthz") == (200, "ok\n")
        code, words = ask(port, "/readyz")
        assert (code, words) == (503, "not connected: `outbox status` tells why\n")
        _, text = ask(port, "/metrics")
        assert value(text, "outbox_attempts_total", verdict="outage") >= 1
        assert value(text, "outbox_backlog_events") == EVENTS
        assert value(text, "outbox_outage_seconds") >= 0
        assert "secret" not in text
    with running(environment(outbox, database.worker_dsn), tmp_path) as process:
        port = listening_on(process)
        until(lambda: ask(port, "/readyz") == (200, "ok\n"), what="ready")
        until(lambda: value(ask(port, "/metrics")[1], "outbox_outage") == 0, what="the outage is over")


def test_a_database_that_dies_under_a_worker_leaves_it_healthy_and_takes_its_readiness(
    outbox: Path, database: Database, tmp_path: Path
) -> None:
    """Ready, killed, not ready though well all the while, and ready again with what was appended meanwhile."""
    with FaultProxy(database.worker_dsn) as proxy:
        env = environment(outbox, proxy.dsn, OUTBOX_POLL_SECONDS="0.1")
        with running(env, tmp_path) as process, Outbox.open(outbox) as box:
            port = listening_on(process)
            until(lambda: ask(port, "/readyz") == (200, "ok\n"), what="ready")
            # As the worker knows it: of a COMMIT whose answer is cut off it may not say that it counts.
            until(lambda: value(ask(port, "/metrics")[1], "outbox_backlog_events") == 0, what="delivered")
            proxy.plan.refuse = True
            proxy.cut_all()
            until(lambda: ask(port, "/readyz")[0] == 503, what="not ready")
            assert ask(port, "/healthz") == (200, "ok\n")
            box.append(lesson(2))
            until(lambda: value(ask(port, "/metrics")[1], "outbox_outage") == 1, what="outage")
            assert value(ask(port, "/metrics")[1], "outbox_backlog_events") == 1
            assert value(ask(port, "/metrics")[1], "outbox_connected") == 0
            proxy.plan.refuse = False
            until(lambda: applied_seq(database.dsn) == EVENTS + 1, what="delivered after all")
            until(lambda: ask(port, "/readyz") == (200, "ok\n"), what="ready again")
            until(lambda: value(ask(port, "/metrics")[1], "outbox_outage") == 0, what="the outage is over")
            assert ask(port, "/healthz") == (200, "ok\n")


def test_a_parked_event_is_counted_as_poison_and_shown(outbox: Path, database: Database, tmp_path: Path) -> None:
    with Outbox.open(outbox) as box:
        box.append(msgspec.structs.replace(lesson(2), parent="nobody-knows-this-one"))
    with running(environment(outbox, database.worker_dsn), tmp_path) as process:
        port = listening_on(process)
        until(lambda: value(ask(port, "/metrics")[1], "outbox_parked_events", state="parked") == 1, what="parked")
        assert value(ask(port, "/metrics")[1], "outbox_attempts_total", verdict="poison") >= 1


def test_other_pages_are_not_there(outbox: Path, tmp_path: Path) -> None:
    with running(environment(outbox, None, CREATOR_OS_DB_PERSIST="false"), tmp_path) as process:
        port = listening_on(process)
        assert ask(port, "/")[0] == 404
        assert ask(port, "/healthz")[0] == 200  # held, with good reason


def test_nobody_outside_this_host_reaches_the_port(outbox: Path, tmp_path: Path) -> None:
    """It listens on 127.0.0.1 and nowhere else."""
    with running(environment(outbox, None, CREATOR_OS_DB_PERSIST="false"), tmp_path) as process:
        port = listening_on(process)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=DEADLINE_SECONDS)


def test_a_port_that_is_taken_is_named(outbox: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        env = environment(outbox, None, CREATOR_OS_DB_PERSIST="false", OUTBOX_METRICS_PORT=port)
        with worker("run", env=env, cwd=tmp_path) as process:
            _, errors = process.communicate()
    assert process.returncode == 3
    assert f"127.0.0.1:{port}" in errors
    assert "--metrics-port" in errors


def test_the_metrics_file_is_whole_and_kept_up_to_date(outbox: Path, database: Database, tmp_path: Path) -> None:
    """Written at the start, now and then, and once more at the end, so that node_exporter sees the last state."""
    file = tmp_path / "textfile" / "outbox.prom"
    env = environment(outbox, database.worker_dsn, OUTBOX_METRICS_FILE=str(file))
    with worker("run", env=env, cwd=tmp_path) as process:
        _, errors = process.communicate()
        assert process.returncode == 3
        assert "--metrics-file" in errors
    file.parent.mkdir()
    with worker("run", env=env, cwd=tmp_path) as process:
        until(lambda: applied_seq(database.dsn) == EVENTS, what="delivered")
        assert value(file.read_text(), "outbox_file_readable") == 1
        process.terminate()
        process.communicate()
    assert value(file.read_text(), "outbox_applied_events_total") == EVENTS
    assert value(file.read_text(), "outbox_worker_state", state="stopped") == 1  # what the alarm looks for
    assert [path.name for path in file.parent.iterdir()] == ["outbox.prom"]
