"""The content of a database as numbers to compare: how many rows each table has, and a hash of all of them."""

import psycopg

# But for what differs between two correct runs: when a row was written, and the ids that the server gives to tags.
_TABLES = {
    "content_projects": "select slug, to_jsonb(t) - 'created_at' - 'updated_at' as body from content_projects t",
    "contents": "select slug, to_jsonb(t) - 'created_at' - 'updated_at' as body from contents t",
    "content_tags": "select c.slug || ' ' || g.name as slug, jsonb_build_object('tag', g.name) as body"
    " from content_tags t join contents c on c.id = t.content_id join tags g on g.id = t.tag_id",
    "content_minds": "select c.slug || ' ' || t.role as slug, to_jsonb(t) as body"
    " from content_minds t join contents c on c.id = t.content_id",
}
_HASH = "coalesce(md5(string_agg(md5(slug || body::text), '' order by slug)), '')"


def rows_hash(connection: psycopg.Connection) -> dict[str, tuple[int, str]]:
    """Return table -> (rows, hash)."""
    found = {}
    for table, query in _TABLES.items():
        row = connection.execute(f"select count(*), {_HASH} from ({query}) r".encode()).fetchone()
        assert row is not None
        found[table] = (int(row[0]), str(row[1]))
    return found
