"""What a database holds, in a form that two moments can be compared in."""

from pathlib import Path
from typing import Any

import psycopg

BROWNFIELD = (Path(__file__).parent / "brownfield.sql").read_text(encoding="utf-8")

_CATALOGUE = {
    "columns": """
        select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
        from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v') and a.attnum > 0
        and not a.attisdropped order by 1, 2""",
    "indexes": "select indexname, indexdef from pg_indexes where schemaname = 'public' order by 1",
    "policies": """
        select tablename, policyname, permissive, roles::text[], cmd, qual, with_check from pg_policies
        where schemaname = 'public' order by 1, 2""",
    "row security": """
        select relname from pg_class where relnamespace = 'public'::regnamespace and relrowsecurity order by 1""",
    "grants": """
        select c.relname, case a.grantee when 0 then 'public' else a.grantee::regrole::text end, a.privilege_type
        from pg_class c, aclexplode(c.relacl) a
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
        and a.grantee in (0, 'anon'::regrole, 'authenticated'::regrole, 'service_role'::regrole) order by 1, 2, 3""",
    "column grants": """
        select c.relname, t.attname, a.grantee::regrole::text, a.privilege_type
        from pg_class c join pg_attribute t on t.attrelid = c.oid, aclexplode(t.attacl) a
        where c.relnamespace = 'public'::regnamespace and a.grantee = 'anon'::regrole order by 1, 2, 3""",
    "schemas": "select nspname from pg_namespace where nspname in ('outbox', 'content_access') order by 1",
}

_TABLES = (
    "minds", "user_profiles", "tags", "job_executions", "audience_profiles", "content_projects", "contents",
    "content_minds", "content_tags",
)  # fmt: skip


def catalogue(dsn: str, *kinds: str) -> dict[str, list[tuple[Any, ...]]]:
    """The named parts of the catalogue (all of them if none is named)."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        return {kind: connection.execute(_CATALOGUE[kind].encode()).fetchall() for kind in kinds or _CATALOGUE}


def rows(dsn: str) -> dict[str, list[str]]:
    """Every row of the content tables, as JSON without what the migrations added."""
    added = "{creator_mind_id,persona_mind_id,last_event_id,created_at,updated_at,technical_level,default_frameworks,file_path}"
    found = {}
    with psycopg.connect(dsn, autocommit=True) as connection:
        for table in _TABLES:
            statement = f"select (to_jsonb(t) - '{added}'::text[])::text from public.{table} t order by 1"
            found[table] = [row[0] for row in connection.execute(statement.encode())]
    return found
