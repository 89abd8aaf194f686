"""The image's own commands, run without an engine: what it starts, how its health is asked, as whom it runs."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

from outbox import Outbox
from tests.support.make_outbox import lesson, project
from tests.support.postgres import Database
from tests.support.processes import ROOT, environment, until, worker
from worker.variables import KNOWN

TEXT = (ROOT / "Containerfile").read_text().replace("\\\n", " ")
LINES = [line.split(maxsplit=1) for line in TEXT.splitlines() if line.strip() and not line.startswith("#")]


def said(instruction: str) -> list[str]:
    return [rest for name, rest in LINES if name == instruction]


def test_its_command_is_healthy_while_it_runs_and_ill_when_it_does_not(database: Database, tmp_path: Path) -> None:
    """The command of the image, and its health check as it is written, against a real worker."""
    path = tmp_path / "outbox.db"
    with Outbox.open(path) as box:
        box.append(*project(), lesson(1))
    settings = dict(pair.split("=", 1) for pair in shlex.split(said("ENV")[0]))
    (entrypoint,), (arguments,) = (json.loads(said(name)[0]) for name in ("ENTRYPOINT", "CMD"))
    assert entrypoint == "worker"
    env = environment(path, database.worker_dsn, OUTBOX_METRICS_PORT="0")
    with worker(arguments, env=env, cwd=tmp_path) as process:
        assert process.stderr is not None
        port = next(json.loads(line)["port"] for line in process.stderr if "metrics.listening" in line)
        until(lambda: healthy(settings["OUTBOX_METRICS_PORT"], str(port)), what="it is healthy")
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert not healthy(settings["OUTBOX_METRICS_PORT"], str(port))


def test_it_runs_as_nobody_special_and_keeps_its_files() -> None:
    """Not root; what it writes lies on the volume; no setting of it is misspelt, and none is a secret."""
    assert said("USER") == ["10001"]
    (volume,) = json.loads(said("VOLUME")[0])
    settings = dict(pair.split("=", 1) for pair in shlex.split(said("ENV")[0]))
    assert set(settings) <= KNOWN
    assert all(settings[name].startswith(volume) for name in ("OUTBOX_PATH", "CONTENT_ROOT"))
    assert "SUPABASE_DB_URL" not in TEXT
    assert {".env", ".git"} <= set((ROOT / ".containerignore").read_text().split())


def test_its_extras_are_there() -> None:
    """Those that the image installs are extras of this package."""
    named = re.findall(r"creatoros-outbox\[([\w,]+)\]", TEXT)[0].split(",")
    declared = re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert set(named) <= set(declared)


def healthy(written: str, port: str) -> bool:
    """What the health check of the image says, with the port of this test in place of the image's."""
    command = json.loads(said("HEALTHCHECK")[0].partition("CMD ")[2])
    assert command[0] == "python"
    asked = [part.replace(f":{written}/", f":{port}/") for part in command[1:]]
    done = subprocess.run([sys.executable, *asked], capture_output=True, check=False, timeout=60)
    return done.returncode == 0
