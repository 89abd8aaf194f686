"""Whatever stops `worker migrate up` is found before its first statement, and what it replaces comes back."""

import psycopg
import pytest

from tests.support.postgres import Database
from tests.support.schema import BROWNFIELD, catalogue
from worker.migrate import MigrateError, NotReadyError, Outcome, Severity, connect, load, migrate, read_plan
from worker.migrate.trial import try_out

B = BROWNFIELD
# As whom, what is there before, and what the refusal names.
STOPS = {
    "a view that depends on the one replaced": ("postgres", B + "create view dep as select * from v_contents_with_creators", "view dep depends on view v_contents_with_creators"),
    "a materialized view of its name": ("postgres", B.replace("create view public.v_c", "create materialized view public.v_c"), "public.v_contents_with_creators is a materialized view, not a view"),
    "contents is a view": ("postgres", "create table real (id uuid primary key, slug text); create view contents as select * from real", "public.contents is a view, not a table"),
    "contents is partitioned": ("postgres", "create table contents (id uuid, slug text, primary key (id, slug)) partition by hash (id)", "public.contents is a partitioned table, not a table"),
    "ids of another type": ("postgres", "create table contents (id bigint primary key, slug text not null unique, title text)", "public.contents.id is bigint, not uuid"),
    "metadata is text": ("postgres", B + "alter table contents alter column metadata drop default, alter column metadata type text", "public.contents.metadata is text, not jsonb"),
    "a slug is a number": ("postgres", "create table content_projects (id uuid primary key, slug int not null unique, name text, project_type text, status text)", "public.content_projects.slug is integer, not text"),
    "the event's column is text": ("postgres", B + "alter table contents add column last_event_id text", "public.contents.last_event_id is text, not uuid"),
    "a column is missing": ("postgres", "create table contents (id uuid primary key, slug text unique)", 'column "title" does not exist'),
    "a column that nobody fills": ("postgres", B + "alter table content_projects add column org uuid not null default gen_random_uuid(); alter table content_projects alter column org drop default", "public.content_projects.org is NOT NULL"),
    "a table of somebody's in schema outbox": ("postgres", "create schema outbox; create table outbox.messages (id int)", "outbox.messages: it is somebody else's"),
    "a table of our name in schema outbox": ("postgres", "create schema outbox; create table outbox.parked (id int)", 'column "outbox_id" does not exist'),
    "a helper of our name": ("postgres", "create schema content_access; create function content_access.current_mind_id() returns int language sql as 'select 1'", "cannot change return type"),
    "two rows of one name": ("postgres", B.replace("slug text not null unique, title", "slug text not null, title") + "insert into contents (slug, title, content_type) values ('curso--1', 'x', 'other')", "curso--1"),
    "orphans": ("postgres", B.replace("project_id uuid references public.content_projects (id)", "project_id uuid") + "update contents set project_id = gen_random_uuid()", "is not present in table"),
    "a constraint of our name": ("postgres", B + "alter table content_projects add constraint content_projects_creator_mind_id_fkey check (true)", "already exists"),
    "minds of another owner": ("supabase_admin", "set role postgres;" + B + "reset role; alter table minds owner to supabase_admin", "must be owner of table minds"),
    "a view that could not be given back": ("supabase_admin", "set role postgres;" + B + "reset role; alter view v_contents_with_creators owner to supabase_admin", "it could not be taken back"),
    "a history of another owner": ("supabase_admin", "create schema supabase_migrations; create table supabase_migrations.schema_migrations (version text primary key); grant usage on schema supabase_migrations to postgres; grant select on supabase_migrations.schema_migrations to postgres", "must be owner of table schema_migrations"),
    "an event trigger that refuses": ("supabase_admin", "create function public.no() returns event_trigger language plpgsql as $$ begin raise exception 'frozen until Monday'; end $$; create event trigger frozen on ddl_command_start execute function public.no()", "frozen until Monday"),
}  # fmt: skip


def prepared(database: Database, whom: str, statements: str) -> None:
    dsn = database.admin_dsn if whom == "supabase_admin" else database.dsn
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statements.encode())


@pytest.mark.parametrize("name", STOPS)
def test_a_dry_run_foresees_what_stops_the_run(empty_database: Database, name: str) -> None:
    """Both refuse with its name, and neither leaves anything."""
    whom, statements, named = STOPS[name]
    prepared(empty_database, whom, statements)
    before = catalogue(empty_database.dsn)
    for dry_run in (True, False):
        with pytest.raises(NotReadyError, match="nothing was touched") as refusal:
            migrate(empty_database.dsn, "up", backups=None, dry_run=dry_run)
        assert named in str(refusal.value)
    assert catalogue(empty_database.dsn) == before


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_every_text_is_refused(
    server: object, empty_database: Database, encoding: str
) -> None:
    """Its encoding is named, and the way out."""
    with psycopg.connect(empty_database.admin_dsn, autocommit=True) as admin:
        name = f"{empty_database.name}_{encoding.lower()}"
        admin.execute(f"create database {name} owner postgres template template0 encoding '{encoding}' locale 'C'")
        try:
            dsn = empty_database.dsn.replace(f"/{empty_database.name}", f"/{name}")
            with pytest.raises(NotReadyError, match=f"the database is in {encoding}"):
                migrate(dsn, "up", backups=None, dry_run=True)
        finally:
            admin.execute(f"drop database {name} with (force)")


def test_a_history_with_versions_alone_is_read_and_completed(empty_database: Database) -> None:
    """An older tool's table has neither names nor statements."""
    prepared(
        empty_database,
        "postgres",
        "create schema supabase_migrations; create table supabase_migrations.schema_migrations (version text primary key);"
        "insert into supabase_migrations.schema_migrations values ('20200101000000')",
    )
    assert migrate(empty_database.dsn, "up", backups=None, dry_run=True).planned == load()
    assert migrate(empty_database.dsn, "up", backups=None).findings == ()
    with connect(empty_database.dsn) as connection:
        assert next(str(step.state) for step in read_plan(connection, load()).steps) == "foreign"


def test_a_lock_that_is_held_stops_the_run_before_it_begins(database: Database) -> None:
    """Who holds it is named; the trial asked a few times and left nothing."""
    migrate(database.dsn, "down", backups=None, steps=3)
    pauses: list[float] = []
    with psycopg.connect(database.dsn, application_name="report of Bruno") as other:
        other.execute("lock table contents in access exclusive mode")
        with connect(database.dsn) as connection:
            plan = read_plan(connection, load())
            trial = try_out(
                connection, plan.pending, "up", applied=[m.version for m in plan.applied], pause=pauses.append
            )
    assert len(pauses) == 3
    assert "report of Bruno" in trial.stopped_by[0]


def test_a_trial_that_takes_too_long_is_undecided(database: Database) -> None:
    """Large tables are not locked for longer than said; the rest of the checks stand."""
    with connect(database.dsn) as connection:
        slow = load()[0].__class__(version="20260301000000", name="slow", sql="select pg_sleep(100)", rollback="")
        trial = try_out(connection, [slow], "up", applied=[], longest_seconds=0.2)
        assert "given up after" in trial.undecided
        assert trial.stopped_by == ()
        assert connection.execute("select 1").fetchone() == (1,)


def test_with_nothing_to_do_a_dry_run_warns_of_nothing(database: Database) -> None:
    """Not of our own policies, nor of locks, nor of a backup that nobody needs."""
    with psycopg.connect(database.dsn) as other:
        other.execute("select count(*) from contents")
        for backups in (None,):
            report = migrate(database.dsn, "up", backups=backups, dry_run=True)
            assert [check for check in report.checks if check.outcome is not Outcome.OK] == []
            assert report.planned == ()


def test_a_dry_run_warns_of_what_happens_and_of_nothing_else(empty_database: Database) -> None:
    """What is set aside is read from the trial: theirs, never ours; and the audit says beforehand what will not hold."""
    prepared(empty_database, "postgres", B)
    report = migrate(empty_database.dsn, "up", backups=None, dry_run=True)
    told = {check.name: check.found for check in report.checks if check.outcome is Outcome.WARNING}
    assert '"Anyone can insert audiences" on public.audience_profiles' in told["policies"]
    assert "view public.v_contents_with_creators" in told["policies"]
    assert "anon" in told["rights"]
    assert "public.contents" in told["row level security"]
    assert {one.name for one in report.findings if one.severity is Severity.ERROR} == set()
    after = migrate(empty_database.dsn, "up", backups=None)
    assert [one.name for one in after.findings] == [one.name for one in report.findings]


VIEW = """
drop view v_contents_with_creators;
create view v_contents_with_creators with (security_barrier = true, security_invoker = false) as
select c.id, c.title, c.content, 'x'::text as extra from contents as c where c.status <> 'archived' with local check option;
comment on view v_contents_with_creators is 'O catálogo "de antes"';
comment on column v_contents_with_creators.title is 'título';
alter view v_contents_with_creators alter column title set default 'sem título';
revoke all on v_contents_with_creators from public, anon, authenticated, service_role;
grant select on v_contents_with_creators to anon;
grant select, insert on v_contents_with_creators to authenticated with grant option;
grant update (title) on v_contents_with_creators to service_role;
create function on_write() returns trigger language plpgsql as 'begin return new; end';
create trigger written instead of update on v_contents_with_creators for each row execute function on_write();
"""
_OF_THE_VIEW = """
    select pg_get_viewdef(c.oid), c.reloptions, c.relowner::regrole::text, obj_description(c.oid, 'pg_class'),
        (select array_agg(x::text order by x::text) from unnest(c.relacl) as x),
        (select array_agg(a.attname || coalesce(a.attacl::text, '') || coalesce(col_description(c.oid, a.attnum), '') order by a.attnum)
            from pg_attribute as a where a.attrelid = c.oid and a.attnum > 0),
        (select array_agg(pg_get_triggerdef(t.oid)) from pg_trigger as t where t.tgrelid = c.oid),
        (select array_agg(pg_get_expr(d.adbin, d.adrelid)) from pg_attrdef as d where d.adrelid = c.oid)
    from pg_class as c where c.oid = 'public.v_contents_with_creators'::regclass"""


def of_the_view(database: Database) -> list[tuple[object, ...]]:
    with psycopg.connect(database.dsn) as connection:
        return connection.execute(_OF_THE_VIEW).fetchall()


@pytest.fixture
def with_a_view(any_empty_database: Database) -> Database:
    prepared(any_empty_database, "postgres", B)
    prepared(any_empty_database, "postgres", VIEW.replace(" with local check option", ""))
    return any_empty_database


def test_a_view_that_was_replaced_comes_back_as_it_was(with_a_view: Database) -> None:
    """Its text, options, owner, comments, defaults, triggers and every right, on both servers and in both modes of grants."""
    before = of_the_view(with_a_view)
    migrate(with_a_view.dsn, "up", backups=None)
    assert of_the_view(with_a_view) != before
    migrate(with_a_view.dsn, "down", backups=None, steps=99)
    assert of_the_view(with_a_view) == before


def test_a_run_goes_down_only_where_it_can(database: Database) -> None:
    """A rollback is tried as well: somebody built upon the view."""
    prepared(database, "postgres", "create view public.dep as select id from v_contents_with_creators")
    steps = len(load()) - next(n for n, one in enumerate(load()) if one.name == "creators_view")
    with pytest.raises(MigrateError, match=r"nothing was touched[^$]*view dep depends on view"):
        migrate(database.dsn, "down", backups=None, steps=steps)
    with connect(database.dsn) as connection:
        assert read_plan(connection, load()).pending == ()
