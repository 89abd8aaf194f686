"""What the metrics say, what the docs say of them, and what the dashboard and the alerts ask for."""

import datetime as dt
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from contextlib import nullcontext, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.request import urlopen
from uuid import UUID

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from outbox import Outbox, WorkerLock, WorkerState, read_status
from outbox.operating import CourseTally
from tests.support.make_outbox import filled, lesson, project
from tests.support.processes import DEADLINE_SECONDS
from worker import SettingsFault, WorkerSettings, serve
from worker.carry.exchange import Exchange
from worker.connect.connection import Connection, longer
from worker.console.overview import read_overview
from worker.faults.failures import SLOW_EVENT_TRIES
from worker.faults.verdict import Verdict
from worker.metrics import server
from worker.metrics.file_gauges import FileGauges
from worker.metrics.health import Health
from worker.metrics.meter import PrometheusMeter
from worker.metrics.published import SILENT_MARGIN_SECONDS, SILENT_STATEMENT_TIMEOUTS
from worker.metrics.textfile import written
from worker.options import Options
from worker.process.supervisor import Supervisor

ROOT = Path(__file__).parents[3]
ALERTS = ROOT / "examples" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "examples" / "grafana" / "outbox.json"
NAME = re.compile(r"\boutbox_\w+")
PER_HISTOGRAM = re.compile(r"_(bucket|count|sum|created)$")


@pytest.fixture
def registry(tmp_path: Path) -> CollectorRegistry:
    found = CollectorRegistry()
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(*project(), lesson(1))
    found.register(FileGauges(tmp_path / "outbox.db"))
    PrometheusMeter(found)
    return found


def names(registry: CollectorRegistry) -> set[str]:
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        family.name + ("_total" if family.type == "counter" else "")
        for family in families
        if not family.name.endswith("_created")
    }


def asked_for(expression: str) -> set[str]:
    return {PER_HISTOGRAM.sub("", name) for name in NAME.findall(expression)}


def test_every_metric_is_documented_and_no_other(registry: CollectorRegistry) -> None:
    listed = set(re.findall(r"^\| `(outbox_\w+)`", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE))
    assert listed == names(registry)


def test_the_alerts_ask_for_metrics_that_exist_and_name_entries_of_the_runbook(registry: CollectorRegistry) -> None:
    """A rule about a metric that nobody exports never fires; a link to nowhere helps nobody at night."""
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)
    }
    assert rules
    for rule in rules:
        wanted = asked_for(rule["expr"])
        assert wanted, rule["alert"]
        assert wanted <= names(registry), rule["alert"]
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert (page, anchor in anchors) == ("docs/runbook.md", True), rule["alert"]


def test_the_dashboard_asks_for_metrics_that_exist(registry: CollectorRegistry) -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    expressions = [target["expr"] for panel in panels for target in panel["targets"]]
    assert expressions
    for expression in expressions:
        assert asked_for(expression), expression
        assert asked_for(expression) <= names(registry), expression


def test_every_verdict_is_there_before_the_first_failure(registry: CollectorRegistry) -> None:
    """A line that appears only with its first failure has no rise that an alert could see."""
    for verdict in ("applied", *Verdict):
        assert registry.get_sample_value("outbox_attempts_total", {"verdict": str(verdict)}) == 0


def test_a_file_that_cannot_be_read_says_so_and_tells_no_old_numbers(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    registry.register(FileGauges(tmp_path / "none.db"))
    assert registry.get_sample_value("outbox_file_readable") == 0
    assert registry.get_sample_value("outbox_backlog_events") is None


def test_a_file_that_breaks_while_it_is_read_says_so_too(tmp_path: Path) -> None:
    """SQLite's own errors are answers as well: they end neither a scrape nor the thread that writes the file."""
    registry = CollectorRegistry()
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(*project())
        box.connection.execute("drop table outages")
    registry.register(FileGauges(tmp_path / "outbox.db"))
    assert registry.get_sample_value("outbox_file_readable") == 0
    assert registry.get_sample_value("outbox_told_at_seconds") is not None


def test_the_file_is_readable_for_node_exporter_whatever_the_umask(registry: CollectorRegistry, tmp_path: Path) -> None:
    """It runs as another user, and the sample unit sets UMask=0077."""
    file = tmp_path / "outbox.prom"
    before = os.umask(0o077)
    try:
        with written(registry, file):
            assert file.stat().st_mode & 0o777 == 0o644
    finally:
        os.umask(before)


@pytest.mark.parametrize("kind", ["pipe", "socket", "folder"])
def test_only_a_file_is_replaced_by_the_metrics_file(kind: str, registry: CollectorRegistry, tmp_path: Path) -> None:
    """Renamed over, a device (/dev/null, /dev/stdout) would be a file for every program of the host."""
    place = tmp_path / "outbox.prom"
    with socket.socket(socket.AF_UNIX) as end:
        {"pipe": lambda: os.mkfifo(place), "socket": lambda: end.bind(str(place)), "folder": place.mkdir}[kind]()
        before = place.stat()
        with pytest.raises(SettingsFault, match="--metrics-file"), written(registry, place):
            pass
    assert (place.stat().st_mode, place.stat().st_ino) == (before.st_mode, before.st_ino)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("outbox.prom")] == ["outbox.prom"]


@pytest.mark.parametrize("state", [*WorkerState], ids=str)
def test_what_waits_is_counted_when_it_is_asked_for(state: WorkerState, tmp_path: Path) -> None:
    """By status, metrics and console alike, whatever the worker said last: a number that is noted would be old."""
    registry = CollectorRegistry()
    path = tmp_path / "outbox.db"
    with Outbox.open(path) as box, WorkerLock(path) if state is not WorkerState.STOPPED else nullcontext():
        registry.register(FileGauges(path))
        box.append(*(lesson(number) for number in range(1, 4)))
        box.relay.remember_position(UUID(int=1), 1, None)
        box.relay.set_state(state, "the cause", 9.0, 1.0)
        for appended, applied, waiting in ((0, 1, 2), (2, 1, 4), (0, 4, 1), (1, 4, 2)):
            box.append(*(lesson(100 * appended + box.last_seq + number) for number in range(appended)))
            box.relay.remember_position(UUID(int=1), applied, None)
            counted = {
                read_status(box, box.clock.now()).backlog,
                registry.get_sample_value("outbox_backlog_events"),
                read_overview(box, CourseTally(box.outbox_id), span="day").status.backlog,
            }
            assert counted == {waiting}


def test_a_scrape_costs_the_same_whatever_waits(tmp_path: Path) -> None:
    """Counted in steps of SQLite's machine: a hundred times as much may wait."""
    steps = {}
    for lessons in (20, 2000):
        counted = 0

        def count() -> int:
            nonlocal counted
            counted += 1
            return 0

        with filled(tmp_path / f"{lessons}.db", lessons) as box:
            box.connection.set_progress_handler(count, 1)
            read_status(box, dt.datetime.now(dt.UTC))
            box.connection.set_progress_handler(None, 1)
        steps[lessons] = counted
    assert steps[20] > 0
    assert steps[2000] <= steps[20] * 1.1


def test_patience_with_an_event_that_is_too_slow_is_not_taken_for_a_hang() -> None:
    """An exchange may double its limits a few times, and lasts twice the statement timeout of the last try."""
    exchange = Exchange(cast("Outbox", None), Options(), dial=lambda: cast("Connection", None))
    for _ in range(SLOW_EVENT_TRIES):
        exchange.limits = longer(exchange.limits)
    silent = SILENT_STATEMENT_TIMEOUTS * Options().limits.statement_timeout_ms / 1000 + SILENT_MARGIN_SECONDS
    assert exchange.patience_with_an_answer < silent


def test_without_the_library_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("worker.metrics")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    settings = WorkerSettings.from_env({"OUTBOX_PATH": str(tmp_path / "outbox.db"), "OUTBOX_METRICS_PORT": "0"})
    with pytest.raises(SettingsFault, match=r"prometheus_client is not installed: pip install .*--metrics-port"):
        serve(settings, local=False)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool: what fires when is NOT proven here")
def test_promtool_takes_the_rules_and_they_fire_when_they_should() -> None:
    """Prometheus' own checker, where there is one (Debian: package prometheus), and what fires when."""
    promtool = str(shutil.which("promtool"))
    for arguments in (("check", "rules", ALERTS), ("test", "rules", ALERTS.with_name("alerts.test.yml"))):
        done = subprocess.run([promtool, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_clock_that_went_back_gives_no_negative_age(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(*project())
        box.relay.outage_began("away")
    registry.register(FileGauges(tmp_path / "outbox.db", now=lambda: dt.datetime.now(dt.UTC) - dt.timedelta(days=1)))
    assert registry.get_sample_value("outbox_oldest_pending_seconds") == 0
    assert registry.get_sample_value("outbox_outage_seconds") == 0


def test_a_loop_that_falls_silent_is_stuck_and_one_that_speaks_is_well() -> None:
    """The answering thread proves nothing; only the loop's own word does."""
    now = [100.0]
    supervisor = Supervisor({}, clock=lambda: now[0])
    health = Health(supervisor=supervisor, silent_seconds=60, has_session=lambda: False, clock=lambda: now[0])
    assert health.alive() == (True, "ok")
    now[0] += 61
    assert health.alive() == (False, "stuck: the loop has said nothing for 61 s")
    supervisor.alive()
    assert health.alive() == (True, "ok")
    assert health.ready() == (False, "not connected: `outbox status` tells why")


def test_a_client_that_drips_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit runs from the first byte to the last, not from one to the next."""
    monkeypatch.setattr(server, "_SLOWEST_REQUEST_SECONDS", 0.3)
    health: Any = SimpleNamespace(alive=lambda: (True, "ok"), ready=lambda: (True, "ok"))
    with server.served(CollectorRegistry(), health, 0) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=0.05) as client:
            client.sendall(b"GET /metrics HT")
            with suppress(ConnectionError):
                while True:  # until it is cut off
                    client.sendall(b"X")
                    with suppress(TimeoutError):
                        if not client.recv(1024):
                            break
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=DEADLINE_SECONDS) as answer:
            assert answer.status == 200
