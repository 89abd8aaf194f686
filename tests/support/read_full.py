"""Reads an outbox on a disk without room: `read_full.py DIRECTORY`, a small file system of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from outbox import Outbox
from tests.support.disk_full import fill
from tests.support.lessons import lesson

READING = (
    ("status",),
    ("status", "--check"),
    ("events",),
    ("show", "1"),
    ("parked", "list"),
    ("outages",),
    ("check",),
    ("export",),
)


def main() -> None:
    directory = Path(sys.argv[1])
    path = directory / "outbox.db"
    with Outbox.open(path) as box:
        box.append(lesson("a"), lesson("b"), lesson("c"))
    fill(directory / "ballast", 0)
    environment = {**os.environ, "OUTBOX_PATH": str(path)}

    def ran(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "outbox", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    found = json.loads(ran("status", "--json").stdout)
    assert (found["backlog"], found["last_seq"]) == (3, 3), found
    for arguments in READING:
        done = ran(*arguments)
        assert done.returncode in {0, 4}, (arguments, done.stderr)
    assert "3 events" in ran("status").stdout
    with TemporaryDirectory() as elsewhere:
        copy = Path(elsewhere) / "copy.db"
        assert ran("backup", str(copy)).returncode == 0
        with Outbox.open(copy) as box:
            assert box.last_seq == 3


if __name__ == "__main__":
    main()
