"""The tricks: a class of attack, who tries it, and the statements.

The classes are those of published advisories and write-ups about PostgreSQL and Supabase, in words of our own; `*` as the role stands for
each role of the API and the worker's.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tests.attacks.field import (
    AUDIENCE_ANA,
    AUDIENCE_BRUNO,
    COMING,
    DRAFT_ANA,
    DRAFT_BRUNO,
    MIND_ANA,
    MIND_BRUNO,
    MIND_DORA,
    OUTBOX,
    PROJECT_ANA,
    PROJECT_BRUNO,
    PUBLISHED_BRUNO,
)

EVERYBODY = ("anon", "ana", "service_role", "outbox_worker")


class Trick(NamedTuple):
    kind: str
    who: str
    statements: tuple[str, ...]


# Every helper, called with ids of the victims where it takes any.
_CALLS = (
    "select content_access.current_mind_id()", "select content_access.own_project_ids()",
    "select content_access.readable_project_ids()", "select content_access.authored_content_ids()",
    "select content_access.readable_audience_ids()", "select content_access.adoptable_audience_ids()",
    f"select content_access.aims_at('{AUDIENCE_BRUNO}')", f"select content_access.knows_mind('{MIND_BRUNO}')",
    f"select content_access.sees_mind('{MIND_BRUNO}')", "select content_access.sees_tag(1)",
    f"select content_access.is_in_project('{DRAFT_BRUNO}', '{PROJECT_BRUNO}')",
    f"update content_projects set name = 'a', target_audience_id = '{AUDIENCE_ANA}', persona_mind_id = '{MIND_ANA}' where id = '{PROJECT_ANA}'",
    f"insert into contents (slug, title, content_type, project_id, parent_content_id) values ('curso-a--9', 'a', 'other', '{PROJECT_ANA}', '{DRAFT_ANA}')",
    f"delete from content_projects where id = '{PROJECT_ANA}'",
    "select count(*) from contents", "insert into audience_profiles (slug, name) values ('mine', 'mine')",
)  # fmt: skip
_LOOT = (
    "create temp table loot (it text)", "grant all on loot to public",
    """create function pg_temp.steal() returns boolean language plpgsql as $$ begin
    insert into pg_temp.loot select current_user || u.email from auth.users u; return true;
    exception when insufficient_privilege then return true; end $$""",
)  # fmt: skip


def _planted() -> Iterator[Trick]:
    """Something of the caller's stands where a function with its owner's rights looks."""
    for who in EVERYBODY:
        for planted in ("jsonb", "uuid", "text", "bool", "timestamptz", "name", "regclass"):
            domain = (*_LOOT, f"create domain pg_temp.{planted} as pg_catalog.{planted} check (pg_temp.steal())")
            yield Trick(f"a type {planted} in pg_temp", who, (*domain, *_CALLS))
            first = (*domain, "set local search_path = pg_temp, pg_catalog, public")
            yield Trick(f"a type {planted} in pg_temp, which stands first in the path", who, (*first, *_CALLS))
        for table in (
            "user_profiles",
            "content_projects",
            "contents",
            "content_minds",
            "audience_profiles",
            "minds",
            "tags",
        ):
            columns = "id uuid, mind_id uuid, content_id uuid, creator_mind_id uuid, persona_mind_id uuid, target_audience_id uuid, project_id uuid, role text"
            yield Trick(
                f"a table {table} in pg_temp", who,
                (
                    f"create temp table {table} ({columns})",
                    f"insert into pg_temp.{table} select '{who}', '{MIND_BRUNO}', '{DRAFT_BRUNO}', '{MIND_ANA}', '{MIND_ANA}', '{AUDIENCE_BRUNO}', '{PROJECT_BRUNO}', 'author'",
                    "set local search_path = pg_temp, public",
                    *_CALLS,
                    "select * from public.contents", "select * from public.audience_profiles",
                ),
            )  # fmt: skip
        yield Trick(
            "operators and functions in pg_temp, which stands first in the path", who,
            (
                *_LOOT,
                "create function pg_temp.equal(uuid, uuid) returns boolean language sql as 'select pg_temp.steal()'",
                "create operator pg_temp.= (leftarg = uuid, rightarg = uuid, function = pg_temp.equal)",
                "create function pg_temp.uid() returns uuid language sql as 'select null::uuid from (select pg_temp.steal()) as s'",
                "create function pg_temp.current_setting(text, boolean) returns text language sql as 'select (pg_temp.steal())::text'",
                "create function pg_temp.now() returns timestamptz language sql as 'select null::timestamptz from (select pg_temp.steal()) as s'",
                "set local search_path = pg_temp, pg_catalog, public",
                *_CALLS,
            ),
        )  # fmt: skip
        yield Trick(
            "a view in pg_temp over what its owner may read", who,
            ("create temp view all_of_it as select * from auth.users", "select * from pg_temp.all_of_it",
             "create temp view drafts with (security_invoker = false) as select * from public.contents", "select * from pg_temp.drafts where status = 'draft' and slug like 'curso-b%'"),
        ) if who in {"anon", "ana"} else Trick("a view in pg_temp over auth.users", who, ("create temp view u as select * from auth.users", "select * from pg_temp.u"))  # fmt: skip
        yield Trick(
            "rows that are changed by a foreign key run triggers as the owner", who,
            (*_LOOT, "create domain pg_temp.timestamptz as pg_catalog.timestamptz check (pg_temp.steal())",
             f"delete from content_projects where id = '{PROJECT_ANA}'", f"delete from contents where id = '{DRAFT_ANA}'"),
        )  # fmt: skip


_LEAKY = (
    "create function pg_temp.tell(text) returns boolean language plpgsql cost 0.0000001 as "
    "$$ begin raise notice 'seen: %', $1; return true; end $$"
)
_HIDDEN = {
    "a cheap function in WHERE, run before the policy": (_LEAKY, "select 1 from contents where pg_temp.tell(title)", "select 1 from audience_profiles where pg_temp.tell(name)"),
    "an error that quotes the value": ("select 1 from contents where title::int = 1", "select 1 from content_projects where 1 / (length(name) - length(name)) = 1 and name::int = 2"),
    "a join that compares with a leaky operator": (
        _LEAKY, "create function pg_temp.leaky(text, text) returns boolean language plpgsql cost 0.0000001 as $$ begin raise notice '% %', $1, $2; return false; end $$",
        "create operator pg_temp.<<< (leftarg = text, rightarg = text, function = pg_temp.leaky, restrict = scalarltsel)",
        "explain select 1 from contents where title operator(pg_temp.<<<) 'a'", "select 1 from contents where title operator(pg_temp.<<<) 'a'",
    ),
    "planner statistics": ("select * from pg_stats where tablename in ('contents', 'audience_profiles', 'content_projects', 'minds')", "select stavalues1::text from pg_statistic", "select * from pg_stats_ext_exprs"),
    "INSERT … ON CONFLICT … RETURNING": (
        f"insert into contents (slug, title, content_type, project_id) values ('curso-b--1', 'a', 'other', '{PROJECT_ANA}') on conflict (slug) do update set title = contents.title returning *",
        f"insert into contents (slug, title, content_type, project_id) values ('curso-b--1', 'a', 'other', '{PROJECT_ANA}') on conflict (slug) do update set project_id = '{PROJECT_ANA}'",
        "insert into audience_profiles (slug, name) values ('publico-b', 'a') on conflict (slug) do update set creator_mind_id = content_access.current_mind_id() returning *",
    ),
    "MERGE": (
        f"merge into contents as t using (select '{DRAFT_BRUNO}'::uuid as id) as s on t.id = s.id when matched then update set title = 'taken'",
        f"merge into contents as t using (select '{DRAFT_BRUNO}'::uuid as id) as s on t.id = s.id when matched then delete",
        f"merge into contents as t using (select 'curso-b--1' as slug) as s on t.slug = s.slug when matched then do nothing when not matched then insert (slug, title, content_type, project_id) values ('curso-b--1', 'x', 'other', '{PROJECT_ANA}')",
    ),
    "UPDATE and DELETE that return": ("update contents set title = title where status = 'draft' and project_id is distinct from null returning *", "delete from contents where title <> 'a' and title <> 'seen by all' returning *", f"update contents set title = 'x' from audience_profiles a where contents.id = '{DRAFT_BRUNO}' returning a.*"),
    "rows that are hidden, by their system columns, locks and samples": ("select ctid, xmin, tableoid from contents where title like 'secret%'", "select * from contents tablesample system (100) where status = 'draft' and slug like 'curso-b%'", "select * from contents where slug = 'curso-b--1' for update", "select contents from contents where status = 'draft' and slug like 'curso-b%'", "declare c cursor for select * from contents where slug = 'curso-b--1'", "fetch all from c"),
    "copying a whole table": ("copy contents to stdout", "copy (select * from contents where slug = 'curso-b--1') to '/tmp/loot'", "table content_projects"),
    "row security switched off": ("set local row_security = off", "select * from contents", "select * from audience_profiles", "set session_replication_role = replica", "update contents set title = 'x'"),
    "settings that change how SQL is read": ("set local transform_null_equals = on", "set local standard_conforming_strings = off", "set local backslash_quote = on", "set local plan_cache_mode = force_generic_plan", "select * from contents where status = 'draft'", "select * from audience_profiles"),
    "claims that are no JSON, or not of a user": ("set local request.jwt.claims = 'x'", "select * from contents", "set local request.jwt.claims = '{\"role\":\"service_role\"}'", "select * from contents", "set local request.jwt.claims = '[]'", "select * from content_projects", "set local request.jwt.claims = '{\"sub\":null}'", "select * from audience_profiles", f"select * from contents where id = '{DRAFT_BRUNO}'"),
    "the view of contents": ("select * from v_contents_with_creators", "select * from v_contents_with_creators where status = 'draft'", "update v_contents_with_creators set title = 'x'", "insert into v_contents_with_creators (slug) values ('x')"),
    "what the helpers tell of others": (f"select content_access.aims_at('{AUDIENCE_BRUNO}') or content_access.knows_mind('{MIND_DORA}') or content_access.is_in_project('{DRAFT_BRUNO}', '{PROJECT_BRUNO}') or content_access.sees_mind('{MIND_DORA}')", "select content_access.touch_updated_at()", "select content_access.own_project_ids()"),
}  # fmt: skip

_POINTING = {
    "aiming at somebody's audience, on insert": (f"insert into content_projects (slug, name, creator_mind_id, target_audience_id) values ('aim', 'x', '{MIND_ANA}', '{AUDIENCE_BRUNO}')", "select * from audience_profiles"),
    "aiming at somebody's audience, on update": (f"update content_projects set target_audience_id = '{AUDIENCE_BRUNO}' where id = '{PROJECT_ANA}'", "select * from audience_profiles", f"update audience_profiles set name = 'x' where id = '{AUDIENCE_BRUNO}'"),
    "naming a hidden mind as persona": (f"update content_projects set persona_mind_id = '{MIND_DORA}' where id = '{PROJECT_ANA}'", f"insert into content_projects (slug, name, creator_mind_id, persona_mind_id) values ('p', 'x', '{MIND_ANA}', '{MIND_DORA}')"),
    "naming a hidden mind as author": (f"insert into content_minds (content_id, mind_id, role) values ('{DRAFT_ANA}', '{MIND_DORA}', 'author')", f"insert into content_minds (content_id, mind_id, role) values ('{DRAFT_ANA}', '{MIND_ANA}', 'author')", f"update content_minds set mind_id = '{MIND_DORA}' where content_id = '{DRAFT_ANA}'"),
    "a lesson below a stranger's, on insert": (f"insert into contents (slug, title, content_type, project_id, parent_content_id) values ('below', 'x', 'course_lesson', '{PROJECT_ANA}', '{PUBLISHED_BRUNO}')",),
    "a lesson below a stranger's, on update": (f"update contents set parent_content_id = '{PUBLISHED_BRUNO}' where id = '{DRAFT_ANA}'", f"update contents set parent_content_id = '{DRAFT_BRUNO}' where id = '{DRAFT_ANA}'", f"update contents set parent_content_id = '{DRAFT_ANA}' where id = '{DRAFT_ANA}'"),
    "a lesson below another project of one's own": (f"insert into content_projects (slug, name, creator_mind_id) values ('second', 'x', '{MIND_ANA}')", f"insert into contents (slug, title, content_type, project_id, parent_content_id) select 'across', 'x', 'course_lesson', id, '{DRAFT_ANA}' from content_projects where slug = 'second'"),
    "a content moved into somebody's project": (f"update contents set project_id = '{PROJECT_BRUNO}' where id = '{DRAFT_ANA}'", f"insert into contents (slug, title, content_type, project_id) values ('into', 'x', 'other', '{PROJECT_BRUNO}')"),
    "a content without a project": ("insert into contents (slug, title, content_type, status) values ('loose', 'x', 'other', 'published')", f"update contents set project_id = null where id = '{PUBLISHED_BRUNO}'"),
    "somebody's content taken into one's own project": (f"update contents set project_id = '{PROJECT_ANA}' where slug like 'curso-b%'", f"insert into content_minds (content_id, mind_id, role) values ('{PUBLISHED_BRUNO}', '{MIND_ANA}', 'author')", f"insert into content_tags (content_id, tag_id) select '{PUBLISHED_BRUNO}', id from tags"),
    "a project given away, or made in somebody's name": (f"update content_projects set creator_mind_id = '{MIND_BRUNO}' where id = '{PROJECT_ANA}'", f"insert into content_projects (slug, name, creator_mind_id) values ('his', 'x', '{MIND_BRUNO}')", "insert into content_projects (slug, name) values ('nobody', 'x')", f"insert into audience_profiles (slug, name, creator_mind_id) values ('his', 'x', '{MIND_BRUNO}')"),
    "another's mind taken on": (f"update user_profiles set mind_id = '{MIND_BRUNO}'", "update user_profiles set mind_id = null", "insert into user_profiles (id) values (gen_random_uuid())", "update minds set privacy_level = 'public'", "insert into minds (slug, display_name) values ('new', 'x')", "delete from minds"),
}  # fmt: skip

_RELAYS = {
    "the id of a coming lesson": (f"insert into contents (id, slug, title, content_type, project_id) values ('{COMING}', 'x', 'x', 'other', '{PROJECT_ANA}')", f"update contents set id = '{COMING}' where id = '{DRAFT_ANA}'", f"insert into content_projects (id, slug, name, creator_mind_id) values ('{COMING}', 'x', 'x', '{MIND_ANA}')", f"insert into audience_profiles (id, slug, name) values ('{COMING}', 'x', 'x')"),
    "a stamp from the future": tuple(
        statement
        for stamp in ("ffffffff-ffff-ffff-ffff-ffffffffffff", "ffffffff-ffff-7fff-bfff-ffffffffffff")
        for statement in (
            f"insert into contents (slug, title, content_type, project_id, last_event_id) values ('x', 'x', 'other', '{PROJECT_ANA}', '{stamp}')",
            f"update contents set last_event_id = '{stamp}' where id = '{DRAFT_ANA}'",
            f"insert into content_projects (slug, name, creator_mind_id, last_event_id) values ('x', 'x', '{MIND_ANA}', '{stamp}')",
            f"insert into audience_profiles (slug, name, last_event_id) values ('x', 'x', '{stamp}')",
            f"insert into content_minds (content_id, mind_id, role, last_event_id) values ('{DRAFT_ANA}', '{MIND_ANA}', 'guest', '{stamp}')",
            f"insert into content_tags (content_id, tag_id, last_event_id) select '{DRAFT_ANA}', id, '{stamp}' from tags",
        )
    ),
    "a stamp by way of a column list, a row or a record": (
        f"update contents set (title, last_event_id) = ('x', '{COMING}') where id = '{DRAFT_ANA}'",
        f"insert into contents select * from jsonb_populate_record(null::contents, '{{\"id\": \"{COMING}\", \"slug\": \"x\", \"title\": \"x\", \"content_type\": \"other\", \"project_id\": \"{PROJECT_ANA}\"}}')",
        "insert into contents default values returning 'secret-of-auth'",
    ),
    "when something was made, and by what": (f"update contents set created_at = '1970-01-01' where id = '{DRAFT_ANA}' returning 'secret-of-auth'", f"update contents set generation_execution_id = null where id = '{DRAFT_ANA}' returning 'secret-of-auth'", f"update content_projects set created_at = now() where id = '{PROJECT_ANA}' returning 'secret-of-auth'"),
}  # fmt: skip

_ESCALATION = {
    "becoming somebody else": ("set role postgres", "set role supabase_admin", "set role service_role", "set role outbox_worker", "create role x superuser", "alter role authenticator superuser", "grant postgres to current_user", "alter role outbox_worker bypassrls", "alter role outbox_worker password null", "select * from auth.users", "select * from outbox.parked"),
    "passwords, other sessions and files of the server": ("select * from pg_authid", "select * from pg_shadow", "select query from pg_stat_activity where usename <> current_user and query like '%secret%'", "select pg_read_file('/etc/passwd')", "select pg_ls_dir('.')", "select lo_import('/etc/passwd')", "copy auth.users to program 'cat'", "create temp table f (l text)", "copy f from '/etc/passwd'", "copy f from program 'id'", "select * from pg_hba_file_rules", "select pg_reload_conf()", "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres'"),
    "extensions, languages and foreign servers": ("create extension postgres_fdw", "create extension dblink", "create extension file_fdw", "create extension adminpack", "create server s foreign data wrapper postgres_fdw", "load 'plpgsql'", "do language plpythonu $$ $$", "create language plpython3u", "create function pg_temp.c() returns int language c as 'x'"),
    "replication and publications": ("create publication p for table contents", "create publication p for all tables", "create subscription s connection 'dbname=x' publication p", "select pg_create_logical_replication_slot('s', 'test_decoding')", "select * from pg_logical_slot_get_changes('s', null, null)", "alter publication supabase_realtime add table contents"),
    "code that others run: triggers, rules, defaults, index expressions": (
        *_LOOT,
        "create trigger t before insert on contents for each row execute function pg_temp.steal()",
        "create rule r as on select to contents do instead select 1", "create rule r as on insert to tags do also delete from minds",
        "create index on contents (pg_temp.steal())", "alter table contents alter column title set default pg_temp.steal()",
        "alter table contents add constraint c check (pg_temp.steal())", "create policy p on contents using (true)", "alter policy contents_read on contents using (true)",
        "create event trigger e on ddl_command_start execute function pg_temp.steal()", "create table public.mine (it text)", "create index on public.mine (pg_temp.steal())",
    ),
    "objects where others look for them": ("create function public.now() returns timestamptz language sql as 'select null::timestamptz'", "create table public.contents2 ()", "create schema mine", "create schema x create view v as select * from auth.users", "create function content_access.current_mind_id() returns uuid language sql as 'select null::uuid'", "create or replace function content_access.current_mind_id() returns uuid language sql security definer as 'select null::uuid'", "create table outbox.mine ()", "create operator public.= (leftarg = uuid, rightarg = uuid, function = uuid_eq)", "create cast (text as uuid) without function", "create collation public.c (locale = 'C')", "create type public.jsonb as (x int)"),
    "rights that are not one's own to give": ("grant all on contents to anon", "grant all on all tables in schema public to public", "grant execute on all functions in schema content_access to anon", "grant usage on schema outbox to anon", "alter default privileges in schema public grant all on tables to anon", "alter default privileges for role postgres grant all on tables to anon", "reassign owned by postgres to current_user", "alter table contents owner to current_user", "alter function content_access.current_mind_id() set search_path = ''", "alter function content_access.own_project_ids() owner to current_user"),
    "row security taken off the table": ("alter table contents disable row level security", "alter table contents no force row level security", "drop policy contents_read on contents", "alter table contents rename to c", "alter view v_contents_with_creators set (security_invoker = false)", "create or replace view v_contents_with_creators as select * from contents", "drop view v_contents_with_creators", "alter table outbox.sources disable row level security"),
    "emptying, maintaining and inheriting tables": ("truncate contents cascade", "truncate tags cascade", "vacuum contents", "cluster contents", "reindex table contents", "create temp table child () inherits (contents)", "alter table contents inherit tags", "comment on table contents is 'made by migration 20260101000000'", "comment on policy contents_read on contents is null", "security label on table contents is 'x'", "create statistics s on title, content from contents"),
    "foreign keys as an oracle": ("create temp table probe (id uuid references contents (id))", "create temp table probe2 (id uuid references auth.users (id))"),
    "large objects and entities of XML": ("select lo_get(oid) from pg_largeobject_metadata", "select * from pg_largeobject", "select xmlparse(document '<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>')", "select query_to_xml('select * from auth.users', true, true, '')", "select database_to_xml(true, true, '')", "select table_to_xml('auth.users', true, true, '')"),
    "the bookkeeping": ("select * from outbox.destination where false", "delete from outbox.sources", "update outbox.destination set schema_version = 9", "insert into outbox.displaced (migration, restores) values ('20260101000510', 'grant all on contents to anon')", "update outbox.displaced set restores = 'drop table contents'", "select * from outbox.displaced", "truncate outbox.parked"),
    "the history and the service's own schemas": ("select * from supabase_migrations.schema_migrations", "delete from supabase_migrations.schema_migrations", "insert into supabase_migrations.schema_migrations values ('x')", "insert into auth.users (id) values (gen_random_uuid())", "update auth.users set email = 'x'", "create or replace function auth.uid() returns uuid language sql as 'select null::uuid'"),
}  # fmt: skip

_WORKERS = {
    "the tags of others": ("update tags set name = 'x'", "update tags set tag_type = 'x'", "delete from tags", "insert into tags (name) values ('tema') on conflict (name) do update set tag_type = 'x'"),
    "what the worker never does": ("delete from contents", "delete from content_projects", "delete from audience_profiles", "select * from user_profiles", "select display_name from minds", "update minds set slug = 'x'", "insert into minds (slug, display_name) values ('x', 'x')", "insert into user_profiles (id) values (gen_random_uuid())", "delete from outbox.sources"),
    "a position in somebody's name": (f"update outbox.sources set login = 'postgres' where outbox_id = '{OUTBOX}'", "insert into outbox.sources (outbox_id, login) values (gen_random_uuid(), 'postgres')", "insert into outbox.parked (outbox_id, seq, event_id, state) values (gen_random_uuid(), 1, gen_random_uuid(), 'parked')"),
}  # fmt: skip

_AUTHENTICATORS = {
    "a plan that was made as another role": ("set local role service_role", "prepare p as select * from contents", "execute p", "set local role anon", "execute p"),
    "a cursor that was opened as another role": ("set local role anon", "declare c cursor for select * from contents", "set local role authenticated", "fetch all from c"),
}  # fmt: skip


def tricks() -> list[Trick]:
    """All of them, for everybody who might try."""
    found = list(_planted())
    for table in (_HIDDEN, _POINTING, _RELAYS):
        found += [Trick(kind, who, statements) for kind, statements in table.items() for who in ("anon", "ana")]
    found += [Trick(kind, who, statements) for kind, statements in _ESCALATION.items() for who in EVERYBODY]
    found += [Trick(kind, "outbox_worker", statements) for kind, statements in _WORKERS.items()]
    return found
