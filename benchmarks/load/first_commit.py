"""From the start of a worker's process to its first commit, with the whole log waiting."""

import shutil
import time
from pathlib import Path

import psycopg

from benchmarks.drain_server import clone, prepared_server
from benchmarks.worker_process import applied_seq, started_worker, until
from outbox import Outbox


def first_commit_seconds(folder: Path, outbox: Path) -> float:
    """Start a worker on a database of its own in `folder`; the outbox forgets that database again."""
    folder.mkdir()
    with (
        prepared_server(folder) as server,
        clone(server, "start") as name,
        psycopg.connect(server.dsn(name), autocommit=True) as watch,
    ):
        began = time.perf_counter()
        with started_worker("drain", outbox, server.dsn(name, "outbox_worker")):
            until(lambda: applied_seq(watch) > 0)
            took = time.perf_counter() - began
    shutil.rmtree(folder)
    with Outbox.open(outbox) as box:
        box.connection.execute("delete from destinations")
        box.connection.execute("delete from meta where key = 'destination_id'")
    return took
