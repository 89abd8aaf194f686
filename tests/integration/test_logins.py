"""A server that answers a login and refuses it was reached: exit code 3, tried rarely, and no word of an outage."""

import select
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import conninfo, sql

from outbox import Outbox, WorkerState, read_status
from outbox.operating import assess
from tests.support.make_outbox import filled
from tests.support.postgres import Database
from tests.support.processes import environment, until
from tests.support.processes import worker as started
from tests.support.refusing import Refusing
from tests.support.relaying import NoWaiting, relay
from tests.support.rows import applied_seq
from worker import Ending, WorkerError
from worker.connect.connection import connect as connect_to_deliver
from worker.faults.outage import Backoff
from worker.migrate import TargetError
from worker.migrate import connect as connect_to_migrate
from worker.migrate.target import administrator_dsn

ROLE = "refused_by_test"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with filled(tmp_path / "box" / "outbox.db", 3) as made:
        yield made


def as_admin(database: Database, *statements: str) -> None:
    elsewhere = conninfo.make_conninfo(
        database.admin_dsn, dbname="postgres"
    )  # nobody may close the door behind himself
    with psycopg.connect(elsewhere, autocommit=True) as admin:
        for statement in statements:
            admin.execute(
                sql.SQL(statement).format(role=sql.Identifier(ROLE), database=sql.Identifier(database.name))  # type: ignore[arg-type]
            )


@pytest.fixture
def login(database: Database) -> Iterator[str]:
    """The connection string of a role of its own, for whatever is done to it."""
    as_admin(
        database, "drop role if exists {role}", "create role {role} login password 'right-word' in role outbox_worker"
    )
    yield conninfo.make_conninfo(database.dsn, user=ROLE, password="right-word")
    as_admin(
        database,
        "alter database {database} connection limit -1",
        "alter database {database} allow_connections true",
        "drop role {role}",
    )


REFUSALS = {
    "wrong password": ((), {"password": "wrong-word"}),
    "no such role": ((), {"user": "nobody_of_test"}),
    "no such database": ((), {"dbname": "nowhere"}),
    "connect revoked": (("revoke connect on database {database} from public",), {}),
    "may not log in": (("alter role {role} nologin",), {}),
    "password expired": (("alter role {role} valid until '2020-01-01'",), {}),
    "limit of the role": (("alter role {role} connection limit 0",), {}),
    "limit of the database": (("alter database {database} connection limit 0",), {}),
    "no connections allowed": (("alter database {database} allow_connections false",), {}),
    "TLS asked for": ((), {"sslmode": "require"}),
    "option that the server does not know": ((), {"options": "-c no_such_setting=1"}),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refused_login_blocks_and_is_no_outage(case: str, box: Outbox, database: Database, login: str) -> None:
    """For deliveries and for migrations alike, by one table."""
    statements, changed = REFUSALS[case]
    as_admin(database, *statements)
    dsn = conninfo.make_conninfo(login, **changed)
    with pytest.raises(WorkerError) as told:
        relay(box, dsn).run()
    assert told.value.exit_code == 3
    with pytest.raises(TargetError):
        connect_to_migrate(dsn)
    box.relay.set_state(WorkerState.STOPPED)
    status = read_status(box, box.clock.now())
    assert status.as_dict()["outage"] is None
    found = assess(status)
    said = " ".join([one.text for one in found.trouble])
    assert "away" not in said
    assert told.value.what in said
    assert found.needs[0].command != "worker run"
    assert found.needs[0].entry == "environment"


@pytest.mark.parametrize(
    ("code", "seconds"), [("28P01", 300.0), ("28000", 300.0), ("3D000", 30.0), ("42501", 30.0), ("P0001", 30.0)]
)
def test_a_refused_login_is_tried_rarely(code: str, seconds: float, box: Outbox) -> None:
    """Whatever language it speaks; a wrong password more rarely still, for poolers ban who has two."""
    waker = NoWaiting()

    def stop(_seconds: float) -> None:
        waker.stopping = len(waker.slept) == 3

    waker.on_sleep = stop
    with Refusing({"S": "FATAL", "C": code, "M": "contraseña rechazada"}) as server:
        relay(box, server.dsn(), waker=waker, until_empty=False, backoff=Backoff()).run()
        assert server.logins == 3
    assert waker.slept == [seconds] * 3


def told_by(arguments: tuple[str, ...], env: Mapping[str, str], folder: Path) -> tuple[int, str]:
    """Exit code, and what was printed on both streams."""
    with started(*arguments, env=env, cwd=folder) as process:
        printed, logged = process.communicate()
    return process.returncode, printed + logged


@pytest.mark.parametrize(
    "arguments", [("drain",), ("replay", "--all"), ("verify",), ("doctor",), ("migrate", "status")]
)
def test_every_command_tells_a_refused_login(arguments: tuple[str, ...], box: Outbox, tmp_path: Path) -> None:
    """One login, exit code 3 (of the doctor 4), one line without a word of an outage or of the server's own."""
    said = {"S": "FATAL", "C": "28P01", "M": "autenticação do tipo senha falhou", "R": "auth_failed"}
    with Refusing(said) as server:
        code, told = told_by(arguments, environment(box.path, server.dsn()), tmp_path)
        assert server.logins == 1
    assert code == (4 if arguments == ("doctor",) else 3), told
    assert "refuses" in told
    assert "outage" not in told
    assert "senha" not in told
    assert "secret-word" not in told


@pytest.mark.parametrize("where", ["connection string", "role"])
def test_limits_that_no_question_survives_are_lifted(where: str, database: Database, login: str) -> None:
    """Asked for by `options` or set for the role; for every command, for all connect by one of these two."""
    limits = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    if where == "role":
        as_admin(database, *(f"alter role {{role}} set {limit} = 1" for limit in limits))
    else:
        login = conninfo.make_conninfo(login, options=" ".join(f"-c {limit}=1" for limit in limits))
    for connect in (connect_to_deliver, connect_to_migrate):
        with connect(login) as connection:
            connection.execute("begin")
            connection.execute("select pg_sleep(0.02)")
            assert connection.execute("show statement_timeout").fetchone() == ("30s",)


@pytest.mark.parametrize("setting", ["idle_session_timeout", "transaction_timeout"])
def test_a_limit_that_ends_each_session_is_lifted_or_named(setting: str, login: str, box: Outbox) -> None:
    """It may strike before it can be lifted: that is no outage, and its name is told."""
    login = conninfo.make_conninfo(login, options=f"-c {setting}=1")
    told = None
    try:
        relay(box, login).run()
    except WorkerError as error:
        told = error
    assert told is None or (told.exit_code, setting in str(told)) == (3, True)


WITHOUT_WRITES = {
    "options": ({"options": "-c default_transaction_read_only=on"}, (), "default_transaction_read_only out of"),
    "role": ({}, ("alter role {role} set default_transaction_read_only = on",), f'alter role "{ROLE}" reset'),
    "role in the database": (
        {},
        ("alter role {role} in database {database} set default_transaction_read_only = on",),
        f'alter role "{ROLE}" in database',
    ),
    "a standby that is asked for": ({"target_session_attrs": "standby"}, (), "target_session_attrs=read-write"),
    "read-only that is asked for": ({"target_session_attrs": "read-only"}, (), "target_session_attrs=read-write"),
    "no words that are options": ({"options": "read-only"}, (), "`options`"),
    "a login that is forbidden": ({"require_auth": "md5"}, (), "require_auth"),
}


@pytest.mark.parametrize("how", WITHOUT_WRITES)
def test_a_session_that_can_never_write_is_no_outage(how: str, login: str, database: Database, box: Outbox) -> None:
    """Asked for by an option, or set for the login: exit 3 with its name, and all lands once it is taken away."""
    options, statements, told = WITHOUT_WRITES[how]
    as_admin(database, *statements)
    with pytest.raises(WorkerError, match=told) as refused:
        relay(box, conninfo.make_conninfo(login, **options)).run()
    assert refused.value.exit_code == 3
    as_admin(database, "alter role {role} reset all", "alter role {role} in database {database} reset all")
    assert relay(box, login).run() is Ending.EMPTY


# --- the connection string is read by libpq alone


def parts(dsn: str) -> dict[str, str]:
    return {key: str(value) for key, value in conninfo.conninfo_to_dict(dsn).items()}


@pytest.fixture(params=["service", "environment", "hosts", "folder with a space", "password file"])
def elsewhere(
    request: pytest.FixtureRequest, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A connection string for postgres that says little itself."""
    have = parts(database.dsn)
    if request.param == "service":
        file = tmp_path / "services.conf"
        file.write_text("[mine]\n" + "".join(f"{key}={value}\n" for key, value in have.items()))
        monkeypatch.setenv("PGSERVICEFILE", str(file))
        yield "service=mine"
    elif request.param == "environment":
        for key, name in (("host", "PGHOST"), ("port", "PGPORT"), ("user", "PGUSER"), ("password", "PGPASSWORD")):
            monkeypatch.setenv(name, have[key])
        yield f"dbname={have['dbname']} sslmode=disable"
    elif request.param == "hosts":
        hosts = {"host": f"127.0.0.1,{have['host']}", "port": f"1,{have['port']}", "target_session_attrs": "read-write"}
        yield conninfo.make_conninfo(database.dsn, **hosts)
    elif request.param == "password file":
        file = tmp_path / "pgpass"
        file.write_text(f"*:*:*:*:{have.pop('password')}\n")
        file.chmod(0o600)
        yield conninfo.make_conninfo("", **have, passfile=str(file))
    else:
        folder = tmp_path / "with space"
        folder.mkdir()
        with forwarded(folder / f".s.PGSQL.{have['port']}", ("127.0.0.1", int(have["port"]))):
            yield conninfo.make_conninfo(database.dsn, host=str(folder))


@contextmanager
def forwarded(path: Path, address: tuple[str, int]) -> Iterator[None]:
    """A socket of this machine that leads to a server."""

    def carry(client: socket.socket) -> None:
        with client, socket.create_connection(address) as server, suppress(OSError):
            other = {client: server, server: client}
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    other[ready].sendall(data)

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=carry, args=listener.accept()[:1], daemon=True).start()

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    threading.Thread(target=serve, daemon=True).start()
    try:
        yield
    finally:
        listener.close()


def test_what_libpq_takes_from_elsewhere_serves_every_command(elsewhere: str, box: Outbox, tmp_path: Path) -> None:
    """A delivery, the doctor, and a migration with the backup that pg_dump makes before it."""
    assert relay(box, elsewhere).run() is Ending.EMPTY
    env = environment(box.path, elsewhere)
    code, told = told_by(("doctor",), env, tmp_path)
    assert code in {0, 4}, told
    lines = {line[6:].split("  ")[0]: line[:4].strip() for line in told.splitlines() if line[:4].strip()}
    assert (lines["address"], lines["pooler mode"], lines["database"], lines["target"]) == ("ok",) * 4
    code, told = told_by(("migrate", "down"), env, tmp_path)
    assert code == 0, told
    assert "backup " in told


def test_a_connection_string_with_space_around_it_serves_migrations_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_MIGRATE_DB_URL", " postgresql://u@h/d\n")
    assert administrator_dsn(None) == "postgresql://u@h/d"


def test_an_unknown_option_is_named_by_every_command(box: Outbox, tmp_path: Path, database: Database) -> None:
    """Exit code 3 (of the doctor 4), and nobody is told to encode the password."""
    dsn = database.dsn + ("&" if urlsplit(database.dsn).query else "?") + "pgbouncer=true"
    env = environment(box.path, dsn)
    for arguments in (("drain",), ("run",), ("verify",), ("doctor",), ("migrate", "up", "--dry-run")):
        code, told = told_by(arguments, env, tmp_path)
        assert code == (4 if arguments == ("doctor",) else 3), told
        assert "libpq does not know: pgbouncer" in told
        assert "encode" not in told
        assert "%40" not in told


def test_what_was_mended_at_the_database_is_tried_when_somebody_asks(
    box: Outbox, database: Database, login: str, tmp_path: Path
) -> None:
    """The next try by itself is five minutes away; an append does not shorten that, `worker retry` does."""
    as_admin(database, "alter role {role} password 'another'")
    env = environment(box.path, login)
    with started("run", "--quiet", env=env, cwd=tmp_path):
        until(lambda: read_status(box, box.clock.now()).worker.state == WorkerState.BLOCKED, what="blocked")
        as_admin(database, "alter role {role} password 'right-word'")
        with started("retry", env=env, cwd=tmp_path) as asked:
            assert asked.communicate() == ("", "the worker tries now\n")
            assert asked.returncode == 0
        until(lambda: applied_seq(database.dsn) == box.last_seq, what="delivered")


def test_a_try_is_asked_of_a_worker_that_runs(box: Outbox, login: str, tmp_path: Path) -> None:
    with started("retry", env=environment(box.path, login), cwd=tmp_path) as asked:
        _, told = asked.communicate()
        assert (asked.returncode, told) == (4, "no worker runs here: `worker run` starts one, and that tries at once\n")


def test_what_was_asked_of_the_worker_before_makes_no_second_login(box: Outbox) -> None:
    """It has tried since: two wrong passwords in a row are what poolers ban for."""
    box.relay.ask_to_try()
    waited: list[bool] = []
    with Refusing({"S": "FATAL", "C": "28P01", "M": "no"}) as server:

        class Looking(NoWaiting):
            def sleep(self, _seconds: float, *, until: Callable[[], bool] = lambda: False) -> None:
                waited.append(until())
                box.relay.ask_to_try()
                waited.append(until())
                waited.append(until())
                self.stopping = True

        relay(box, f"postgresql://u:p@127.0.0.1:{server.port}/x", waker=Looking(), until_empty=False).run()
    assert waited == [False, True, False]
