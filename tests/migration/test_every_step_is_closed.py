"""Wherever a run of the migrations stops, in either direction, no API role can do what it could do neither before nor after."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from tests.support.postgres import Database, Server
from tests.support.schema import BROWNFIELD
from worker.migrate import MigrateError, load, migrate
from worker.migrate.apply import apply_steps

ANA = "a0000000-0000-4000-8000-00000000000a"
ROLES = ("anon", "authenticated", "service_role")
TABLES = (
    "minds", "user_profiles", "tags", "job_executions", "audience_profiles", "content_projects", "contents", "content_minds",
    "content_tags",
)  # fmt: skip
OURS = TABLES[4:]
BOOKKEEPING = (
    "destination",
    "sources",
    "parked",
    "displaced",
    "removed_links",
    "removed_rows",
    "inbox",
    "inbox_pruned",
    "streams",
    "rights",
    "starts",
)
INSERTS = {
    "minds": "(slug, display_name) values ('new', 'new')",
    "user_profiles": f"(id) values ('{ANA}')",
    "tags": "(name) values ('new')",
    "job_executions": "default values",
    "audience_profiles": "(slug, name) values ('new', 'new')",
    "content_projects": "(slug, name) values ('new', 'new')",
    "contents": "(slug, title, content_type) values ('new', 'new', 'other')",
    "content_minds": "(content_id, mind_id, role) select c.id, m.id, 'guest' from public.contents c, public.minds m",
    "content_tags": "(content_id, tag_id) select c.id, t.id from public.contents c, public.tags t",
}
# Closed by row level security alone, with the rights of old and a policy that sleeps because it is for nobody yet.
CLOSED_BY_ROWS = "".join(
    f"alter table public.{table} enable row level security; grant all on public.{table} to anon, authenticated;"
    for table in TABLES
)
# Closed by rights alone, with policies that would let everybody in.
CLOSED_BY_RIGHTS = "".join(
    f"revoke all on public.{table} from public, anon, authenticated, service_role;"
    f"create policy wide on public.{table} using (true);"
    for table in TABLES
)
KINDS = {
    "fresh": "",
    "brownfield": BROWNFIELD,
    "closed by rows": BROWNFIELD + CLOSED_BY_ROWS,
    "closed by rights": BROWNFIELD + CLOSED_BY_RIGHTS,
}
Allowed = set[tuple[str, ...]]


class _UndoError(Exception):
    """Takes back what a trial did."""


@contextmanager
def undone(connection: psycopg.Connection) -> Iterator[None]:
    try:
        with connection.transaction():
            yield
            raise _UndoError  # noqa: TRY301  how psycopg is told to roll back
    except _UndoError:
        pass


def rows_in_place(connection: psycopg.Connection) -> None:
    """A row of everything, of somebody else's, in whatever of the tables there is."""

    def there(table: str, column: str) -> bool:
        found = connection.execute(
            "select from pg_attribute where attrelid = to_regclass(%s) and attname = %s", (f"public.{table}", column)
        )
        return found.rowcount > 0

    if not there("contents", "id"):
        return
    connection.execute("insert into auth.users (id) values (%s) on conflict do nothing", (ANA,))
    connection.execute("insert into public.minds (slug, display_name) values ('try-ana', 'a'), ('try-bruno', 'b')")
    connection.execute(
        "insert into public.user_profiles (id, mind_id) select %s, id from public.minds where slug = 'try-ana'", (ANA,)
    )
    connection.execute("insert into public.tags (name) values ('try')")
    connection.execute("insert into public.job_executions default values")
    for table in ("audience_profiles", "content_projects"):
        connection.execute(
            sql.SQL("insert into public.{} (slug, name) values ('try-b', 'x')").format(sql.Identifier(table))
        )
        if there(table, "creator_mind_id"):
            connection.execute(
                sql.SQL(
                    "update public.{} set creator_mind_id = (select id from public.minds where slug = 'try-bruno') "
                    "where slug = 'try-b'"
                ).format(sql.Identifier(table))
            )
    connection.execute(
        "insert into public.contents (slug, title, content_type, project_id) "
        "select 'try-b', 'x', 'other', id from public.content_projects where slug = 'try-b'"
    )
    connection.execute(
        "insert into public.content_minds (content_id, mind_id, role) select c.id, m.id, 'guest' "
        "from public.contents c, public.minds m where c.slug = 'try-b' and m.slug = 'try-bruno'"
    )
    connection.execute(
        "insert into public.content_tags (content_id, tag_id) select c.id, t.id "
        "from public.contents c, public.tags t where c.slug = 'try-b' and t.name = 'try'"
    )


TRY_ALL = """
do $do$
declare
    trial record;
    touched bigint;
begin
    for trial in select * from trials loop
        begin
            perform set_config('request.jwt.claims', trial.claims, true), set_config('role', trial.role, true);
            execute trial.statement;
            get diagnostics touched = row_count;
            raise exception using errcode = 'UNDO1';  -- takes back what it did, and the role
        exception
            when sqlstate 'UNDO1' then
                if touched > 0 or trial.verb = 'truncate' then
                    insert into found values (trial.role, trial.verb, trial.target);
                end if;
            when integrity_constraint_violation then  -- its rights let it pass
                insert into found values (trial.role, trial.verb, trial.target);
            when others then
                null;
        end;
    end loop;
end
$do$"""


def allowed(database: Database) -> Allowed:
    """What each API role can do with what is not theirs, found out by doing it; all of it is rolled back."""
    with psycopg.connect(database.dsn, autocommit=True) as connection, undone(connection):
        rows_in_place(connection)
        statements = {("select", t): f"select to_jsonb(t) from public.{t} t" for t in TABLES}
        statements |= {("insert", t): f"insert into public.{t} {INSERTS[t]}" for t in TABLES}
        statements |= {("delete", t): f"delete from public.{t}" for t in TABLES}
        statements |= {("truncate", t): f"truncate public.{t} cascade" for t in TABLES}
        statements |= {("select", f"outbox.{t}"): f"select from outbox.{t}" for t in BOOKKEEPING}
        statements |= {("delete", f"outbox.{t}"): f"delete from outbox.{t}" for t in BOOKKEEPING}
        columns = connection.execute(
            "select table_name, column_name from information_schema.columns where table_schema = 'public' "
            "and table_name = any(%s) and column_name = any(%s) and is_generated = 'NEVER'",
            (list(TABLES), ["id", "slug", "name", "last_event_id", "created_at", "role", "tag_id", "project_id"]),
        ).fetchall()
        statements |= {
            ("update", f"{table}.{column}"): f"update public.{table} set {column} = {column}"
            for table, column in columns
        }
        connection.execute(
            "create temporary table trials (role text, claims text, verb text, target text, statement text);"
            "create temporary table found (role text, verb text, target text)"
        )
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into trials values (%s, %s, %s, %s, %s)",
                [
                    (
                        role,
                        json.dumps({"role": role} | ({"sub": ANA} if role == "authenticated" else {})),
                        *what,
                        statement,
                    )
                    for role in ROLES
                    for what, statement in statements.items()
                ],
            )
        connection.execute(TRY_ALL)
        return set(connection.execute("select role, verb, target from found").fetchall())


def prepare(database: Database, kind: str) -> None:
    if KINDS[kind]:
        with psycopg.connect(database.dsn, autocommit=True) as connection:
            connection.execute(KINDS[kind].encode())


# Not every pair, each of which takes seconds: every kind in both modes of default grants, and on both servers.
WALKS = [
    ("server", False, "fresh"), ("server", True, "fresh"), ("server", False, "brownfield"), ("server", True, "closed by rows"),
    ("server", False, "closed by rights"), ("oldest_server", True, "brownfield"), ("oldest_server", False, "closed by rows"),
    ("oldest_server", True, "closed by rights"),
]  # fmt: skip


@pytest.fixture(params=WALKS, ids=lambda walk: f"{walk[0]}-{'historic' if walk[1] else 'explicit'} grants-{walk[2]}")
def walked(request: pytest.FixtureRequest) -> Iterator[tuple[Database, str]]:
    """A database before us, of some kind."""
    name, default_grants, kind = request.param
    server: Server = request.getfixturevalue(name)
    clone = server.clone(server.prepared(default_grants=default_grants))
    prepare(clone, kind)
    yield clone, kind
    server.drop(clone)


def opened(now: Allowed, before: Allowed, end: Allowed) -> list[tuple[str, ...]]:
    """What is allowed beyond; a column that we added is written by whoever could write its table anyway."""
    tables = {(role, verb, target.partition(".")[0]) for role, verb, target in before}
    return sorted(
        (role, verb, target)
        for role, verb, target in now - before - end
        if (role, verb, target.partition(".")[0]) not in tables or "." not in target
    )


def test_no_step_opens_what_was_closed(walked: tuple[Database, str]) -> None:
    """After every file of up, and after every rollback, each role can do at most what it could before or may in the end."""
    database, kind = walked
    before = allowed(database)
    after_each: dict[str, Allowed] = {}
    for migration in load():
        apply_steps(database.dsn, [migration], "up", report=lambda _: None)
        after_each[f"up to {migration.file_name}"] = end = allowed(database)
    for migration in reversed(load()):
        apply_steps(database.dsn, [migration], "down", report=lambda _: None)
        after_each[f"down by {migration.file_name}"] = allowed(database)
    found = {step: opened(now, before, end) for step, now in after_each.items()}
    assert {step: what for step, what in found.items() if what} == {}
    assert opened(allowed(database), before, set()) == []
    assert before <= allowed(database)
    assert ("authenticated", "insert", "audience_profiles") in end, "nothing was tried"
    assert not {one for one in end if one[0] == "anon" and one[2].partition(".")[0] in OURS}
    if kind.startswith("closed"):
        once = after_each[f"down by {load()[-1].file_name}"]
        (closing,) = (migration.file_name for migration in load() if migration.file_name.endswith("_row_access.sql"))
        assert not {one for one in after_each[f"down by {closing}"] if one[0] != "service_role" and one[2] in OURS}
        assert once <= end


STOPS = {
    "a lock on the contents": "begin; lock table public.contents in access share mode",
    "a lock on the links": "begin; lock table public.content_tags in access exclusive mode",
    "a lock on the positions": "begin; lock table outbox.sources in access share mode",
}


@pytest.mark.parametrize("stop", STOPS)
def test_a_run_that_cannot_get_a_lock_opens_nothing(empty_database: Database, stop: str) -> None:
    """The lock comes when half of the files are applied, and stays; what was closed by its rights is closed."""
    prepare(empty_database, "closed by rights")
    before = allowed(empty_database)
    half = [migration for migration in load() if migration.version <= "20260101000400"]
    apply_steps(empty_database.dsn, half, "up", report=lambda _: None)
    with psycopg.connect(empty_database.dsn, autocommit=True) as other:
        other.execute(STOPS[stop].encode())
        rest = [
            # The files wait four seconds; nobody learns more from them than from a tenth of one.
            type(migration)(
                version=migration.version, name=migration.name, rollback=migration.rollback,
                sql=migration.sql.replace("lock_timeout = '4s'", "lock_timeout = '100ms'").replace("lock_timeout = '2s'", "lock_timeout = '100ms'"),
            )
            for migration in load() if migration.version > "20260101000400"
        ]  # fmt: skip
        with pytest.raises(MigrateError):
            apply_steps(empty_database.dsn, rest, "up", report=lambda _: None, pause=lambda _: None)
        other.execute("rollback")
    open_now = {one for one in allowed(empty_database) if one[0] in {"anon", "authenticated"}}
    own = {("authenticated", "insert", "audience_profiles")}  # of their own, once the policies are there
    assert open_now - own <= before


def test_a_view_that_depends_on_the_one_to_be_replaced_opens_nothing(empty_database: Database) -> None:
    """The file of the view is refused, and everything before it stays closed."""
    prepare(empty_database, "closed by rights")
    with psycopg.connect(empty_database.dsn, autocommit=True) as connection:
        connection.execute("create view public.mine as select title from public.v_contents_with_creators")
    before = allowed(empty_database)
    with pytest.raises(MigrateError):
        migrate(empty_database.dsn, "up", backups=None)
    assert {one for one in allowed(empty_database) if one[0] in {"anon", "authenticated"}} <= before
