"""The metrics as a file, for the textfile collector of node_exporter: no port, no scrape of this process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, write_to_textfile

from worker.errors import SettingsFault
from worker.logs import get_log

EVERY_SECONDS = 15.0


@contextmanager
def written(registry: CollectorRegistry, path: Path, *, every_seconds: float = EVERY_SECONDS) -> Iterator[None]:
    """Write the file at once, now and then while the block runs, and at its end; always whole (written and renamed).

    Raises:
        SettingsFault: it cannot be written at the start. Later failures are logged once and tried again.
    """
    try:
        write_to_textfile(str(path), registry)
    except OSError as exc:
        raise SettingsFault(
            f"cannot write the metrics file {path} ({exc.strerror}): make its directory writable for this user, or "
            "name another with --metrics-file or OUTBOX_METRICS_FILE"
        ) from exc
    ended = threading.Event()
    thread = threading.Thread(
        target=_write_now_and_then, args=(registry, path, every_seconds, ended), name="outbox-metrics-file", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _write_now_and_then(registry: CollectorRegistry, path: Path, seconds: float, ended: threading.Event) -> None:
    told = False
    while True:
        last = ended.wait(seconds)
        try:
            write_to_textfile(str(path), registry)
        except OSError as exc:
            if not told:
                get_log().warning("metrics.file_failed", error=type(exc).__name__, remedy=f"make {path} writable")
            told = True
        else:
            told = False
        if last:
            return
