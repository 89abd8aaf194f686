"""A database with victims in it, and a way to attack it as somebody.

Every trick is a list of statements. Each is run by itself, so that what fails does not stop the rest, in one transaction that is
rolled back. Whoever attacks wins if anything that they are shown (rows, errors, notices, their temporary tables) holds the victims'
marker, or if something is different afterwards that is not theirs.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from tests.support.postgres import Database

AUTH = "secret-of-auth"
CONTENT = "secret-of-bruno"
ANA, BRUNO, DORA = (f"{letter}0000000-0000-4000-8000-000000000001" for letter in "abd")
MIND_ANA, MIND_BRUNO, MIND_DORA = (f"{letter}0000000-0000-4000-8000-000000000002" for letter in "abd")
PROJECT_ANA, PROJECT_BRUNO = (f"{letter}0000000-0000-4000-8000-000000000003" for letter in "ab")
AUDIENCE_ANA, AUDIENCE_BRUNO = (f"{letter}0000000-0000-4000-8000-000000000004" for letter in "ab")
DRAFT_ANA, DRAFT_BRUNO = (f"{letter}0000000-0000-4000-8000-000000000005" for letter in "ab")
PUBLISHED_BRUNO = "b0000000-0000-4000-8000-000000000006"
COMING = "c0000000-0000-5000-8000-000000000007"
OUTBOX = "f0000000-0000-4000-8000-000000000008"
STAMP = "01900000-0000-7000-8000-000000000009"

FILL = f"""
insert into auth.users (id, email) values ('{ANA}', 'ana'), ('{BRUNO}', '{AUTH}'), ('{DORA}', 'dora');
insert into minds (id, slug, display_name, privacy_level) values
('{MIND_ANA}', 'ana', 'Ana', 'public'), ('{MIND_BRUNO}', 'bruno', '{CONTENT}', 'private'), ('{MIND_DORA}', 'dora', '{CONTENT}', 'private');
insert into user_profiles (id, mind_id) values ('{ANA}', '{MIND_ANA}'), ('{BRUNO}', '{MIND_BRUNO}'), ('{DORA}', '{MIND_DORA}');
insert into tags (name, tag_type) values ('tema', 'theirs');
insert into audience_profiles (id, slug, name, creator_mind_id) values
('{AUDIENCE_ANA}', 'publico-a', 'a', '{MIND_ANA}'), ('{AUDIENCE_BRUNO}', 'publico-b', '{CONTENT}', '{MIND_BRUNO}');
insert into content_projects (id, slug, name, creator_mind_id, target_audience_id) values
('{PROJECT_ANA}', 'curso-a', 'a', '{MIND_ANA}', null), ('{PROJECT_BRUNO}', 'curso-b', '{CONTENT}', '{MIND_BRUNO}', '{AUDIENCE_BRUNO}');
insert into contents (id, slug, title, content, content_type, status, project_id, last_event_id) values
('{DRAFT_ANA}', 'curso-a--1', 'a', 'a', 'course_lesson', 'draft', '{PROJECT_ANA}', null),
('{DRAFT_BRUNO}', 'curso-b--1', '{CONTENT}', '{CONTENT}', 'course_lesson', 'draft', '{PROJECT_BRUNO}', '{STAMP}'),
('{PUBLISHED_BRUNO}', 'curso-b--2', 'seen by all', 'seen by all', 'course_lesson', 'published', '{PROJECT_BRUNO}', '{STAMP}');
insert into content_minds (content_id, mind_id, role) values ('{DRAFT_BRUNO}', '{MIND_BRUNO}', 'author');
insert into content_tags (content_id, tag_id) select '{DRAFT_BRUNO}', id from tags;
insert into outbox.sources (outbox_id, applied_seq, applied_event_id, login) values ('{OUTBOX}', 7, '{STAMP}', 'outbox_worker');
insert into outbox.parked (outbox_id, seq, event_id, state, reason) values ('{OUTBOX}', 3, '{STAMP}', 'parked', '{CONTENT}');
analyze;
"""

# What nobody who attacks may change.
_CATALOGUE = f"""
select jsonb_build_object(
    'roles', (select jsonb_agg(to_jsonb(r) order by r.rolname) from pg_roles r),
    'members', (select jsonb_agg((m.roleid::regrole, m.member::regrole)::text order by 1) from pg_auth_members m),
    'rights', (select jsonb_agg((c.oid::regclass, c.relacl, c.relowner, c.relrowsecurity)::text order by c.oid)
               from pg_class c join pg_namespace n on n.oid = c.relnamespace
               where n.nspname in ('public', 'outbox', 'content_access', 'auth', 'supabase_migrations') and c.relpersistence = 'p'),
    'columns', (select jsonb_agg((a.attrelid::regclass, a.attname, a.attacl)::text order by a.attrelid, a.attnum) from pg_attribute a where a.attacl is not null),
    'policies', (select jsonb_agg(to_jsonb(p) order by p.schemaname, p.tablename, p.policyname) from pg_policies p),
    'functions', (select jsonb_agg((f.oid::regprocedure, f.prosrc, f.proconfig, f.proacl, f.proowner)::text order by f.oid)
                  from pg_proc f where f.pronamespace in (select oid from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema')),
    'schemas', (select jsonb_agg((nspname, nspacl, nspowner)::text order by nspname) from pg_namespace where nspname !~ '^pg_(toast_)?temp'),
    'triggers', (select jsonb_agg((tgrelid::regclass, tgname)::text order by 1) from pg_trigger where not tgisinternal),
    'users', (select jsonb_agg(to_jsonb(u) order by u.id) from auth.users u),
    'destination', (select jsonb_agg(to_jsonb(d)) from outbox.destination d),
    'displaced', (select count(*) from outbox.displaced),
    'history', (select count(*) from supabase_migrations.schema_migrations),
    'minds', (select jsonb_agg(to_jsonb(m) order by m.id) from minds m where m.id <> '{MIND_ANA}'),
    'profiles', (select jsonb_agg(to_jsonb(p) order by p.id) from user_profiles p),
    'tags', (select jsonb_agg(to_jsonb(t) order by t.id) from tags t)
)::text"""
_VICTIMS = f"""
select jsonb_build_object(
    'projects', (select jsonb_agg(to_jsonb(p)) from content_projects p where p.creator_mind_id is distinct from '{MIND_ANA}'),
    'audiences', (select jsonb_agg(to_jsonb(a)) from audience_profiles a where a.creator_mind_id is distinct from '{MIND_ANA}'),
    'contents', (select jsonb_agg(to_jsonb(c) order by c.id) from contents c where c.project_id is distinct from '{PROJECT_ANA}' and c.slug !~ '^curso-a'),
    'minds', (select jsonb_agg(to_jsonb(m)) from content_minds m join contents c on c.id = m.content_id where c.project_id is distinct from '{PROJECT_ANA}'),
    'links', (select jsonb_agg(to_jsonb(t)) from content_tags t join contents c on c.id = t.content_id where c.project_id is distinct from '{PROJECT_ANA}'),
    'named', (select jsonb_agg(to_jsonb(m)) from content_minds m where m.mind_id <> '{MIND_ANA}'),
    'aims', (select jsonb_agg(to_jsonb(p)) from content_projects p where p.target_audience_id = '{AUDIENCE_BRUNO}' or p.persona_mind_id = '{MIND_DORA}'),
    'children', (select jsonb_agg(to_jsonb(c) order by c.id) from contents c join contents p on p.id = c.parent_content_id where p.project_id is distinct from c.project_id),
    'stamps', (select count(*) from contents c where c.last_event_id is not null),
    'ids', (select count(*) from contents c where c.id = '{COMING}'),
    'sources', (select jsonb_agg(to_jsonb(s)) from outbox.sources s),
    'parked', (select jsonb_agg(to_jsonb(k)) from outbox.parked k),
    'removed', (select count(*) from outbox.removed_links)
)::text"""


_before: dict[str, dict[str, str]] = {}


@dataclass(slots=True)
class Seen:
    """What an attacker was shown, and what is different afterwards."""

    shown: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    went_through: list[str] = field(default_factory=list)

    def holds(self, marker: str) -> bool:
        return any(marker in one for one in self.shown)


@contextmanager
def acting(connection: psycopg.Connection, who: str) -> Iterator[None]:
    """Become somebody as the service makes them: the login first, then the role, then the claims of the request."""
    login = who if who.startswith("outbox_worker") else "authenticator"
    connection.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(login)))
    if login == "authenticator" and who != "authenticator":
        role = {"anon": "anon", "service_role": "service_role"}.get(who, "authenticated")
        claims = {"role": role} | (
            {"sub": {"ana": ANA, "bruno": BRUNO, "dora": DORA}[who]} if role == "authenticated" else {}
        )
        connection.execute(
            "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)",
            (role, json.dumps(claims)),
        )
    yield


def attack(database: Database, who: str, statements: Sequence[str]) -> Seen:
    """Run a trick as somebody, and look at what came of it."""
    seen = Seen()
    with psycopg.connect(database.admin_dsn) as connection:
        connection.add_notice_handler(lambda notice: seen.shown.append(str(notice.message_primary)))
        # Nothing that is tried is kept, so that one look is enough for each database.
        before = _before.get(database.name) or _before.setdefault(database.name, _state(connection))
        with acting(connection, who):
            for statement in statements:
                _try(connection, statement, seen)
        connection.execute("set local session authorization default")
        connection.execute("set local role none")
        connection.execute("set local row_security = on")
        # Nothing that was planted may be met by whoever looks.
        connection.execute("set local search_path = pg_catalog, public, pg_temp")
        _plunder(connection, seen)
        after = _state(connection)
        seen.changed += [name for name, value in after.items() if before[name] != value]
        connection.rollback()
    return seen


def _try(connection: psycopg.Connection, statement: str, seen: Seen) -> None:
    connection.execute("savepoint trick")
    try:
        if statement.endswith("to stdout"):
            with connection.cursor().copy(statement.encode()) as copied:
                seen.shown += [bytes(block).decode() for block in copied]
            return
        cursor = connection.execute(statement.encode())
        while True:
            if cursor.description is not None:
                seen.shown += [str(row) for row in cursor.fetchmany(1000)]
            if not cursor.nextset():
                break
        seen.went_through.append(statement)
        connection.execute("release savepoint trick")
    except psycopg.Error as error:
        diag = error.diag
        seen.shown += [
            str(one) for one in (diag.message_primary, diag.message_detail, diag.message_hint, diag.context) if one
        ]
        connection.execute("rollback to savepoint trick")


def _plunder(connection: psycopg.Connection, seen: Seen) -> None:
    """What the attacker has put aside in temporary tables."""
    tables = connection.execute(
        "select oid::regclass::text from pg_class where relpersistence = 't' and relkind = 'r'"
    ).fetchall()
    for (table,) in tables:
        with connection.transaction():
            seen.shown += [str(row) for row in connection.execute(f"select to_jsonb(t)::text from {table} t".encode())]


def _state(connection: psycopg.Connection) -> dict[str, str]:
    found: dict[str, str] = {}
    connection.execute("set local search_path = pg_catalog, public, pg_temp")
    for statement in (_CATALOGUE, _VICTIMS):
        row = connection.execute(statement.encode()).fetchone()
        assert row is not None
        found |= {name: json.dumps(value, sort_keys=True) for name, value in json.loads(row[0]).items()}
    connection.execute("reset search_path")
    return found
