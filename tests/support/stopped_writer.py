"""A generator that stands still in the middle of an append: `stopped_writer.py OUTBOX [gate|write]`.

It holds the writer gate, or with `write` SQLite's write lock alone (a program that knows no gate), says so, and stops.
"""

import os
import signal
import sqlite3
import sys

from outbox import Outbox


def main() -> None:
    if sys.argv[2:] == ["write"]:
        connection = sqlite3.connect(sys.argv[1], isolation_level=None)
        connection.execute("begin immediate")
        stand_still()
        connection.execute("rollback")
        return
    with Outbox.open(sys.argv[1]) as box, box.gate.held():
        box.connection.execute("begin immediate")
        stand_still()
        box.connection.execute("rollback")


def stand_still() -> None:
    sys.stdout.write("stands still\n")
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGSTOP)


if __name__ == "__main__":
    main()
