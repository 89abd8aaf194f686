"""What promises rest on is looked at when the file is opened: its journal mode, its WAL, its real name, its owner."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from outbox import ConfigurationError, Outbox, OutboxBusy, OutboxCorrupt, OutboxError, WorkerLock, WorkerRunning
from outbox.ops.backup import backup
from outbox.ops.salvage import salvage
from tests.faults.outbox.conftest import Start
from tests.support.lessons import PROJECT_ROOT, lesson, publish
from tests.support.processes import environment

PUBLISHER = PROJECT_ROOT / "tests" / "support" / "publisher.py"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "box" / "outbox.db"
    with Outbox.open(path) as box:
        box.append(lesson("a"))
    return path


def mode_of(path: Path) -> str:
    with Outbox.open(path) as box:
        return str(box.connection.execute("pragma journal_mode").fetchone()[0])


@pytest.mark.parametrize("way", ["mv", "cp", "a SQLite shell"])
def test_whatever_was_put_in_place_is_in_wal_mode_once_it_is_opened(way: str, path: Path, tmp_path: Path) -> None:
    """And an appender does not wait for a reader in the middle of its transaction, as on a fresh file."""
    if way == "a SQLite shell":
        shell = sqlite3.connect(path)
        shell.execute("pragma journal_mode = delete")
        shell.close()
    else:
        with Outbox.open(path) as box:
            backup(box, tmp_path / "backup.db")
        (shutil.move if way == "mv" else shutil.copy)(tmp_path / "backup.db", path)
    assert mode_of(path) == "wal"
    with Outbox.open(path) as reader, Outbox.open(path) as generator:
        reader.connection.execute("begin")
        reader.connection.execute("select count(*) from events").fetchone()
        generator.append(lesson("b"))
        reader.connection.execute("rollback")
        assert reader.last_seq == 2


@pytest.mark.parametrize("way", [shutil.move, shutil.copy], ids=["mv", "cp"])
def test_a_raw_program_that_reads_a_backup_put_back_first_keeps_no_writer_out(
    way: Callable[[Path, Path], object], path: Path, tmp_path: Path
) -> None:
    """It reads in a transaction of its own before any command has opened the file, and may write later."""
    put_back(way, path, tmp_path)
    shell = sqlite3.connect(path, isolation_level=None)
    shell.execute("begin")
    assert shell.execute("select count(*) from events").fetchone() == (1,)
    for name in "bcd":
        with Outbox.open(path) as box:
            box.append(lesson(name))
    assert shell.execute("select count(*) from events").fetchone() == (1,)
    shell.execute("rollback")
    assert shell.execute("select count(*) from events").fetchone() == (4,)
    shell.execute("insert into meta values ('raw', 'also writes')")
    shell.close()
    assert mode_of(path) == "wal"
    with Outbox.open(path) as box:
        box.checkpoint()
        assert slugs(box) == ["a", "b", "c", "d"]
    assert versions_of(path) == (2, 2)
    assert list(path.parent.glob("*of-another-file*")) == []


RAW_WRITER = """
import sqlite3, sys
shell = sqlite3.connect(sys.argv[1], isolation_level=None)
shell.execute("insert into meta values ('raw', 'writes')")
print("written", flush=True)
sys.stdin.read()
shell.close()
"""


def test_a_raw_program_that_wrote_into_a_backup_put_back_first_loses_nothing(path: Path, tmp_path: Path) -> None:
    """Its WAL is not that of the file before; and the mark, which it has written as well, is none of ours."""
    put_back(shutil.move, path, tmp_path)
    command = [sys.executable, "-c", RAW_WRITER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as shell:
        assert shell.stdout is not None
        assert shell.stdout.readline() == "written\n"
        with pytest.raises(OutboxBusy, match="close that program"), Outbox.open(path, patience_seconds=0.05):
            pass
        shell.communicate()
    with Outbox.open(path) as box:
        assert box.connection.execute("select value from meta where key = 'raw'").fetchone() == ("writes",)
        box.append(lesson("b"))
        box.checkpoint()
        box.append(lesson("c"))
    with Outbox.open(path) as box:
        assert slugs(box) == ["a", "b", "c"]
    assert versions_of(path) == (2, 2)


@pytest.mark.parametrize("end", ["lives on", "is killed"])
def test_a_generator_that_appends_to_the_file_that_was_replaced_mixes_nothing(
    end: str, path: Path, tmp_path: Path
) -> None:
    """A backup was put back under it: it is refused. Its WAL, that somebody wrote past the gate, is the other file's."""
    with Outbox.open(path) as box:
        backup(box, tmp_path / "backup.db")
    with subprocess.Popen(
        [sys.executable, "-c", APPENDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT_ROOT,
    ) as generator:
        assert generator.stdin is not None
        assert generator.stdout is not None
        assert generator.stdout.readline() == "open\n"
        path.rename(tmp_path / "replaced.db")
        shutil.move(tmp_path / "backup.db", path)
        generator.stdin.write("go on\n")
        generator.stdin.flush()
        assert generator.stdout.readline() == "refused\n"
        if end == "is killed":
            generator.kill()
            generator.wait()
        with Outbox.open(path) as box:
            assert slugs(box) == ["a"]
            box.append(lesson("c"))
            assert slugs(box) == ["a", "c"]
            assert box.connection.execute("pragma integrity_check").fetchone() == ("ok",)
        generator.kill()
    with Outbox.open(path) as box:
        assert slugs(box) == ["a", "c"]


APPENDER = """
import sys
from pathlib import Path
from outbox import Outbox, StorageFailed
from tests.support.lessons import lesson
with Outbox.open(Path(sys.argv[1])) as box:
    print("open", flush=True)
    sys.stdin.readline()
    try:
        box.append(lesson("b"))
    except StorageFailed:
        box.connection.execute("insert into meta values ('past', 'the gate')")
        print("refused", flush=True)
    sys.stdin.read()
"""


def test_a_backup_is_known_as_one_until_it_is_opened_in_its_place(path: Path, tmp_path: Path) -> None:
    """And never again: what is committed beside a file without the mark is its own."""
    with Outbox.open(path) as box:
        backup(box, tmp_path / "backup.db")
        assert versions_of(path) == (2, 2)
    assert versions_of(tmp_path / "backup.db") == (1, 2)
    shutil.move(tmp_path / "backup.db", path)
    with Outbox.open(path) as box:
        box.append(lesson("b"))
        box.checkpoint()
        assert versions_of(path) == (2, 2)
        backup(box, tmp_path / "next.db")
    assert versions_of(tmp_path / "next.db") == (1, 2)


def put_back(way: Callable[[Path, Path], object], path: Path, tmp_path: Path) -> None:
    with Outbox.open(path) as box:
        backup(box, tmp_path / "backup.db")
    way(tmp_path / "backup.db", path)


def slugs(box: Outbox) -> list[str]:
    return [event.payload["slug"][-1] for event in box.read()]


def versions_of(path: Path) -> tuple[int, ...]:
    return tuple(path.read_bytes()[18:20])


def test_a_wal_of_the_file_that_was_here_before_is_not_read_as_that_of_a_backup(
    path: Path, tmp_path: Path, start: Start
) -> None:
    """A generator was killed, its file was moved away without its WAL, a backup took its place: nothing is mixed."""
    with Outbox.open(path) as box:
        backup(box, tmp_path / "backup.db")
    killed = start(PUBLISHER, path, tmp_path / "content", "b", 5, OUTBOX_FAILPOINT="unit.committed:4")
    killed.communicate()
    wal = Path(f"{path}-wal")
    lost = wal.read_bytes()
    assert lost
    path.rename(tmp_path / "broken.db")
    shutil.move(tmp_path / "backup.db", path)
    with Outbox.open(path) as box:
        assert [event.payload["slug"] for event in box.read()] == ["curso-x--a"]
        assert box.connection.execute("pragma integrity_check").fetchone() == ("ok",)
        box.append(lesson("c"))
    aside = path.with_name(f"{wal.name}.of-another-file-1")
    assert aside.read_bytes() == lost  # with it, the file that was moved away is whole again
    aside.rename(tmp_path / "broken.db-wal")
    with Outbox.open(tmp_path / "broken.db") as box:
        assert box.last_seq > 1


def by_symlink(path: Path, tmp_path: Path) -> Path:
    (tmp_path / "link.db").symlink_to(path)
    return tmp_path / "link.db"


def by_linked_folder(path: Path, tmp_path: Path) -> Path:
    (tmp_path / "folder").symlink_to(path.parent)
    return tmp_path / "folder" / path.name


def by_chain_of_links(path: Path, tmp_path: Path) -> Path:
    (tmp_path / "one.db").symlink_to(path)
    (tmp_path / "two.db").symlink_to("one.db")
    return tmp_path / "two.db"


def relatively(path: Path, tmp_path: Path) -> Path:
    return Path(os.path.relpath(path))


def by_dots(path: Path, tmp_path: Path) -> Path:
    return path.parent / ".." / path.parent.name / "." / path.name


@pytest.mark.parametrize("other", [by_symlink, by_linked_folder, by_chain_of_links, relatively, by_dots])
def test_an_outbox_under_two_names_is_one(other: Callable[[Path, Path], Path], path: Path, tmp_path: Path) -> None:
    """One gate, one bell, one WAL, one worker; and what stands beside it stands beside the file."""
    name = other(path, tmp_path)
    before = {file.name for file in name.parent.iterdir()} if name.parent.resolve() != path.parent.resolve() else None
    with Outbox.open(path, patience_seconds=0.05) as box, Outbox.open(name, patience_seconds=0.05) as same:
        assert same.path == box.path
        with box.gate.held(), pytest.raises(OutboxBusy):
            same.append(lesson("b"))
        same.append(lesson("b"))
        assert box.last_seq == 2
        with WorkerLock(path), pytest.raises(WorkerRunning):
            WorkerLock(name).acquire()
    if before is not None:
        assert {file.name for file in name.parent.iterdir()} == before


LOCK = """
import sys
from pathlib import Path
from outbox import WorkerLock, WorkerRunning

try:
    WorkerLock(Path(sys.argv[1])).acquire()
except WorkerRunning:
    sys.exit(3)
"""


def locked_elsewhere(name: Path) -> int:
    return subprocess.run(
        [sys.executable, "-c", LOCK, name],
        cwd=PROJECT_ROOT, check=False,
    ).returncode  # fmt: skip


@pytest.mark.parametrize("how", ["link", "mount"])
def test_a_second_worker_refuses_also_under_a_hard_link_or_a_mount_of_the_file(
    how: str, path: Path, tmp_path: Path
) -> None:
    """There the lock file is another one; the outbox file is not."""
    other = tmp_path / "elsewhere" / "outbox.db"
    other.parent.mkdir()
    with WorkerLock(path):
        if how == "link":
            other.hardlink_to(path)
            assert locked_elsewhere(other) == 3
        else:
            other.touch()
            if subprocess.run(["/bin/mount", "--bind", path, other], check=False, capture_output=True).returncode:
                pytest.skip("NOT RUN: a mount needs root")
            try:
                assert locked_elsewhere(other) == 3
            finally:
                subprocess.run(["/bin/umount", other], check=True)
    assert locked_elsewhere(path) == 0


def test_a_hard_link_is_not_taken_for_the_outbox_and_does_not_hurt_it(path: Path, tmp_path: Path) -> None:
    """Under a second name SQLite would keep another WAL; under its own name everything goes on."""
    (tmp_path / "snapshot.db").hardlink_to(path)
    with pytest.raises(ConfigurationError, match="hard link"):
        Outbox.open(tmp_path / "snapshot.db")
    with Outbox.open(path) as box:
        box.append(lesson("b"))
        assert box.last_seq == 2
    assert sorted(file.name for file in tmp_path.iterdir()) == ["box", "snapshot.db"]


FOLDERS = ("a%20b", "a b", "a#b", "a?b", "a%b", "100%25", "a;b&c=d", "ação", "a\nb", "file:x", "a?mode=rwc")


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("state", ["closed", "with a WAL and its index", "with a WAL alone"])
def test_salvage_reads_the_file_that_is_named_and_leaves_no_other_behind(
    state: str, folder: str, tmp_path: Path, start: Start
) -> None:
    """Whatever the folder is called, beside a twin whose name is what a URI would make of it."""
    path = tmp_path / folder / "outbox.db"
    for twin in {"a b", "a", "100%"} - {folder}:
        with Outbox.open(tmp_path / twin / "outbox.db") as box:
            box.append(lesson("twin"))
    with Outbox.open(path) as box:
        box.append(*(lesson(name) for name in "abc"))
        events = [event.event_id for event in box.read()]
        files = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    if state != "closed":
        for name, data in files.items():
            if not name.endswith("-shm") or state == "with a WAL and its index":
                (path.parent / name).write_bytes(data)
    before = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*") if file.suffix != ".db-shm"}
    names = set(tmp_path.rglob("*"))
    found = salvage(path, tmp_path / "new.db")
    assert (found.events, found.lost) == (3, ())
    assert set(tmp_path.rglob("*")) - names == {tmp_path / name for name in ("new.db", "new.db.lock", "new.db.bell")}
    assert {file: file.stat().st_mtime_ns for file in before} | {tmp_path: 0} == before | {tmp_path: 0}
    with Outbox.open(tmp_path / "new.db") as box:
        assert [event.event_id for event in box.read()] == events


def test_a_salvage_that_fails_leaves_nothing(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where there is nothing to read, nor where the new file cannot be filled."""
    (tmp_path / "no.db").write_bytes(b"not a database" * 100)
    with pytest.raises(OutboxCorrupt):
        salvage(tmp_path / "no.db", tmp_path / "new.db")
    with pytest.raises(OutboxError, match="no outbox"):
        salvage(tmp_path / "missing.db", tmp_path / "new.db")

    def fails(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("outbox.ops.salvage._restore", fails)
    with pytest.raises(OutboxError):
        salvage(path, tmp_path / "new.db")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["box", "no.db"]


NOBODY = 65534
AS_ANOTHER = """
import os
import sys
from pathlib import Path
from outbox import ConfigurationError, WorkerLock

lock = WorkerLock(Path(sys.argv[1]))
os.setgid(65534)
os.setuid(65534)
try:
    lock.acquire()
except ConfigurationError as exc:
    print(exc)
    sys.exit(exc.exit_code)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT RUN: needs root")
@pytest.mark.parametrize("command", ["status", "check", "recover", "pause", "generate", "no outbox yet"])
def test_what_root_makes_in_another_users_outbox_is_that_users(command: str, tmp_path: Path) -> None:
    """No command leaves a file, or a folder, that the user of the outbox cannot open."""
    place = tmp_path / "service"
    path, root = place / "outbox.db", place / "content"
    place.mkdir()
    os.chown(place, NOBODY, NOBODY)
    if command != "no outbox yet":
        with Outbox.open(path, content_root=root) as box:
            publish(box, "a")
        for file in place.rglob("*"):
            os.chown(file, NOBODY, NOBODY)
    for side in (*place.glob("*.lock"), *place.glob("*.bell")):
        side.unlink()
    if command in {"generate", "no outbox yet"}:
        with Outbox.open(path, content_root=root) as box, WorkerLock(path):
            publish(box, "b")
            with box.unit() as unit:
                unit.write("new folder/deep/c.bin", b"c")
                made = list(place.rglob("*"))
                assert {file.stat().st_uid for file in made} == {NOBODY}, made
    else:
        env = {**environment(path, None), "CONTENT_ROOT": str(root)}
        subprocess.run([sys.executable, "-m", "outbox", command], env=env, cwd=PROJECT_ROOT, check=False)
    wrong = [file for file in place.rglob("*") if file.lstat().st_uid != NOBODY]
    assert wrong == []


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT RUN: needs root")
def test_a_lock_file_of_somebody_else_is_named_in_one_line_when_the_worker_starts() -> None:
    """Exit 3, with the file and the way out, as the user of the service; not a traceback every two seconds."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        path, lock = place / "outbox.db", place / "outbox.db.worker.lock"
        Outbox.open(path, content_root=place / "content").close()
        for file in (place, *place.rglob("*")):
            os.chown(file, NOBODY, NOBODY)
        lock.touch(0o600)
        done = subprocess.run(
            [sys.executable, "-c", AS_ANOTHER, path],
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 3, done.stderr
    assert done.stdout.startswith(f"{lock} belongs to user root")
    assert done.stdout.count("\n") == 1
