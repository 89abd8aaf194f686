"""*Disk*: no room at whichever step: a typed error, no half state, and on it goes when there is room."""

import json
import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from outbox import Outbox, StorageFailed, StorageFull
from tests.support.lessons import PROJECT_ROOT, PYTHON, lesson, path_of, publish, staged_files

SCRIPT = PROJECT_ROOT / "tests" / "support" / "disk_full.py"
# In a mount namespace of its own: nothing stays mounted, whatever becomes of the test.
ON_A_SMALL_DISK = 'mount -t tmpfs -o "$1" tmpfs "$2" && exec "$3" "$4" "$2"'


def on_a_small_disk(directory: Path, options: str, script: Path) -> "subprocess.CompletedProcess[str]":
    unshare = shutil.which("unshare")
    namespaces = ["--mount"] if os.geteuid() == 0 else ["--map-root-user", "--mount"]
    if unshare is None or subprocess.run([unshare, *namespaces, "true"], capture_output=True, check=False).returncode:
        pytest.skip("NOT RUN: a small file system needs root or user namespaces; the file size limit is tried instead")
    return subprocess.run(
        [unshare, *namespaces, "sh", "-c", ON_A_SMALL_DISK, "sh", options, directory, PYTHON, script],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_full_disk_at_every_step_leaves_no_half_state(tmp_path: Path) -> None:
    """Room is taken away 4 KiB at a time: staging, the log, the schema and the checkpoint are refused in turn."""
    done = on_a_small_disk(tmp_path, "size=8m", SCRIPT)
    assert done.returncode == 0, done.stderr
    refused = json.loads(done.stdout)
    assert refused.get("durable.create")  # the file
    assert any(step.startswith(("transaction.", "log.")) for step in refused), refused  # the event
    assert any(step.startswith("open ") for step in refused), refused
    assert any(step.startswith("checkpoint ") for step in refused), refused


def test_reading_needs_no_room(tmp_path: Path) -> None:
    """Nobody has the file open, so the index of its WAL would have to be made: what waits is told all the same."""
    done = on_a_small_disk(tmp_path, "size=2m", SCRIPT.with_name("read_full.py"))
    assert done.returncode == 0, done.stderr


def test_a_file_size_limit_at_every_step_leaves_no_half_state(tmp_path: Path) -> None:
    """What needs no root: the kernel refuses to let any file grow, of the outbox or of the content."""
    root = tmp_path / "content"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    refusals = 0
    with Outbox.open(tmp_path / "outbox.db", content_root=root) as box:
        for number, limit in enumerate(range(2_000, 200_000, 6_000)):
            before = box.last_seq
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
            try:
                publish(box, f"{number}", "pão " * 4_000)
            except (StorageFull, StorageFailed):  # SQLite takes a size limit for a failing disk
                refusals += 1
                assert box.last_seq == before
                assert not (root / path_of(f"{number}")).exists()
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            assert staged_files(root) == []
            publish(box, f"{number}", "pão " * 4_000)
            assert box.last_seq == before + 1
    assert refusals


def test_a_directory_that_refuses_the_rename_keeps_the_staged_file_for_recovery(tmp_path: Path) -> None:
    """After the commit the events stand; the file is published once the cause is mended, picture and all."""
    root = tmp_path / "content"
    picture = b"\x89PNG in no event"
    with Outbox.open(tmp_path / "outbox.db", content_root=root) as box:
        with box.unit() as unit:
            unit.write("courses/a.png", picture)
            unit.append(lesson("a"))
            (root / "courses" / "a.png").mkdir(parents=True)  # in the way of the rename, and only of that
            unit.files["courses/a.png"].stamp = unit_stamp(root / "courses" / "a.png")
        assert [(file.path, bool(file.reason)) for file in unit.result.unpublished] == [("courses/a.png", True)]
        assert (box.last_seq, unit.result.written) == (1, ())
    (root / "courses" / "a.png").rmdir()
    with Outbox.open(tmp_path / "outbox.db", content_root=root) as box:
        assert box.recovered.published == ("courses/a.png",)
    assert (root / "courses" / "a.png").read_bytes() == picture


def unit_stamp(path: Path) -> tuple[int, int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
