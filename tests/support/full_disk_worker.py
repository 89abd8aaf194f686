"""A worker on a full disk: `full_disk_worker.py DIRECTORY DSN WORKER_DSN COMMAND LOG`, on a file system of its own.

Appends, takes all room away, starts the worker, and says as JSON what came of it.
"""

import json
import signal
import sys
from pathlib import Path

from outbox import Outbox
from tests.support.disk_full import fill
from tests.support.make_outbox import lesson, project
from tests.support.processes import environment, until, worker
from tests.support.rows import applied_seq


def main() -> None:
    directory, dsn, worker_dsn, command = Path(sys.argv[1]), *sys.argv[2:5]
    outbox, ballast = directory / "box" / "outbox.db", directory / "ballast"
    with Outbox.open(outbox, content_root=directory / "content") as box:
        box.append(*project(), *(lesson(number) for number in range(20)))
        last = box.last_seq
    take_everything(ballast)
    env = environment(outbox, worker_dsn, CONTENT_ROOT=str(directory / "content"), OUTBOX_POLL_SECONDS="0.2")
    with worker(command, env=env, cwd=Path("/")) as process:
        until(lambda: process.poll() is not None or applied_seq(dsn) == last, what="delivered")
        found = {"delivered": applied_seq(dsn) == last}
        if command == "run":
            ballast.unlink()
            with Outbox.open(outbox) as box:
                box.append(lesson(99))
            until(lambda: applied_seq(dsn) == last + 1, what="the next one, with room again")
            process.send_signal(signal.SIGTERM)
        _, errors = process.communicate()
    told = [json.loads(line)["event"] for line in errors.splitlines() if line.startswith("{")]
    quiet = [name for name in told if name not in {"relay.batch_applied", "relay.connected"}]
    sys.stdout.write(json.dumps({**found, "exit": process.returncode, "told": quiet, "log": errors}))


def take_everything(ballast: Path) -> None:
    fill(ballast, 0)
    with ballast.open("ab", buffering=0) as file:  # the last crumbs
        try:
            while file.write(b"x" * 512):
                pass
        except OSError:
            pass


if __name__ == "__main__":
    main()
