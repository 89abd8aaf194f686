"""Worker processes that a test starts, kills and waits for."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
# A limit for what hangs, no measure: a test passes on a machine that is busy with other things.
DEADLINE_SECONDS = 240.0
# Under the 30 s of a statement: a worker that ends within it did not wait for the statement. It promises 5 s.
PROMPT_SECONDS = 25.0


def environment(outbox: Path, dsn: str | None, **more: str) -> dict[str, str]:
    """A clean environment for a worker: nothing of the developer's own."""
    ours = ("OUTBOX_", "SUPABASE_", "CREATOR_", "PERSONA_", "CONTENT_ROOT")
    env = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    env |= {"OUTBOX_PATH": str(outbox), "CONTENT_ROOT": str(outbox.parent / "content"), "CREATOR_OS_DB_PERSIST": "true"}
    if dsn is not None:
        env["SUPABASE_DB_URL"] = dsn
    return {**env, **more}


@contextmanager
def worker(*arguments: str, env: Mapping[str, str], cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """A worker process; killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "worker", *arguments],
        env={**env, "PYTHONPATH": str(ROOT)},
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()


def until(condition: Callable[[], bool], *, what: str, seconds: float = DEADLINE_SECONDS) -> None:
    """Return as soon as the condition holds; fail with `what` after the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.002)
