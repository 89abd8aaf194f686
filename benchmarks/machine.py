"""What the figures were measured on: enough to compare by, and nothing that tells whose machine it is."""

import os
import platform
import sqlite3
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

from worker.standin.binaries import wheel_programs

FSYNCS = 200
BLOCK = b"\0" * 8192


def machine(folder: Path) -> dict[str, Any]:
    """Describe this machine, and the disk below `folder` with the fsync of 8 KB that it takes."""
    p50, p99 = fsync_ms(folder)
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "sqlite": sqlite3.sqlite_version,
        "postgresql": _postgresql(),
        "file_system": _file_system(folder),
        "fsync_p50_ms": p50,
        "fsync_p99_ms": p99,
    }


def described(machine: dict[str, Any]) -> str:
    """Return the description as one sentence."""
    return (
        f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gb']} GB, {machine['system']}, "
        f"{machine['python']}, SQLite {machine['sqlite']}, PostgreSQL {machine['postgresql']}, "
        f"{machine['file_system']} with an fsync of 8 KB in {machine['fsync_p50_ms']} ms "
        f"(p99 {machine['fsync_p99_ms']} ms)."
    )


def fsync_ms(folder: Path) -> tuple[float, float]:
    """Measure write + fsync of 8 KB at the end of a growing file: p50 and p99."""
    taken = []
    file = folder / "fsync"
    with file.open("wb", buffering=0) as stream:
        for _ in range(FSYNCS):
            began = time.perf_counter()
            stream.write(BLOCK)
            os.fsync(stream.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    file.unlink()
    return round(statistics.median(taken), 2), round(statistics.quantiles(taken, n=100)[98], 2)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or "unknown"


def _postgresql() -> str:
    done = subprocess.run([wheel_programs() / "postgres", "--version"], check=True, capture_output=True, text=True)
    return done.stdout.split()[-1]


def _file_system(folder: Path) -> str:
    """Return the type of the file system that is mounted nearest above `folder`."""
    mounts = Path("/proc/self/mounts")
    if not mounts.exists():
        return "a file system of unknown type"
    found = [line.split()[1:3] for line in mounts.read_text().splitlines()]
    above = [(point, kind) for point, kind in found if folder.resolve().is_relative_to(point)]
    return max(above, key=lambda mount: len(mount[0]))[1]
