"""Runs out of room at one step after the other: `disk_full.py DIRECTORY`, a small file system of its own.

Prints, as JSON, how often each step was refused, and fails where a refusal was untyped, left a half state, or
kept the next attempt from going through once there was room.
"""

import collections
import json
import os
import sys
import traceback
from pathlib import Path

from outbox import Outbox, StorageFull
from tests.support.lessons import lesson, path_of, publish, staged_files

BODY = "# Aula\n" + "pão " * 8_000
STEP_BYTES = 4096


def free_bytes(directory: Path) -> int:
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize


def fill(ballast: Path, leave: int) -> None:
    """Take all room but `leave` bytes."""
    with ballast.open("wb", buffering=0) as file:
        wanted = free_bytes(ballast.parent) - leave
        if wanted > 0:
            os.posix_fallocate(file.fileno(), 0, wanted)


def where(exc: BaseException) -> str:
    """The innermost of our functions that was refused."""
    frames = [frame for frame in traceback.extract_tb(exc.__traceback__) if "/outbox/" in frame.filename]
    cause = exc.__cause__
    if cause is not None:
        frames += [frame for frame in traceback.extract_tb(cause.__traceback__) if "/outbox/" in frame.filename]
    return f"{Path(frames[-1].filename).stem}.{frames[-1].name}"


def agree(box: Outbox, root: Path) -> None:
    """No half state: a file for each event, an event for each file, nothing in staging."""
    for event in box.read(limit=10_000):
        assert (root / event.payload["file_path"]).read_text() == event.payload["body"]
    files = {str(file.relative_to(root)) for file in root.rglob("*.md")}
    assert files == {event.payload["file_path"] for event in box.read(limit=10_000)}
    assert staged_files(root) == []


def main() -> None:
    directory = Path(sys.argv[1])
    refused: collections.Counter[str] = collections.Counter()
    publishing(directory, refused)
    opening(directory, refused)
    checkpointing(directory, refused)
    sys.stdout.write(json.dumps(refused))


def publishing(directory: Path, refused: collections.Counter[str]) -> None:
    root, ballast = directory / "content", directory / "ballast"
    with Outbox.open(directory / "box" / "outbox.db", content_root=root) as box:
        for number, leave in enumerate(range(0, 40 * STEP_BYTES, STEP_BYTES)):
            before = box.last_seq
            fill(ballast, leave)
            try:
                publish(box, f"{number}", BODY)
            except StorageFull as exc:
                refused[where(exc)] += 1
                assert box.last_seq == before
                assert not (root / path_of(f"{number}")).exists()
            agree(box, root)
            ballast.unlink()
            if box.last_seq == before:
                publish(box, f"{number}", BODY)
            assert box.last_seq == before + 1
            agree(box, root)
            box.checkpoint()


def opening(directory: Path, refused: collections.Counter[str]) -> None:
    ballast = directory / "ballast"
    for number, leave in enumerate(range(0, 60 * STEP_BYTES, STEP_BYTES)):
        path = directory / f"new-{number}" / "outbox.db"
        fill(ballast, leave)
        try:
            Outbox.open(path).close()
        except StorageFull as exc:
            refused[f"open {where(exc)}"] += 1
        ballast.unlink()
        with Outbox.open(path) as box:
            assert box.append(lesson("a")).appended[0].seq == 1
        for file in path.parent.iterdir():
            file.unlink()


def checkpointing(directory: Path, refused: collections.Counter[str]) -> None:
    ballast = directory / "ballast"
    with Outbox.open(directory / "wal" / "outbox.db") as box:
        for number in range(10):
            box.append(lesson(f"{number}", BODY))
        fill(ballast, 0)
        try:
            box.checkpoint()
        except StorageFull as exc:
            refused[f"checkpoint {where(exc)}"] += 1
        assert len(box.read()) == 10
        ballast.unlink()
        assert box.checkpoint() == 0
        assert len(box.read()) == 10


if __name__ == "__main__":
    main()
