"""Outboxes that are all appended to at a steady rate: how late an event is seen in the database, until it breaks.

An event counts from when its append was due. How late the append itself was stands beside it: one process appends to
all of them in turn, on the same cores, and on a machine that is full it may be that process which falls behind.
"""

import multiprocessing
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.drain_server import clone, prepared_server
from benchmarks.load.mix import MIND, REAL_BODY_CHARS, event
from benchmarks.load.workers import Worker, own_folder, room_for, server_seconds, started
from benchmarks.measure import p50_ms, p99_ms
from outbox import Outbox

RATES = (25, 50, 100, 200, 400, 800, 1_600)
SECONDS = 8.0
PATIENCE_SECONDS = 30.0
BROKEN_MS = 2_000.0
Row = dict[str, Any]
Appended = list[tuple[str, int, float, float]]  # outbox, seq, when it was due, when the append returned


def rates(folder: Path, outboxes: int, most: int) -> Iterator[Row]:
    """Yield a row for each total rate, up to `most` events/s or until an event is two seconds late at p99."""
    folder.mkdir()
    files = [own_folder(folder, f"steady-{number}") for number in range(outboxes)]
    for file in files:
        Outbox.open(file).close()
    with prepared_server(folder) as server, clone(server, "steady") as name, ExitStack() as running:
        room_for(server, outboxes)
        watch = running.enter_context(psycopg.connect(server.dsn(name), autocommit=True))
        watch.execute("insert into minds (slug, display_name) values (%s, 'Ana')", [MIND])
        workers = [running.enter_context(started(file, server.dsn(name, "outbox_worker"))) for file in files]
        _until_registered(watch, outboxes)
        for rate in RATES:
            row = _at(watch, workers, rate)
            print(f"  {outboxes} outboxes, {rate} events/s: p99 {row['late_p99_ms']:.0f} ms", file=sys.stderr)
            yield row
            if row["late_p99_ms"] > BROKEN_MS or rate * 2 > most:
                return


def _at(watch: psycopg.Connection, workers: list[Worker], rate: int) -> Row:
    context = multiprocessing.get_context("spawn")
    appended: multiprocessing.SimpleQueue[Appended] = context.SimpleQueue()
    generator = context.Process(target=_append, args=([worker.outbox for worker in workers], rate, appended))
    server, began = server_seconds(watch), time.monotonic()
    processor = sum(worker.processor_seconds() for worker in workers)
    generator.start()
    seen: dict[str, list[tuple[int, float]]] = {}
    done: Appended = []
    deadline = time.monotonic() + SECONDS + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for outbox_id, seq in watch.execute("select outbox_id::text, applied_seq from outbox.sources"):
            known = seen.setdefault(outbox_id, [])
            if not known or known[-1][0] < seq:
                known.append((seq, time.monotonic()))
        if not done and not appended.empty():
            done = appended.get()
        if done and all(seen.get(one, [(0, 0.0)])[-1][0] >= seq for one, seq, *_ in done):
            break
        time.sleep(0.002)
    took = time.monotonic() - began
    generator.join()
    late = [when - due for one, seq, due, _ in done if (when := _when(seen[one], seq)) is not None]
    appended_late = [at - due for _, _, due, at in done]
    span = max(at for *_, at in done) - min(at for *_, at in done)
    return {
        "outboxes": len(workers),
        "asked_per_second": rate,
        "appended_per_second": len(done) / span,
        "events": len(done),
        "not_seen": len(done) - len(late),
        "late_p50_ms": p50_ms(late),
        "late_p99_ms": p99_ms(late),
        "late_longest_ms": max(late) * 1000,
        "append_p50_ms": p50_ms(appended_late),
        "append_p99_ms": p99_ms(appended_late),
        "server_cores": (server_seconds(watch) - server) / took,
        "worker_cores": (sum(worker.processor_seconds() for worker in workers) - processor) / took,
    }


def _append(files: list[Path], rate: int, appended: "multiprocessing.SimpleQueue[Appended]") -> None:
    """Append to one outbox after the other, on time; an append that comes late is counted from when it was due."""
    boxes = [Outbox.open(file) for file in files]
    payloads = []
    for turn in range(int(rate * SECONDS)):
        number, box = divmod(turn, len(boxes))
        number += boxes[box].last_seq
        payloads.append(event(number, prefix=f"host-{box}", body_chars=REAL_BODY_CHARS))
    found: Appended = []
    began = time.monotonic()
    for turn, payload in enumerate(payloads):
        due = began + turn / rate
        if (wait := due - time.monotonic()) > 0:
            time.sleep(wait)
        box = boxes[turn % len(boxes)]
        (one,) = box.append(payload).appended
        found.append((str(box.outbox_id), one.seq, due, time.monotonic()))
    for box in boxes:
        box.close()
    appended.put(found)


def _when(seen: list[tuple[int, float]], seq: int) -> float | None:
    return next((at for reached, at in seen if reached >= seq), None)


def _until_registered(watch: psycopg.Connection, count: int) -> None:
    deadline = time.monotonic() + 300
    while watch.execute("select count(*) from outbox.sources").fetchone() != (count,):
        assert time.monotonic() < deadline, "the workers do not start"
        time.sleep(0.05)
