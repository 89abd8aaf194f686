"""The metrics as a file, for the textfile collector of node_exporter: no port, no scrape of this process."""

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from worker.errors import SettingsFault
from worker.logs import get_log

EVERY_SECONDS = 15.0
READABLE_FOR_ALL = 0o644


@contextmanager
def written(registry: CollectorRegistry, path: Path, *, every_seconds: float = EVERY_SECONDS) -> Iterator[None]:
    """Write the file at once, now and then while the block runs, and at its end; always whole (written and renamed).

    Raises:
        SettingsFault: it cannot be written at the start. Later failures are logged once and tried again.
    """
    try:
        _write(registry, path)
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


def _write(registry: CollectorRegistry, path: Path) -> None:
    """Write the file beside its place and rename it; readable for all, as node_exporter is another user.

    Not the library's own function: it leaves the mode to the umask, which the sample unit sets to 0077.
    """
    text = generate_latest(registry)
    if path.exists() and not path.is_file():  # renamed over, /dev/null would be a file from then on
        raise FileExistsError(errno.EEXIST, "it is a device, a pipe or a folder")
    beside = path.with_name(f"{path.name}.{os.getpid()}")  # not *.prom: node_exporter must not read half of it
    try:
        beside.write_bytes(text)
        beside.chmod(READABLE_FOR_ALL)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _write_now_and_then(registry: CollectorRegistry, path: Path, seconds: float, ended: threading.Event) -> None:
    reported = False
    while True:
        last = ended.wait(seconds)
        try:
            _write(registry, path)
        except OSError as exc:
            if not reported:
                get_log().warning("metrics.file_failed", error=type(exc).__name__, remedy=f"make {path} writable")
            reported = True
        else:
            reported = False
        if last:
            return
