"""A login for each host moves the positions of that host's outboxes, and of no other."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from click.testing import CliRunner
from psycopg import conninfo, errors, sql

from outbox import Outbox
from outbox import catalogue as c
from tests.support.postgres import Database, Server
from tests.support.relaying import drain
from worker import Ending, TargetRefused
from worker.apply.position import host
from worker.commands.migrate import migrate
from worker.migrate import NotReadyError, TargetError, audit, connect, load, make_role, role_name
from worker.migrate import migrate as run

PASSWORD = "sesame-open-wide"
INBOX = "20260101000850"


@pytest.fixture(autouse=True)
def no_roles_left(server: Server) -> Iterator[None]:
    """Roles belong to the whole server, which other tests share."""
    yield
    with psycopg.connect(server.local.dsn(user="supabase_admin"), autocommit=True) as admin:
        left = admin.execute("select rolname from pg_roles where rolname like 'outbox\\_worker\\_%'").fetchall()
        for (role,) in left:
            admin.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


def login_of(database: Database, role: str) -> str:
    """Set its password, as an operator does, and return its connection string."""
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        statement = sql.SQL("alter role {} with password {}")
        admin.execute(statement.format(sql.Identifier(role), sql.Literal(PASSWORD)))
    return conninfo.make_conninfo(database.dsn, user=role, password=PASSWORD)


def made(database: Database, name: str, *outboxes: UUID) -> str:
    with connect(database.dsn) as connection:
        return login_of(database, make_role(connection, name, outboxes).role)


def deliver(path: Path, dsn: str, number: int = 1) -> UUID:
    with Outbox.open(path) as box:
        box.append(c.ContentUpserted(slug=f"p--{path.parent.name}-{number}", title="t", content_type="other"))
        assert drain(box, dsn) is Ending.EMPTY
        return box.outbox_id


def test_a_host_has_its_own_login_and_moves_its_own_position_alone(tmp_path: Path, any_database: Database) -> None:
    """It delivers as before; of another host's position it can change nothing, whatever it calls itself."""
    one, two = tmp_path / "one" / "outbox.db", tmp_path / "two" / "outbox.db"
    other = deliver(two, any_database.worker_dsn)
    dsn = made(any_database, "studio-1")
    mine = deliver(one, dsn)
    with psycopg.connect(dsn, autocommit=True) as connection:
        assert connection.execute("select count(*) from outbox.sources").fetchone() == (2,)
        move = "update outbox.sources set applied_seq = 0 where outbox_id = %s"
        assert connection.execute(move, (other,)).rowcount == 0
        park = "insert into outbox.parked (outbox_id, seq, event_id, state) values (%s, 1, gen_random_uuid(), 'parked')"
        for named in (other, UUID(int=1)):
            with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
                connection.execute(park, (named,))
        connection.execute(park, (mine,))
        for steal in ("update outbox.sources set login = 'outbox_worker'", "set role outbox_worker"):
            try:
                connection.execute(steal.encode())
            except errors.InsufficientPrivilege:
                continue
            assert connection.execute(move, (other,)).rowcount == 0
    with psycopg.connect(any_database.worker_dsn, autocommit=True) as connection:
        assert (
            connection.execute("update outbox.sources set applied_seq = 0 where outbox_id = %s", (mine,)).rowcount == 0
        )
        assert connection.execute("delete from outbox.parked").rowcount == 0
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("insert into outbox.sources (outbox_id, login) values (gen_random_uuid(), 'postgres')")


def test_what_the_host_delivered_so_far_is_handed_over(tmp_path: Path, database: Database) -> None:
    """The position goes on from where it was; the shared login is refused from then on, with the way out."""
    path = tmp_path / "one" / "outbox.db"
    deliver(path, database.worker_dsn)
    dsn = made(database, host())
    deliver(path, dsn, 2)
    with Outbox.open(path) as box:
        with pytest.raises(
            TargetRefused, match=r"belongs to the login outbox_worker_.*worker migrate role HOST --outbox"
        ):
            drain(box, database.worker_dsn)
        back = made(database, "elsewhere", box.outbox_id)
        assert drain(box, back) is Ending.EMPTY


def test_a_second_call_finds_the_login_and_the_audit_is_content(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By command, with its JSON; nothing of it disturbs `worker migrate check`."""
    for name in list(os.environ):
        if name.startswith(("OUTBOX_", "SUPABASE_", "CREATOR_", "PG")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OUTBOX_PATH", str(tmp_path / "outbox.db"))
    monkeypatch.setenv("CONTENT_ROOT", str(tmp_path))
    monkeypatch.setenv("SUPABASE_MIGRATE_DB_URL", database.dsn)
    name = f"second-call-{os.getpid()}"
    first = json.loads(CliRunner().invoke(migrate, ["role", name, "--json"]).stdout)
    assert first == {"role": role_name(name), "made": True, "outboxes": []}
    again = CliRunner().invoke(migrate, ["role", name])
    assert again.stdout.startswith("found")
    with connect(database.dsn) as connection:
        assert audit(connection) == ()


@pytest.mark.parametrize("name", ["", "---", "ação-" * 20, "x" * 60])
def test_a_name_that_makes_no_login_is_refused(name: str) -> None:
    with pytest.raises(TargetError, match="a host's name must have 1 to 49"):
        role_name(name)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Studio 2", "studio_2"),
        ("a.example.org", "a_example_org"),
        ('x"; drop role postgres; --', "x_drop_role_postgres"),
    ],
)
def test_a_host_name_becomes_a_plain_name(name: str, role: str) -> None:
    assert role_name(name) == f"outbox_worker_{role}"


def test_an_outbox_that_nobody_knows_is_not_handed_over(database: Database) -> None:
    with pytest.raises(TargetError, match="no outbox 0000"), connect(database.dsn) as connection:
        make_role(connection, "studio-9", [UUID(int=0)])


def test_without_the_migration_there_is_nothing_to_hand_over(server: Server, empty_database: Database) -> None:
    with pytest.raises(NotReadyError, match="worker migrate up"), connect(empty_database.dsn) as connection:
        make_role(connection, "studio-9")


def test_a_worker_of_today_serves_a_database_that_is_not_migrated_yet(tmp_path: Path, database: Database) -> None:
    """Its positions belong to no login, and are moved as before."""
    since = [one for one in load() if one.version >= INBOX]  # its policy asks for the login, too
    run(database.dsn, "down", backups=None, steps=len(since))
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(
            "drop policy outbox_worker_sources_read on outbox.sources; drop policy outbox_worker_sources_make on outbox.sources;"
            "drop policy outbox_worker_sources_move on outbox.sources; drop policy outbox_worker_parked on outbox.parked;"
            "alter table outbox.sources drop column login;"
            "create policy outbox_worker_sources on outbox.sources for all to outbox_worker using (true) with check (true);"
            "create policy outbox_worker_parked on outbox.parked for all to outbox_worker using (true) with check (true)"
        )
    deliver(tmp_path / "one" / "outbox.db", database.worker_dsn)
