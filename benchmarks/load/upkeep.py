"""`outbox check` and `outbox backup` of the whole file, and what a generator notices of them."""

from pathlib import Path
from typing import Any

from benchmarks.load import beside, command


def check(path: Path) -> dict[str, Any]:
    return _beside("check", path, "check")


def backup(path: Path, copy: Path) -> dict[str, Any]:
    return _beside("backup", path, "backup", str(copy))


def _beside(name: str, path: Path, *words: str) -> dict[str, Any]:
    with beside.appends(path) as noticed:
        done = command.run("outbox", *words, outbox=path)
    return {
        f"{name}_s": done.seconds,
        f"{name}_memory_mb": done.memory_mb,
        **{f"{name}_beside_{key}": value for key, value in noticed.as_dict().items()},
    }
