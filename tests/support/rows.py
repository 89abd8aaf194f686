"""Everything that the relay writes, as comparable lines."""

import hashlib

import psycopg

# updated_at tells when the database was written, a tag's id who came first: neither is the outcome.
_QUERIES = {
    "audience_profiles": "select (to_jsonb(t) - 'updated_at')::text from audience_profiles t order by slug",
    "content_projects": "select (to_jsonb(t) - 'updated_at')::text from content_projects t order by slug",
    "contents": "select (to_jsonb(t) - 'updated_at')::text from contents t order by slug",
    "content_minds": "select to_jsonb(t)::text from content_minds t order by content_id, mind_id, role",
    "content_tags": "select (to_jsonb(t) - 'tag_id')::text || g.name || coalesce(g.tag_type, '') "
    "from content_tags t join tags g on g.id = t.tag_id order by t.content_id, g.name",
    "tags": "select (to_jsonb(t) - 'id' - 'created_at')::text from tags t order by name",
    "parked": "select (to_jsonb(t) - 'parked_at')::text from outbox.parked t order by seq",
    "removed_links": "select to_jsonb(t)::text from outbox.removed_links t order by content_id, kind, linked",
    "sources": "select (to_jsonb(t) - 'applied_at' - 'created_at')::text from outbox.sources t order by outbox_id",
}


def all_rows(dsn: str) -> dict[str, list[str]]:
    """Every row of every table that the relay writes, as text."""
    with psycopg.connect(dsn) as connection:
        return {table: [row[0] for row in connection.execute(query)] for table, query in _QUERIES.items()}


def digest(rows: dict[str, list[str]]) -> str:
    """One hash over all rows."""
    return hashlib.sha256(repr(sorted(rows.items())).encode()).hexdigest()


def applied_seq(dsn: str) -> int:
    """The position, 0 before the first contact."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute("select max(applied_seq) from outbox.sources").fetchone()
    return int(row[0] or 0) if row else 0
