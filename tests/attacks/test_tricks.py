"""Nobody gets in by any of these tricks, on PostgreSQL 15 and 18, in both modes of default grants."""

import psycopg
import pytest

from tests.attacks.field import ANA, AUTH, CONTENT, FILL, MIND_BRUNO, Seen, attack
from tests.attacks.tricks import EVERYBODY, tricks
from tests.support.postgres import Database

# What these may read and write anyway: the policies of row level security are not for them.
TRUSTED_WITH_ROWS = {"service_role", "outbox_worker"}
OF_ROWS = {
    "projects", "audiences", "contents", "links", "named", "aims", "children", "stamps", "ids", "tags", "profiles", "minds",
}  # fmt: skip
KINDS = sorted({trick.kind for trick in tricks()})


def lost(seen: Seen, who: str) -> list[str]:
    """What the attacker got."""
    found = [f"changed {name}" for name in seen.changed if who != "service_role" or name not in OF_ROWS]
    if who == "outbox_worker":
        found = [one for one in found if one.removeprefix("changed ") not in OF_ROWS - {"tags", "profiles", "minds"}]
    found += ["saw auth.users"] if seen.holds(AUTH) else []
    if who not in TRUSTED_WITH_ROWS:
        found += ["saw a draft"] if seen.holds(CONTENT) else []
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_gets_anything_by(field: Database, kind: str) -> None:
    """Nothing of the victims' is shown, and nothing that is not the attacker's own is different."""
    tried = [trick for trick in tricks() if trick.kind == kind]
    got = {trick.who: lost(attack(field, trick.who, trick.statements), trick.who) for trick in tried}
    assert {who: what for who, what in got.items() if what} == {}


def test_there_are_more_than_twenty_classes() -> None:
    """Each tried by whoever might."""
    assert len(KINDS) > 45
    assert {trick.who for trick in tricks()} == set(EVERYBODY)


@pytest.mark.parametrize(
    ("hole", "kind", "who"),
    [
        ("alter function content_access.current_mind_id() set search_path = ''; grant usage on schema content_access to outbox_worker; grant execute on function content_access.current_mind_id() to outbox_worker", "a type jsonb in pg_temp", "outbox_worker"),
        ("alter function content_access.own_project_ids() set search_path = ''", "a type jsonb in pg_temp", "ana"),
        ("create policy wide on contents for select to authenticated using (true)", "the view of contents", "ana"),
        ("grant update on contents to authenticated", "a stamp from the future", "ana"),
        ("grant insert on contents to authenticated", "the id of a coming lesson", "ana"),
        ("alter policy projects_change on content_projects with check (creator_mind_id = (select content_access.current_mind_id()))", "aiming at somebody's audience, on update", "ana"),
        ("alter policy contents_make on contents with check (project_id in (select content_access.own_project_ids()))", "a lesson below a stranger's, on insert", "ana"),
        ("grant update on tags to outbox_worker", "the tags of others", "outbox_worker"),
        ("alter view v_contents_with_creators set (security_invoker = false)", "the view of contents", "ana"),
        ("grant create on schema public to public", "objects where others look for them", "ana"),
        ("alter table contents disable row level security", "copying a whole table", "ana"),
        ("create policy own on user_profiles for update to authenticated using (true); grant update on user_profiles to authenticated", "another's mind taken on", "ana"),
    ],
)  # fmt: skip
def test_the_suite_would_notice(database: Database, hole: str, kind: str, who: str) -> None:
    """With a hole in the wall the same trick is won."""
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        connection.execute(FILL.encode())
        connection.execute(hole.encode())
    (trick,) = [one for one in tricks() if (one.kind, one.who) == (kind, who)]
    assert lost(attack(database, who, trick.statements), who) != []


@pytest.mark.parametrize("login", ["api_dsn", "worker_dsn"])
@pytest.mark.parametrize("role", ["postgres", "supabase_admin", "outbox_worker_other", "pg_read_all_data"])
def test_a_login_becomes_nobody_else(field: Database, login: str, role: str) -> None:
    """As it comes over the line: neither a role nor the session can be taken on."""
    with psycopg.connect(getattr(field, login)) as connection:
        for statement in (f"set role {role}", f"set session authorization {role}"):
            with pytest.raises(psycopg.Error), connection.transaction():
                connection.execute(statement.encode())


def test_a_plan_or_cursor_of_another_role_shows_the_role_that_asks_its_own(field: Database) -> None:
    """Row level security is asked anew where the role has changed since the plan was made."""
    plan = (
        "prepare p as select slug, title from public.contents",
        "set local role service_role",
        "execute p",
        "set local role authenticated",
    )
    claims = f'select set_config(\'request.jwt.claims\', \'{{"sub": "{ANA}", "role": "authenticated"}}\', true)'
    seen = attack(field, "authenticator", ["set local role authenticated", claims, *plan])
    shown_to_service = sum(CONTENT in one for one in seen.shown)
    again = attack(field, "authenticator", ["set local role authenticated", claims, *plan, "execute p"])
    assert shown_to_service == 1
    assert sum(CONTENT in one for one in again.shown) == 1
    assert MIND_BRUNO not in " ".join(again.shown)


def test_what_is_ones_own_is_not_refused(field: Database) -> None:
    """The same hand that is kept out may make, change and remove what is its own."""
    seen = attack(
        field,
        "ana",
        own := [
            "insert into public.content_projects (slug, name, creator_mind_id) select 'novo', 'x', content_access.current_mind_id()",
            "insert into public.contents (slug, title, content_type, project_id) select 'novo--1', 'x', 'course_module', id from public.content_projects where slug = 'novo'",
            "insert into public.contents (slug, title, content_type, project_id, parent_content_id) select 'novo--2', 'x', 'course_lesson', p.id, c.id from public.content_projects p, public.contents c where p.slug = 'novo' and c.slug = 'novo--1'",
            "insert into public.audience_profiles (slug, name) values ('meu', 'x')",
            "update public.content_projects set target_audience_id = (select id from public.audience_profiles where slug = 'meu'), persona_mind_id = content_access.current_mind_id() where slug = 'novo'",
            "update public.contents set title = 'y', metadata = '{\"k\": 1}', status = 'published' where slug = 'novo--2'",
            "insert into public.content_minds (content_id, mind_id, role) select id, content_access.current_mind_id(), 'author' from public.contents where slug = 'novo--2'",
            "insert into public.content_tags (content_id, tag_id) select c.id, t.id from public.contents c, public.tags t where c.slug = 'novo--2'",
            "update public.contents set parent_content_id = null where slug = 'novo--2'",
            "delete from public.content_tags where content_id in (select id from public.contents where slug = 'novo--2')",
            "delete from public.contents where slug like 'novo--%'",
            "delete from public.content_projects where slug = 'novo'",
        ],
    )
    assert seen.went_through == own, seen.shown
