import threading
from collections.abc import Callable

import psycopg
import pytest

import worker.migrate.apply as module
from tests.support.postgres import Database
from worker.connect.pooling import SessionKind
from worker.migrate import (
    LockHeldError,
    MigrateError,
    Migration,
    NotReadyError,
    Outcome,
    Plan,
    TargetError,
    UnreachableError,
    apply_all,
    connect,
    load,
    migrate,
    read_plan,
    session,
)
from worker.migrate.apply import ADVISORY_KEY, Applied, apply_steps
from worker.migrate.preflight import _server

BROKEN = Migration(
    version="20260201000000",
    name="broken",
    sql="create table public.half (id int);\ninsert into public.half values (1);\nselect 1 / 0;\n",
    rollback="drop table public.half;",
)
GOOD = Migration(
    version="20260202000000",
    name="good",
    sql="set local lock_timeout = '50ms';\nalter table public.contents add column extra int;\n",
    rollback="alter table public.contents drop column extra;",
)


def exists(database: Database, name: str) -> bool:
    with psycopg.connect(database.dsn) as connection:
        return connection.execute("select to_regclass(%s)", (name,)).fetchone() != (None,)


def plan_of(database: Database, *migrations: Migration) -> Plan:
    with connect(database.dsn) as connection:
        return read_plan(connection, migrations)


def step(database: Database, *migrations: Migration, pause: Callable[[float], None] = lambda _: None) -> list[Applied]:
    done: list[Applied] = []
    apply_steps(database.dsn, migrations, "up", report=done.append, pause=pause)
    return done


def test_a_failure_in_the_middle_leaves_nothing_of_that_file(database: Database) -> None:
    """What was applied before stays, the broken file leaves no trace, and the message says where and what to do."""
    with pytest.raises(MigrateError) as failure:
        step(database, GOOD, BROKEN)
    message = str(failure.value)
    assert "20260201000000_broken.sql" in message
    assert "division by zero [22012]" in message
    assert "Nothing of it was applied, 1 of 2 steps are done and stay" in message
    assert not exists(database, "public.half")
    assert [str(s.state) for s in plan_of(database, BROKEN, GOOD).steps if s.name in {"broken", "good"}] == [
        "pending",
        "applied",
    ]


def test_a_syntax_error_is_told_with_its_line(database: Database) -> None:
    """The server knows the place; the operator should too."""
    wrong = Migration(version="20260203000000", name="wrong", sql="select 1;\n\nselekt 2;\n", rollback="")
    with pytest.raises(MigrateError, match=r"wrong\.sql, line 3: syntax error"):
        step(database, wrong)


def test_a_lock_held_by_somebody_is_named(database: Database) -> None:
    """It is asked for a few times, then the session that holds it is told; nothing is half applied."""
    pauses: list[float] = []
    with psycopg.connect(database.dsn, application_name="report of Bruno") as other:
        other.execute("select count(*) from contents")
        with pytest.raises(LockHeldError) as failure:
            step(database, GOOD, pause=pauses.append)
        message = str(failure.value)
        assert (
            f"session {other.info.backend_pid} (report of Bruno, idle in transaction) has held a AccessShareLock on contents"
            in message
        )
        assert "End that session or wait for it" in message
        assert len(pauses) == 3
        assert plan_of(database, GOOD).pending == (GOOD,)
    assert [applied.version for applied in step(database, GOOD)] == [GOOD.version]


def test_a_lock_that_is_released_in_time_is_waited_for(database: Database) -> None:
    """The next attempt gets it."""
    other = psycopg.connect(database.dsn)
    other.execute("select count(*) from contents")
    with other:
        assert step(database, GOOD, pause=lambda _: other.rollback())[0].version == GOOD.version


def test_a_second_migration_at_the_same_time_stands_back(database: Database) -> None:
    """One at a time; the message names the other."""
    with psycopg.connect(database.dsn, application_name="outbox migrate") as other:
        other.execute("select pg_advisory_xact_lock(%s)", (ADVISORY_KEY,))
        with pytest.raises(LockHeldError, match=r"\(outbox migrate, .*\) has held the lock of a running migration"):
            step(database, GOOD)


def test_what_somebody_else_applied_meanwhile_is_not_applied_twice(database: Database) -> None:
    """The history is read again under the lock."""
    once = step(database, GOOD)
    again = step(database, GOOD)
    assert once[0].seconds > 0
    assert again[0].seconds == 0


def test_a_lost_connection_leaves_nothing_half_applied(database: Database) -> None:
    """The server ends our session in the middle of a file."""
    waits = Migration(
        version="20260204000000",
        name="waits",
        sql="create table public.half (id int);\nselect pg_advisory_lock(7);\n",
        rollback="",
    )
    with psycopg.connect(database.dsn, autocommit=True) as other:
        other.execute("select pg_advisory_lock(7)")

        def cut() -> None:
            blocked = "select pid from pg_locks where locktype = 'advisory' and not granted and objid = 7"
            while not (row := other.execute(blocked).fetchone()):
                pass  # each look is a round trip; pytest's own deadline ends it if nobody ever waits
            other.execute("select pg_terminate_backend(%s)", (row[0],))

        killer = threading.Thread(target=cut)
        killer.start()
        with pytest.raises(
            UnreachableError,
            match=r"connection was lost during .*waits\.sql; nothing of it was applied.*Run the same command again",
        ):
            step(database, waits)
        killer.join()
    assert not exists(database, "public.half")
    assert plan_of(database, waits).pending == (waits,)


def test_a_connection_lost_while_looking_is_an_outage(database: Database) -> None:
    """Exit code 5 and what to do, not a stack of somebody else's errors."""

    def lose(looking: psycopg.Connection) -> None:
        with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
            admin.execute("select pg_terminate_backend(%s)", (looking.info.backend_pid,))
        looking.execute("select 1")

    told = r"was lost while looking at it\. Run the same command again"
    with pytest.raises(UnreachableError, match=told), session(database.dsn) as looking:
        lose(looking)


def test_a_lost_answer_to_commit_is_not_a_lost_step(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The history is asked on a new connection: the step was applied."""
    real = module._attempt

    def committed_then_lost(connection: psycopg.Connection, *rest: object) -> Applied:
        real(connection, *rest)  # type: ignore[arg-type]
        connection.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(module, "_attempt", committed_then_lost)
    monkeypatch.setattr(psycopg.Connection, "broken", property(lambda self: self.closed))
    assert [applied.version for applied in step(database, GOOD)] == [GOOD.version]
    assert exists(database, "public.contents")


def test_nothing_is_touched_where_a_check_fails(empty_database: Database) -> None:
    """All that fails is told together: here, a login that owns nothing."""
    apply_all(empty_database.dsn)
    with psycopg.connect(empty_database.admin_dsn, autocommit=True) as admin:
        admin.execute("delete from supabase_migrations.schema_migrations where version = '20260101000700'")
        admin.execute("grant usage on schema supabase_migrations to authenticator")
        admin.execute("grant select on supabase_migrations.schema_migrations to authenticator")
    with pytest.raises(NotReadyError) as failure:
        migrate(empty_database.api_dsn, "up", backups=None)
    assert "authenticator lacks CREATE on the database, CREATE on schema public" in str(failure.value)
    assert "owned by somebody else: audience_profiles (of postgres)" in str(failure.value)


def test_the_workers_own_login_is_told_to_step_aside(database: Database) -> None:
    """The least-privilege role cannot even read the history."""
    with pytest.raises(TargetError, match="outbox_worker may not read the history of migrations"):
        migrate(database.worker_dsn, "up", backups=None)


def test_a_plain_postgres_is_told_what_it_lacks(postgres: object, server: object, empty_database: Database) -> None:
    """What is missing and what makes it, rather than a failure at some statement."""
    with psycopg.connect(empty_database.admin_dsn, autocommit=True) as admin:
        admin.execute("drop schema auth cascade")
    with pytest.raises(NotReadyError, match=r"function auth\.uid\(\), table auth\.users missing.*bootstrap --plain"):
        migrate(empty_database.dsn, "up", backups=None)


def test_a_transaction_pooler_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lends a session for a transaction: what a migration sets for its session is somebody else's a moment later."""
    monkeypatch.setattr("worker.migrate.preflight.session_kind", lambda *_: SessionKind.TRANSACTION)
    with connect(database.dsn) as connection:
        checks = {c.name: c for c in _server(connection, database.dsn)}
    assert checks["connection"].outcome is Outcome.FAILED
    assert "session mode" in checks["connection"].found


@pytest.mark.parametrize(
    ("dsn", "error"),
    [
        ("postgresql://postgres:geheim@127.0.0.1:1/postgres", UnreachableError),
        ("postgresql://postgres:ge heim@127.0.0.1/postgres", TargetError),
        ("geheim", TargetError),
    ],
)
def test_no_error_repeats_the_password(dsn: str, error: type[MigrateError]) -> None:
    """Neither the message nor what it was raised from."""
    with pytest.raises(error) as failure:
        connect(dsn)
    told: BaseException | None = failure.value
    while told is not None:
        assert "heim" not in str(told)
        told = told.__cause__


def test_a_wrong_password_is_told_apart_from_an_outage(database: Database) -> None:
    """It will not get better by trying again, and the service bans who tries."""
    with pytest.raises(TargetError, match=r"refuses the login: the database refuses this user or password \[28P01\]"):
        connect(database.dsn.replace("postgres:", "postgres:x", 1).replace("postgresql:x", "postgresql:"))


def test_a_file_edited_after_it_was_applied_is_noticed(database: Database) -> None:
    """The history keeps the statements; they are compared with the file of today."""
    first, *rest = load()
    edited = Migration(version=first.version, name=first.name, sql=first.sql + "\nselect 1;", rollback=first.rollback)
    plan = plan_of(database, edited, *rest)
    assert [drifted.version for drifted in plan.drifted] == [first.version]


def test_migrations_of_the_wider_system_are_left_alone(database: Database) -> None:
    """The history is shared: theirs are shown, and neither run nor taken back."""
    with psycopg.connect(database.dsn) as connection:
        connection.execute(
            "insert into supabase_migrations.schema_migrations (version, name) values ('20250101000000', 'theirs')"
        )
    plan = plan_of(database, *load())
    assert [(foreign.version, str(foreign.state)) for foreign in plan.steps if foreign.name == "theirs"] == [
        ("20250101000000", "foreign")
    ]
    migrate(database.dsn, "down", backups=None, steps=99)
    assert [left.version for left in plan_of(database, *load()).steps if str(left.state) == "foreign"] == [
        "20250101000000"
    ]
