import psycopg
import pytest

from tests.support.postgres import Database
from worker.migrate import Finding, Severity, audit, connect
from worker.migrate.audit import _promise
from worker.migrate.queries import names


def audited(database: Database, *mistakes: str) -> dict[str, Finding]:
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        for mistake in mistakes:
            connection.execute(mistake.encode())
    with connect(database.dsn) as connection:
        return {finding.name: finding for finding in audit(connection)}


@pytest.mark.parametrize(
    ("mistake", "name", "breach"),
    [
        ("alter table contents drop column file_path", "audit_columns", "public.contents.file_path is missing"),
        ("alter table tags drop constraint tags_name_key", "audit_natural_keys", "public.tags (name) is not unique"),
        ("drop index content_tags_tag_id_idx", "audit_indexes", "public.content_tags (tag_id) has no index"),
        ("create or replace view v_contents_with_creators with (security_invoker = false) as table v_contents_with_creators", "audit_view", "public.v_contents_with_creators is missing or runs with the rights of its owner"),
        ("alter table outbox.parked disable row level security", "audit_row_security", "outbox.parked has row level security off"),
        ("drop policy contents_make on contents", "audit_policies", "public.contents lacks a policy for INSERT to authenticated"),
        ("create policy wide on contents using (true)", "audit_foreign_policies", "policy wide on public.contents lets public ALL more rows"),
        ("alter policy projects_read on content_projects using (creator_mind_id = content_access.current_mind_id())", "audit_policies_ask_once", "policy projects_read on public.content_projects calls a function for every row"),
        ("grant select on contents to anon", "audit_anon", "anon may select contents"),
        ("grant execute on function content_access.own_project_ids() to public", "audit_anon", "anon may execute content_access.own_project_ids()"),
        ("grant usage on schema outbox to authenticated", "audit_authenticated", "authenticated may use schema outbox"),
        ("grant truncate on contents to authenticated", "audit_authenticated", "authenticated may truncate contents"),
        ("revoke insert on contents from service_role", "audit_service_role", "service_role may not insert public.contents"),
        ("revoke update on outbox.sources from outbox_worker", "audit_worker_can", "outbox_worker may not update outbox.sources"),
        ("drop policy outbox_worker_minds on minds", "audit_worker_can", "public.minds shows outbox_worker no rows: it has row level security and no policy for it"),
        ("grant select on auth.users to outbox_worker", "audit_worker_cannot", "outbox_worker may select auth.users"),
        ("alter function content_access.current_mind_id() reset search_path", "audit_helpers", "content_access.current_mind_id() does not set search_path to pg_catalog, pg_temp"),
        ("grant update on user_profiles to authenticated; create policy mine on user_profiles for update to authenticated using (true)", "audit_identity", "authenticated may update user_profiles.mind_id: whoever writes another mind there owns its projects"),
        ("revoke select on minds from authenticated", "audit_view_reads", "authenticated may not select minds.slug: grant select (id, slug, display_name) on public.minds"),
        ("insert into content_projects (slug, name) values ('x', 'x')", "audit_ownerless", "1 projects have no creator_mind_id, 0 with contents"),
    ],
)  # fmt: skip
def test_a_broken_promise_is_found_and_named(database: Database, mistake: str, name: str, breach: str) -> None:
    """One mistake each, on a database that was in order."""
    found = audited(database, mistake)
    assert breach in found[name].breaches
    assert set(found) == {name}


def test_an_index_over_the_whole_text_is_a_warning(database: Database) -> None:
    """It belongs to somebody else, and it will refuse a long transcript."""
    found = audited(database, "create index old on contents using gin (to_tsvector('portuguese', content))")
    assert found["audit_text_index"].severity is Severity.WARNING
    assert "index old covers the whole text" in found["audit_text_index"].breaches[0]


def test_a_missing_schema_is_an_error_and_not_a_crash(empty_database: Database) -> None:
    """The audit answers on any database."""
    found = audited(empty_database)
    assert found["audit_columns"].severity is Severity.ERROR
    assert any("public.contents.slug is missing" in breach for breach in found["audit_columns"].breaches)


def test_every_promise_is_said() -> None:
    """One line each, with its gravity."""
    for name in names("audit_"):
        assert len(_promise(name)[1]) > 20
