"""A command of ours as its users start it: how long it takes, and how much memory."""

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.worker_process import OURS


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    seconds: float
    memory_mb: float


def run(module: str, *words: str, outbox: Path) -> Done:
    """Run `python -m MODULE WORDS` on this outbox; it must succeed."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
    env |= {"OUTBOX_PATH": str(outbox)}
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, "-m", module, *words], env=env, stdout=subprocess.PIPE) as process:
        peaks: list[float] = []
        ended = threading.Event()
        watch = threading.Thread(target=_peaks, args=(process.pid, peaks, ended))
        watch.start()
        process.communicate()
        took = time.perf_counter() - began
        ended.set()  # whoever measures the whole call must not pay for a last look
        watch.join()
    assert process.returncode == 0, (module, words)
    return Done(seconds=took, memory_mb=max(peaks, default=0.0))


def _peaks(pid: int, peaks: list[float], ended: threading.Event) -> None:
    """Note the peak of resident MB ten times a second until the process has ended."""
    file = Path(f"/proc/{pid}/status")
    with suppress(OSError):
        while "VmHWM" in (status := file.read_text()):
            peaks.append(int(status.split("VmHWM:")[1].split()[0]) / 1024)
            if ended.wait(0.1):
                break
