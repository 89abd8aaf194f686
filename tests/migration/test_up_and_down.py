import psycopg
import pytest

from tests.support.postgres import Database
from tests.support.schema import BROWNFIELD, catalogue, rows
from worker.migrate import Severity, apply_all, audit, connect, load, migrate

VERSIONS = [migration.version for migration in load()]
EVERYTHING = len(VERSIONS)

FILL = """
insert into auth.users (id) values ('00000000-0000-4000-8000-000000000001');
insert into minds (slug, display_name) values ('ana', 'Ana'), ('dora', 'Dora');
insert into user_profiles (id, mind_id) select '00000000-0000-4000-8000-000000000001', id from minds where slug = 'ana';
insert into audience_profiles (slug, name, creator_mind_id) select 'iniciantes', 'Iniciantes', id from minds where slug = 'ana';
insert into content_projects (slug, name, creator_mind_id, persona_mind_id, target_audience_id)
select 'curso', 'Curso', a.id, d.id, p.id from minds a, minds d, audience_profiles p where a.slug = 'ana' and d.slug = 'dora';
insert into contents (slug, title, content_type, project_id, content, last_event_id)
select 'curso--' || n, 'Aula ' || n, 'course_lesson', p.id, 'corpo', gen_random_uuid() from content_projects p, generate_series(1, 30) n;
insert into content_minds (content_id, mind_id, role) select c.id, m.id, 'creator' from contents c, minds m where m.slug = 'ana';
insert into tags (name) values ('curso');
insert into content_tags (content_id, tag_id) select c.id, t.id from contents c, tags t;
insert into outbox.sources (outbox_id, applied_seq) values ('00000000-0000-4000-8000-0000000000aa', 42);
insert into outbox.parked (outbox_id, seq, event_id, state, refs) values ('00000000-0000-4000-8000-0000000000aa', 7, gen_random_uuid(), 'parked', '{}');
insert into outbox.removed_links values ('00000000-0000-4000-8000-0000000000bb', 'tag', 'velho', gen_random_uuid());
insert into outbox.removed_links values ('00000000-0000-4000-8000-0000000000bb', 'shop.shelved', 'bread', gen_random_uuid());
insert into outbox.removed_rows (relation, key, last_event_id) values ('shop.lines', 'A-17', gen_random_uuid());
insert into outbox.inbox (outbox_id, seq, event_id, type, key, data, occurred_at)
values ('00000000-0000-4000-8000-0000000000aa', 8, gen_random_uuid(), 'order.placed', 'A-17', '{}', now());
insert into outbox.inbox_pruned (outbox_id, seq) values ('00000000-0000-4000-8000-0000000000aa', 3);
"""


def execute(dsn: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def test_up_down_up_loses_nothing(any_empty_database: Database) -> None:
    """Rows, attribution, positions and parked events are all there after the schema was taken back and made again."""
    dsn = any_empty_database.dsn
    migrate(dsn, "up", backups=None)
    execute(dsn, FILL)
    everything = """
        select (select jsonb_agg(to_jsonb(c) order by id) from contents c), (select jsonb_agg(to_jsonb(p)) from content_projects p),
        (select jsonb_agg(to_jsonb(p)) from audience_profiles p), (select jsonb_agg(to_jsonb(s)) from outbox.sources s),
        (select jsonb_agg(to_jsonb(k)) from outbox.parked k), (select jsonb_agg(to_jsonb(i)) from outbox.inbox i),
        (select jsonb_agg(to_jsonb(i)) from outbox.inbox_pruned i),
        (select jsonb_agg(to_jsonb(r)) from outbox.removed_links r), (select jsonb_agg(to_jsonb(r)) from outbox.removed_rows r), (select jsonb_agg(to_jsonb(d)) from outbox.destination d),
        (select jsonb_agg(to_jsonb(m) order by content_id) from content_minds m), (select count(*) from content_tags)"""
    before = execute(dsn, everything)
    before_schema = catalogue(dsn)
    down = migrate(dsn, "down", backups=None, steps=EVERYTHING)
    assert [step.version for step in down.applied] == VERSIONS[::-1]
    assert execute(dsn, "select count(*) from supabase_migrations.schema_migrations") == [(0,)]
    up = migrate(dsn, "up", backups=None)
    assert [step.version for step in up.applied] == VERSIONS
    assert execute(dsn, everything) == before
    assert catalogue(dsn) == before_schema
    assert [finding for finding in up.findings if finding.severity is Severity.ERROR] == []


def test_down_leaves_an_empty_database_as_it_was(any_empty_database: Database) -> None:
    """Where nothing was stored, nothing of ours is left behind but the worker's role."""
    dsn = any_empty_database.dsn
    before = catalogue(dsn)
    migrate(dsn, "up", backups=None)
    migrate(dsn, "down", backups=None, steps=EVERYTHING)
    assert catalogue(dsn) == before


def test_the_audit_finds_nothing_on_a_fresh_schema(any_database: Database) -> None:
    """In both modes of default grants, on both servers."""
    with connect(any_database.dsn) as connection:
        assert [one.name for one in audit(connection) if one.severity is not Severity.NOTE] == []


def test_existing_tables_keep_rows_types_and_keys(any_empty_database: Database) -> None:
    """A brownfield table gets the missing columns and nothing else of it changes."""
    dsn = any_empty_database.dsn
    execute(dsn, BROWNFIELD)
    rows_before, before = rows(dsn), catalogue(dsn)
    files_before = execute(
        dsn,
        "select relname, relfilenode from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1",
    )
    report = migrate(dsn, "up", backups=None)
    assert [finding.name for finding in report.findings if finding.severity is Severity.ERROR] == []
    assert {finding.name for finding in report.findings if finding.severity is not Severity.NOTE} == {
        "audit_text_index",
        "audit_ownerless",
    }
    assert rows(dsn) == rows_before
    tables = [column for column in before["columns"] if column[0] != "v_contents_with_creators"]
    assert set(tables) <= set(catalogue(dsn)["columns"])
    assert ("contents", "sequence_order", "smallint", False) in catalogue(dsn)["columns"]
    files = execute(
        dsn,
        "select relname, relfilenode from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1",
    )
    assert files == files_before, "a table was rewritten"
    names = [name for name, _ in catalogue(dsn)["indexes"]]
    assert "old_text" in names
    assert "contents_text_idx" not in names
    assert "contents_project_id_idx" not in names


def test_what_was_replaced_comes_back(any_empty_database: Database) -> None:
    """Policies, grants and row security of before are set aside by up and restored by down."""
    dsn = any_empty_database.dsn
    execute(dsn, BROWNFIELD)
    kinds = ("policies", "row security", "grants", "column grants")
    before = catalogue(dsn, *kinds)
    assert ("audience_profiles", "anon", "INSERT") in before["grants"]
    migrate(dsn, "up", backups=None)
    assert not [
        grant
        for grant in catalogue(dsn)["grants"]
        if grant[1] in {"anon", "public"} and grant[0] == "audience_profiles"
    ]
    assert "Anyone can insert audiences" not in [policy[1] for policy in catalogue(dsn)["policies"]]
    migrate(dsn, "down", backups=None, steps=EVERYTHING)
    assert catalogue(dsn, *kinds) == before


def test_every_file_may_run_twice(any_empty_database: Database) -> None:
    """A history that was lost, or repaired by hand, does no harm; nor does the rollback after it."""
    dsn = any_empty_database.dsn
    execute(dsn, BROWNFIELD)
    before = catalogue(dsn, "policies", "row security", "grants", "column grants")
    apply_all(dsn)
    once = catalogue(dsn)
    execute(dsn, "delete from supabase_migrations.schema_migrations")
    assert apply_all(dsn) == VERSIONS
    assert catalogue(dsn) == once
    migrate(dsn, "down", backups=None, steps=EVERYTHING)
    assert catalogue(dsn, *before) == before


@pytest.mark.parametrize("version", VERSIONS)
def test_each_step_can_be_taken_back_and_repeated(empty_database: Database, version: str) -> None:
    """Down to before each file and up again gives the same schema."""
    apply_all(empty_database.dsn)
    whole = catalogue(empty_database.dsn)
    migrate(empty_database.dsn, "down", backups=None, steps=EVERYTHING - VERSIONS.index(version))
    migrate(empty_database.dsn, "up", backups=None)
    assert catalogue(empty_database.dsn) == whole


def test_two_rows_of_one_name_are_told_not_guessed(empty_database: Database) -> None:
    """A natural key that is not unique stops the migration with the name in question."""
    without_key = BROWNFIELD.replace("slug text not null unique, title", "slug text not null, title")
    execute(empty_database.dsn, without_key)
    execute(
        empty_database.dsn, "insert into contents (slug, title, content_type) values ('curso--1', 'again', 'other')"
    )
    with pytest.raises(Exception, match=r"nothing was touched(?s:.*)curso--1"):
        migrate(empty_database.dsn, "up", backups=None)


def test_attribution_columns_and_indexes_are_there(database: Database) -> None:
    """AC1 to AC4: who made it, for whom, when a link was made, and the view."""
    found = catalogue(database.dsn)
    columns = {(table, column) for table, column, _, _ in found["columns"]}
    assert {("content_projects", "creator_mind_id"), ("content_projects", "persona_mind_id")} <= columns
    assert {("content_minds", "created_at"), ("content_tags", "created_at")} <= columns
    indexed = " ".join(definition for _, definition in found["indexes"])
    for column in ("creator_mind_id", "persona_mind_id", "target_audience_id"):
        assert f"content_projects USING btree ({column})" in indexed
    assert "v_contents_with_creators" in {table for table, _ in columns}
