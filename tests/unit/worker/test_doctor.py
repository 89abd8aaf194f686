"""`worker doctor` without a database: each line of it warns or fails where it should."""

import os
import resource
import socket
import stat
from pathlib import Path

import pytest

from outbox import Outbox, WorkerLock
from tests.support.lessons import lesson
from tests.support.parked import put_parked
from worker import SettingsFault, WorkerSettings
from worker.doctor import Finding, examine, exit_code, of_faults
from worker.doctor.address import examine_address, ipv6
from worker.doctor.host import MOUNTS, configuration, delivery, file_system, inotify, settings_file, space, sqlite
from worker.doctor.outbox_file import OTHERS, opened, parked, permissions, wal, worker

GOOD = "postgresql://outbox_worker:secret-word@127.0.0.1:5432/postgres"


def settings(tmp_path: Path, **more: str) -> WorkerSettings:
    return WorkerSettings.from_env(
        {"OUTBOX_PATH": str(tmp_path / "box" / "outbox.db"), "CONTENT_ROOT": str(tmp_path / "content"), **more}
    )


@pytest.fixture
def box(tmp_path: Path) -> Outbox:
    with Outbox.open(tmp_path / "box" / "outbox.db") as made:
        yield made


def by_name(dsn: str) -> dict[str, Finding]:
    return {finding.check: finding for finding in examine_address(dsn)}


# --- this host


def test_a_misspelt_variable_is_told_with_the_one_that_was_meant() -> None:
    """It would leave a default in force without a word."""
    found = configuration({"OUTBOX_POLL_SECOND": "1", "PATH": "/bin"})
    assert found.outcome == "warn"
    assert "OUTBOX_POLL_SECOND (meant: OUTBOX_POLL_SECONDS?)" in found.found
    assert configuration({"OUTBOX_POLL_SECONDS": "1", "OUTBOX_FAILPOINT": "x"}).outcome == "ok"


def test_settings_that_cannot_be_used_are_a_line_each() -> None:
    """All of them, as failures."""
    with pytest.raises(SettingsFault) as faults:
        WorkerSettings.from_env({"OUTBOX_POLL_SECONDS": "x", "CREATOR_OS_DB_PERSIST": "maybe"})
    found = of_faults(faults.value)
    assert [one.outcome for one in found] == ["fail", "fail"]
    assert exit_code(found) == 4


@pytest.mark.parametrize(
    ("mode", "outcome"), [(0o600, "ok"), (0o400, "ok"), (0o644, "warn"), (0o640, "warn"), (0o602, "warn")]
)
def test_a_settings_file_that_others_can_read_is_a_warning(tmp_path: Path, mode: int, outcome: str) -> None:
    """The password of the database is in it; `.env` or the file that OUTBOX_ENV_FILE names."""
    path = tmp_path / "worker.env"
    path.write_text("SUPABASE_DB_URL=secret\n")
    path.chmod(mode)
    (found,) = settings_file({"OUTBOX_ENV_FILE": str(path)})
    assert (found.check, found.outcome) == ("settings file", outcome)
    assert "secret" not in str(found)
    if outcome == "warn":
        assert f"chmod 600 {path}" in found.remedy


def test_without_a_settings_file_there_is_nothing_to_say(tmp_path: Path) -> None:
    """The usual case in production."""
    assert list(settings_file({"OUTBOX_ENV_FILE": str(tmp_path / "none")})) == []
    assert list(settings_file({"OUTBOX_ENV_FILE": "/dev/null"})) == []  # its mode is for everybody, and to stay so


def test_delivery_that_is_off_is_a_warning(tmp_path: Path) -> None:
    assert delivery(settings(tmp_path)).outcome == "warn"
    assert delivery(settings(tmp_path, CREATOR_OS_DB_PERSIST="true")).outcome == "ok"


def test_an_sqlite_without_strict_tables_fails() -> None:
    assert sqlite((3, 36, 0)).outcome == "fail"
    assert sqlite((3, 37, 0)).outcome == "ok"


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("ext4", "ok"),
        ("nfs4", "warn"),
        ("cifs", "warn"),
        ("fuse.sshfs", "warn"),
        ("tmpfs", "warn"),
        ("overlay", "warn"),
    ],
)
def test_file_systems_that_cannot_be_relied_on_are_warned_of(tmp_path: Path, kind: str, outcome: str) -> None:
    """The innermost mount point decides; the folder need not exist yet."""
    mounts = f"20 1 8:1 / / rw - ext4 /dev/sda1 rw\n21 20 0:30 / {tmp_path} rw shared:1 - {kind} server:/x rw\n"
    assert file_system("fs", tmp_path / "not" / "yet", mounts).outcome == outcome
    assert file_system("fs", Path("/"), mounts).outcome == "ok"


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="this system has no /dev/shm")
def test_the_kind_is_read_from_the_kernel() -> None:
    if MOUNTS.exists():
        found = file_system("fs", Path("/dev/shm"))
        assert (found.outcome, found.found) == ("warn", "tmpfs")
    assert file_system("fs", Path("/"), "").found.startswith("unknown")


def test_a_disk_without_room_fails(tmp_path: Path) -> None:
    """/proc has none; a folder that does not exist yet is looked for above."""
    assert space("space", Path("/proc/self")).outcome == "fail"
    assert space("space", tmp_path / "not" / "yet").check == "space"


def test_no_inotify_is_a_warning(tmp_path: Path) -> None:
    """Here for want of file descriptors, which the kernel refuses alike."""
    assert inotify(tmp_path).outcome == "ok"
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        found = inotify(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert found.outcome == "warn"
    assert "EMFILE" in found.found
    assert "OUTBOX_POLL_SECONDS" in found.remedy


# --- the outbox file


def test_an_outbox_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """The doctor looks and touches nothing."""
    with opened(settings(tmp_path)) as (none, finding):
        assert none is None
    assert finding.outcome == "warn"
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_outbox_fails_and_the_rest_is_examined(tmp_path: Path) -> None:
    path = tmp_path / "box" / "outbox.db"
    path.parent.mkdir(mode=0o700)
    path.write_bytes(b"no database" * 500)
    found = {one.check: one for one in examine(settings(tmp_path), "postgresql://u:p@127.0.0.1:1/x", {})}
    assert found["outbox"].outcome == "fail"
    assert "recover --salvage" in found["outbox"].found
    assert found["database"].unreachable


def test_a_file_that_others_can_read_is_a_warning(box: Outbox) -> None:
    """Unless its directory is closed to them."""
    assert permissions(box.path).outcome == "ok"
    box.path.chmod(0o644)
    assert permissions(box.path).outcome == "ok"
    box.path.parent.chmod(0o755)
    assert permissions(box.path).outcome == "warn"
    assert stat.S_IMODE(box.path.stat().st_mode) & OTHERS


@pytest.mark.skipif(os.geteuid() == 0, reason="NOT RUN: root may write everything")
def test_a_file_that_this_user_may_not_write_fails(box: Outbox) -> None:
    box.path.chmod(0o400)
    assert permissions(box.path).outcome == "fail"


def test_a_large_wal_is_a_warning(box: Outbox) -> None:
    assert wal(box.path).outcome == "ok"
    other = box.path.with_name("other.db")
    with other.with_name("other.db-wal").open("wb") as file:
        file.truncate(129 * 1024 * 1024)
    assert wal(other).outcome == "warn"


def test_parked_events_and_a_missing_worker_are_warnings(box: Outbox) -> None:
    assert parked(box).outcome == "ok"
    assert worker(box).outcome == "warn"
    box.append(lesson("a"))
    put_parked(box, box.event(1), reason="r")
    assert parked(box).outcome == "warn"
    with WorkerLock(box.path):
        assert worker(box).outcome == "ok"


# --- the connection string


def test_a_good_string_is_well_and_shows_no_password() -> None:
    found = by_name(GOOD)
    assert {one.outcome for one in found.values()} == {"ok"}
    assert "secret-word" not in str(found)


def test_a_string_that_cannot_be_read_fails_without_being_quoted() -> None:
    (found,) = examine_address("postgresql://outbox_worker:secret/word@host:5432/postgres?nonsense=1")
    assert found.outcome == "fail"
    assert "secret" not in str(found.as_dict())
    assert "%40" in found.found


@pytest.mark.parametrize(
    ("dsn", "check", "outcome", "words"),
    [
        ("postgresql://127.0.0.1/postgres", "address", "fail", "name both"),
        (GOOD.replace(":secret-word", ""), "address", "warn", "password"),
        ("postgresql://outbox_worker:p@aws-1-sa-east-1.pooler.supabase.com/postgres", "address", "fail", "PROJECT-REF"),
        ("postgresql://outbox_worker:p@10.0.0.2/postgres", "tls mode", "warn", "verify-full"),
        (f"{GOOD}?sslmode=require", "tls mode", "ok", ""),
        (f"{GOOD}?sslmode=verify-full&sslrootcert=/no/such.crt", "tls mode", "fail", "dashboard"),
        ("postgresql://u:p@db.x.supabase.co/postgres?sslmode=verify-full&sslrootcert=system", "tls mode", "fail", "private"),
        ("postgresql://u:p@no-such-host.invalid/postgres", "ipv6", "warn", "does not resolve"),
    ],
)  # fmt: skip
def test_each_fault_of_a_string_has_its_line(
    dsn: str, check: str, outcome: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    found = by_name(dsn)[check]
    assert found.outcome == outcome
    assert words in found.found + found.remedy


def test_a_host_with_ipv6_alone_fails_where_there_is_no_route() -> None:
    """A link-local address without its interface is one that no machine has a route to."""
    found = ipv6({"host": "fe80::1"})
    assert found.outcome == "fail"
    assert "session pooler" in found.remedy
    assert ipv6({"host": "/run/postgresql"}).outcome == "ok"
    if socket.has_dualstack_ipv6():
        assert ipv6({"host": "::1"}).outcome == "ok"


def test_no_database_named_fails(tmp_path: Path) -> None:
    found = examine(settings(tmp_path), None, {})
    assert found[-1].outcome == "fail"
    assert exit_code(found) == 4


def test_exit_codes_tell_what_must_be_mended_from_what_only_does_not_answer() -> None:
    away = Finding(check="database", outcome="fail", found="f", unreachable=True)
    wrong = Finding(check="space", outcome="fail", found="f")
    assert [exit_code(found) for found in ([], [away], [away, wrong])] == [0, 5, 4]
