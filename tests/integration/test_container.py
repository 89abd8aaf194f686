"""The image's own commands, run without an engine: what it starts, how its health is asked, as whom it runs."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import psycopg
import yaml
from psycopg import sql
from psycopg.conninfo import make_conninfo

from outbox import Outbox
from tests.support.make_outbox import lesson, project
from tests.support.postgres import Database
from tests.support.processes import ROOT, environment, until, worker
from worker.doctor.host import KNOWN

TEXT = (ROOT / "Containerfile").read_text().replace("\\\n", " ")
LINES = [line.split(maxsplit=1) for line in TEXT.splitlines() if line.strip() and not line.startswith("#")]


def said(instruction: str) -> list[str]:
    return [rest for name, rest in LINES if name == instruction]


def test_its_command_is_healthy_while_it_runs_and_ill_when_it_does_not(database: Database, tmp_path: Path) -> None:
    """The command of the image, and its health check as it is written, against a real worker."""
    path = tmp_path / "outbox.db"
    with Outbox.open(path) as box:
        box.append(*project(), lesson(1))
    settings = settings_of_the_image()
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
    settings = settings_of_the_image()
    assert set(settings) <= KNOWN
    assert all(settings[name].startswith(volume) for name in ("OUTBOX_PATH", "CONTENT_ROOT"))
    assert "SUPABASE_DB_URL" not in TEXT
    assert {".env", ".git"} <= set((ROOT / ".containerignore").read_text().split())


def test_its_extras_are_there() -> None:
    """Those that the image installs are extras of this package."""
    named = re.findall(r"creatoros-outbox\[([\w,]+)\]", TEXT)[0].split(",")
    declared = re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert set(named) <= set(declared)


def test_the_composed_services_find_what_they_name() -> None:
    """Ports on the loopback alone, no password in the file, no setting misspelt, and every file of ours there."""
    place = ROOT / "examples" / "compose"
    text = (place / "compose.yaml").read_text()
    services = yaml.safe_load(text)["services"]
    assert set(services) == {"database", "migrate", "worker", "generator", "prometheus", "grafana"}
    assert all(port.startswith("127.0.0.1:") for one in services.values() for port in one.get("ports", ()))
    asked = set(re.findall(r"\$\{(\w+)", text))
    assert asked == set(re.findall(r"^(\w+)=$", (place / ".env.example").read_text(), re.MULTILINE))
    assert set(services["worker"]["environment"]) <= KNOWN
    bound = [one.split(":")[0] for service in services.values() for one in service.get("volumes", ())]
    assert [one for one in bound if one.startswith(".") and not (place / one).exists()] == []
    assert all(
        (place / one["build"]["context"] / one["build"]["dockerfile"]).is_file()
        for one in services.values()
        if "build" in one
    )
    scraped = yaml.safe_load((place / "prometheus.yml").read_text())["scrape_configs"][0]["static_configs"][0][
        "targets"
    ]
    assert scraped == [f"127.0.0.1:{settings_of_the_image()['OUTBOX_METRICS_PORT']}"]


def test_the_composed_generator_makes_its_course(tmp_path: Path) -> None:
    """Its command as it is written, with the folder that is mounted there."""
    services = yaml.safe_load((ROOT / "examples" / "compose" / "compose.yaml").read_text())["services"]
    (verb, brief, *options) = services["generator"]["command"]
    mounted = ROOT / "examples" / "briefs" / Path(brief).name
    env = environment(tmp_path / "outbox.db", "", CONTENT_ROOT=str(tmp_path))
    command = [sys.executable, "-m", "generators", verb, str(mounted), *options]
    subprocess.run(command, env={**env, "PYTHONPATH": str(ROOT)}, cwd=tmp_path, check=True, capture_output=True)
    with Outbox.open(tmp_path / "outbox.db") as box:
        assert box.last_seq > 0


def test_the_composed_migration_gives_the_worker_its_password(database: Database) -> None:
    """Its own lines of Python: the password is set, whatever characters it has, and stands in no statement's text."""
    services = yaml.safe_load((ROOT / "examples" / "compose" / "compose.yaml").read_text())["services"]
    code = re.search(
        r"<<'SET_PASSWORD'\n(.*?)^SET_PASSWORD", services["migrate"]["command"][0], re.DOTALL | re.MULTILINE
    )
    assert code is not None
    with psycopg.connect(database.admin_dsn) as connection:
        before = connection.execute("select rolpassword from pg_authid where rolname = 'outbox_worker'").fetchone()
    env = {"SUPABASE_MIGRATE_DB_URL": database.admin_dsn, "WORKER_PASSWORD": "it's %s"}
    try:
        subprocess.run([sys.executable, "-c", code[1]], env={"PATH": os.environ["PATH"], **env}, check=True)
        with psycopg.connect(
            make_conninfo(database.worker_dsn, password="it's %s", user="outbox_worker")
        ) as connection:
            assert connection.execute("select current_user").fetchone() == ("outbox_worker",)
    finally:
        with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
            said = sql.SQL("alter role outbox_worker password {}").format(sql.Literal(before[0] if before else None))
            connection.execute(said)


def settings_of_the_image() -> dict[str, str]:
    """What the image sets by itself."""
    return dict(pair.split("=", 1) for pair in shlex.split(said("ENV")[0]))


def healthy(written: str, port: str) -> bool:
    """What the health check of the image says, with the port of this test in place of the image's."""
    command = json.loads(said("HEALTHCHECK")[0].partition("CMD ")[2])
    assert command[0] == "python"
    asked = [part.replace(f":{written}/", f":{port}/") for part in command[1:]]
    done = subprocess.run([sys.executable, *asked], capture_output=True, check=False, timeout=60)
    return done.returncode == 0
