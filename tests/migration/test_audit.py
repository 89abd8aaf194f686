import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from tests.support.holes import HOLES
from tests.support.postgres import Database, Server
from tests.support.schema import BROWNFIELD
from worker.migrate import Finding, Severity, apply_all, audit, connect, load, read_plan
from worker.migrate.apply import run_file
from worker.migrate.audit import promised
from worker.migrate.facts import FILE, Shipped, shipped
from worker.migrate.queries import names, query
from worker.migrate.record import record

ROOT = Path(__file__).parents[2]


def audited(database: Database, *mistakes: str) -> dict[str, Finding]:
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        for mistake in mistakes:
            connection.execute(mistake.encode())
    with connect(database.dsn) as connection:
        return {finding.name: finding for finding in audit(connection, read_plan(connection, load()))}


def told(found: tuple[Finding, ...]) -> list[tuple[str, str, str, str, str]]:
    return [
        (str(one.severity), one.name, breach.what, breach.opens, breach.closes)
        for one in found
        for breach in one.breaches
    ]


@pytest.fixture(scope="module", params=["PostgreSQL 18", "PostgreSQL 15"])
def audited_server(request: pytest.FixtureRequest) -> Iterator[psycopg.Connection]:
    """A superuser's session on a migrated database, on both servers; what a test does there is rolled back."""
    server: Server = request.getfixturevalue("server" if request.param == "PostgreSQL 18" else "oldest_server")
    clone = server.clone(server.migrated())
    with psycopg.connect(clone.admin_dsn, autocommit=True) as connection:
        yield connection
    server.drop(clone)


@pytest.mark.parametrize("name", HOLES)
def test_no_hole_passes_in_silence(audited_server: psycopg.Connection, name: str) -> None:
    """Each is told, with what it opens; and the statement that is said to close it does, but for what a person decides."""
    with audited_server.transaction(force_rollback=True):
        audited_server.execute(HOLES[name].encode())
        found = told(audit(audited_server, read_plan(audited_server, load())))
        assert found
        assert all(opens for _, _, _, opens, _ in found)
        if audited_server.info.server_version < 180000:  # it speaks the same SQL: closing once is enough
            return
        by_hand = {row[2] for row in found if not row[4] or row[4].startswith(("--", "worker ", "select "))}
        # A second look shows what the first could not: rights that went with an owner.
        for _ in range(2):
            for closes in dict.fromkeys(row[4] for row in found if row[2] not in by_hand):
                # Two findings may be about one column: whoever drops it has closed the other as well.
                with suppress(psycopg.errors.UndefinedColumn), audited_server.transaction():
                    audited_server.execute(closes.encode())
            found = told(audit(audited_server, read_plan(audited_server, load())))
            if {row[2] for row in found} <= by_hand:
                return
        assert [row for row in found if row[2] not in by_hand] == []


# Named by their owner's will: told, and no reason to exit with 4.
OF_OTHERS = {
    "a role of theirs reads": "create role reporting; grant select on contents to reporting; create policy r on contents for select to reporting using (true)",
    "a trigger of theirs": HOLES["trigger"],
    "a view that asks as its reader": "create view public.peek with (security_invoker = true) as select * from contents; grant select on public.peek to authenticated",
    "a view of theirs that nobody may read": "create view public.peek as select * from contents",
    "a view over their own table": "create table public.own (a int); create view public.peek as select * from public.own; grant select on public.peek to anon",
    "a definer function over their own table": "create table public.own (a int); create function public.f() returns bigint language sql security definer as 'select count(*) from public.own'",
    "a definer function that nobody may call": HOLES["definer default grant"] + "; revoke execute on function public.all_c() from public, anon, authenticated",
    "a trigger function of theirs": "create function public.on_sign_up() returns trigger language plpgsql security definer as 'begin insert into contents values (null); return new; end'",
    "columns of theirs": "alter table contents add column reading_minutes int default 5; create index on contents (reading_minutes); alter table contents add check (reading_minutes > 0)",
    "tables of theirs": "create table public.orders (id int primary key); grant all on public.orders to anon; create policy p on public.orders using (true)",
    "a publication of theirs": "create publication theirs for table contents",
    "an owner who has looked": HOLES["owner view"] + "; comment on view public.peek is 'The public catalogue. outbox: reviewed 2026-11-02 by Ana'; " + HOLES["definer"] + "; comment on function public.all_contents() is 'outbox: reviewed'; " + HOLES["realtime"] + "; comment on publication supabase_realtime is 'outbox: reviewed'",
    "their default privileges": HOLES["default privs public"],
    "a numbered column of theirs": "alter table contents add column number bigint generated by default as identity",
    "a setting of a role of theirs": "alter role authenticated set statement_timeout = '20s'",
}  # fmt: skip


@pytest.mark.parametrize("name", OF_OTHERS)
def test_what_belongs_to_others_is_not_an_error(audited_server: psycopg.Connection, name: str) -> None:
    """The wider system may go on with its own affairs."""
    with audited_server.transaction(force_rollback=True):
        audited_server.execute(OF_OTHERS[name].encode())
        found = told(audit(audited_server, read_plan(audited_server, load())))
        assert [row for row in found if row[0] == "error"] == []


@pytest.mark.parametrize(
    ("mistake", "name", "what", "opens", "closes"),
    [
        ("alter policy contents_read on contents using (true)", "audit_policies", "contents_read on public.contents: create policy contents_read on public.contents as permissive for select to authenticated using (true)", "lets authenticated select other rows than intended", "create policy contents_read on public.contents"),
        ("grant select (title) on contents to anon", "audit_grants", "grant SELECT (title) on table public.contents to anon", "anon may use SELECT (title) on table public.contents, which is not meant", "revoke SELECT (title) on table public.contents from anon;"),
        (HOLES["helper body"], "audit_helpers", "content_access.current_mind_id() is not the one that ships", "policies ask helpers whose a row is: another answer is another owner", "CREATE OR REPLACE FUNCTION content_access.current_mind_id()"),
        (HOLES["owner view"], "audit_owner_views", "view peek reads contents with the rights of supabase_admin, for anon", "anon sees rows around every policy", "alter view peek set (security_invoker = true);"),
        (HOLES["user_profiles insert"], "audit_identity", "authenticated may insert user_profiles.mind_id", "a role that writes another mind there owns its projects", "revoke insert on public.user_profiles from authenticated;"),
        (HOLES["realtime"], "audit_publications", "public.contents is in publication supabase_realtime", "sent to subscribers", "alter publication supabase_realtime drop table public.contents;"),
        (HOLES["schema create public"], "audit_create_rights", "authenticated may create in schema public", "in place of another", "revoke create on schema public from authenticated;"),
    ],
)  # fmt: skip
def test_a_finding_says_what_it_opens_and_what_closes_it(
    database: Database, mistake: str, name: str, what: str, opens: str, closes: str
) -> None:
    """By name, so that an operator can act on the line alone."""
    found = {breach.what: breach for breach in audited(database, mistake)[name].breaches}
    assert opens in found[what].opens
    assert closes in found[what].closes


def test_the_facts_are_those_of_the_files(server: Server, empty_database: Database) -> None:
    """What ships is what the migrations make: `make facts` writes it anew."""
    with psycopg.connect(empty_database.admin_dsn, autocommit=True) as admin:
        roles = [role for role in shipped().roles if role.startswith("outbox")]
        there = admin.execute("select rolname from pg_roles where rolname = any(%s)", (roles,)).fetchall()
    # The roles belong to the whole server, and other tests need them.
    recorded = record(empty_database.dsn, roles=[row[0] for row in there])
    written = Shipped.from_data(json.loads((ROOT / "migrations" / "supabase" / FILE).read_text(encoding="utf-8")))
    assert (recorded.schemas, recorded.tables, recorded.roles) == (written.schemas, written.tables, written.roles)
    assert list(recorded.steps) == list(written.steps)
    every = [migration.version for migration in load()]
    for version in every:
        upto = every[: every.index(version) + 1]
        found, expected = recorded.after(upto), written.after(upto)
        differing = {
            key
            for key in found.keys() | expected.keys()
            if not key[0].startswith("role")
            and (key not in found or key not in expected or found[key][1][0] not in expected[key][1])
        }
        assert differing == set(), f"make facts: {version}"


def test_a_database_that_is_half_way_is_compared_with_half(empty_database: Database) -> None:
    """After some of the files nothing is missed that later ones make, and what stands is compared."""
    half = load()[:-3]
    versions = [migration.version for migration in half]
    with psycopg.connect(empty_database.dsn, autocommit=True) as connection:
        connection.execute(query("create_history").encode())
        for migration in half:
            run_file(connection, migration, "up")
        assert audit(connection, applied=versions) == ()
        connection.execute("grant select on outbox.sources to authenticated")
        assert [finding.name for finding in audit(connection, applied=versions)] == ["audit_grants"]


def test_types_of_before_are_no_drift(empty_database: Database) -> None:
    """Enums, varchars and a smallint: the same policy in the words of another type. A changed one is seen all the same."""
    other = BROWNFIELD.replace("project_type text", "project_type varchar(40)").replace(
        "status text not null default 'planning'", "status varchar(20) not null default 'planning'"
    )
    other = other.replace("tags (id bigserial", "tags (id serial").replace("tag_id bigint", "tag_id int")
    with psycopg.connect(empty_database.dsn, autocommit=True) as connection:
        connection.execute(other.encode())
    apply_all(empty_database.dsn)
    assert {name for name, one in audited(empty_database).items() if one.severity is Severity.ERROR} == set()
    changed = audited(empty_database, "alter policy contents_read on contents using (status <> 'draft')")
    assert changed["audit_policies"].severity is Severity.ERROR


@pytest.mark.parametrize(
    ("change", "name", "what"),
    [
        ("alter table contents alter column metadata type text using null", "audit_column_types", "public.contents.metadata is text, not jsonb"),
        ("alter table contents alter column sequence_order type text", "audit_column_types", "public.contents.sequence_order is text, not integer"),
        ("alter table contents alter column sequence_order set not null, alter column sequence_order set default 0", "audit_unfilled", "public.contents.sequence_order is NOT NULL, and the relay writes null into it if an event leaves it out"),
        ("alter table contents add column extra int not null default 1; alter table contents alter column extra drop default", "audit_unfilled", "public.contents.extra is NOT NULL, has no default, and the relay does not know it"),
        ("alter table content_minds alter column mind_id type text using null", "audit_column_types", "public.content_minds.mind_id is text, not uuid"),
    ],
)  # fmt: skip
def test_a_column_that_cannot_take_what_is_written_is_found(
    empty_database: Database, change: str, name: str, what: str
) -> None:
    """On tables that were there before us, where other types of the same kind are fine."""
    with psycopg.connect(empty_database.admin_dsn, autocommit=True) as connection:
        connection.execute(BROWNFIELD.encode())
        connection.execute(
            "alter table content_minds drop constraint content_minds_mind_id_fkey, drop constraint content_minds_pkey"
        )
        connection.execute(
            "alter table content_minds add unique (content_id, mind_id, role); delete from content_minds"
        )
        connection.execute(change.encode())
    with psycopg.connect(empty_database.admin_dsn, autocommit=True) as connection:
        assert what in {
            breach.what for one in audit(connection, applied=()) if one.name == name for breach in one.breaches
        } or what in {breach.what for one in audit(connection) if one.name == name for breach in one.breaches}


def test_an_index_over_the_whole_text_is_a_warning(database: Database) -> None:
    """It belongs to somebody else, and it will refuse a long transcript."""
    found = audited(database, "create index old on contents using gin (to_tsvector('portuguese', content))")
    assert found["audit_text_index"].severity is Severity.WARNING
    assert found["audit_text_index"].breaches[0].what == "index old covers the whole text"


def test_a_missing_schema_is_an_error_and_not_a_crash(empty_database: Database) -> None:
    """The audit answers on any database."""
    with connect(empty_database.dsn) as connection:
        found = {finding.name: finding for finding in audit(connection)}
    assert found["audit_columns"].severity is Severity.ERROR
    assert any("public.contents.slug is missing" in breach.what for breach in found["audit_columns"].breaches)


def test_every_promise_is_said() -> None:
    """One line each, with its gravity."""
    for name in names("audit_"):
        assert len(promised(name)[1]) > 20
