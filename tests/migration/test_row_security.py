import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from tests.support.postgres import Database, Server
from tests.support.schema import BROWNFIELD
from worker.migrate import apply_all
from worker.migrate.pg_dump import libpq_environment

SCRIPT = Path(__file__).parents[2] / "migrations" / "impersonation.sql"
PEOPLE = {
    "ana": "a0000000-0000-4000-8000-000000000001",
    "bruno": "b0000000-0000-4000-8000-000000000001",
    "dora": "d0000000-0000-4000-8000-000000000001",
}
EVERYBODY = ["anon", *PEOPLE, "service_role", "worker"]


_shown: list[bool] = []  # the table is printed once, not for each server and mode


class _UndoError(Exception):
    """Takes back what a trial did."""


@contextmanager
def acting_as(database: Database, who: str) -> Iterator[psycopg.Connection]:
    """A connection as PostgREST makes it (or as the worker makes it), in a transaction that is rolled back."""
    role = {"anon": "anon", "service_role": "service_role"}.get(who, "authenticated")
    claims = json.dumps({"role": role} | ({"sub": PEOPLE[who]} if who in PEOPLE else {}))
    login = database.worker_dsn if who == "worker" else database.api_dsn
    with psycopg.connect(login) as connection:
        if who != "worker":
            connection.execute(
                "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)", (role, claims)
            )
        yield connection
        connection.rollback()


def _set_up(database: Database) -> tuple[dict[tuple[str, str, str], str], list[tuple[str, str, str, str]]]:
    """Run the script's own preparations for good; return its matrix and its attempts."""
    text = SCRIPT.read_text(encoding="utf-8")
    preparations = text.split("begin;\n", 1)[1].split("-- Lets postgres step", 1)[0].replace(" on commit drop", "")
    with psycopg.connect(database.dsn) as connection:
        connection.execute(preparations.encode())
        matrix = connection.execute("select on_table, verb, who, cell from matrix").fetchall()
        attempts = connection.execute(
            'select on_table, verb, label, statement from attempt order by label collate "C"'
        ).fetchall()
    return {(table, verb, who): cell for table, verb, who, cell in matrix}, attempts


def _cell(connection: psycopg.Connection, statements: list[tuple[str, str]]) -> str:
    allowed = ""
    for label, statement in statements:
        try:
            with connection.transaction():
                if connection.execute(statement.encode()).rowcount > 0:
                    allowed += label
                raise _UndoError  # noqa: TRY301  how psycopg is told to roll back
        except _UndoError:
            continue
        except errors.InsufficientPrivilege as exc:
            if str(exc.diag.message_primary).startswith("permission denied"):
                return "!"
    return allowed or "-"


def test_every_role_can_do_what_the_table_says_and_nothing_else(
    any_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each table, role and verb, with rows of every owner in place: 120 cells."""
    wanted, attempts = _set_up(any_database)
    found = {}
    for who in EVERYBODY:
        with acting_as(any_database, who) as connection:
            for table, verb in {(table, verb) for table, verb, _ in wanted}:
                statements = [(label, statement) for t, v, label, statement in attempts if (t, v) == (table, verb)]
                found[table, verb, who] = _cell(connection, statements)
    if not _shown:
        _shown.append(True)
        with capsys.disabled():
            print("\n" + _drawn(found))  # noqa: T201  the table is for the reader
    assert len(found) == 120
    assert found == wanted


def _drawn(cells: dict[tuple[str, str, str], str]) -> str:
    lines = [f"{'':26}" + "".join(f"{who:14}" for who in EVERYBODY)]
    lines += [
        f"{table:18}{verb:8}" + "".join(f"{cells[table, verb, who]:14}" for who in EVERYBODY)
        for table in sorted({table for table, _, _ in cells})
        for verb in ("select", "insert", "update", "delete")
    ]
    return "\n".join(lines)


def run_script(server: Server, database: Database) -> subprocess.CompletedProcess[str]:
    with psycopg.connect(database.dsn) as connection:
        reached = libpq_environment(connection)
    return subprocess.run(
        [str(server.local.programs / "psql"), "-X", "-q", "-f", str(SCRIPT)],
        env=reached, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_psql_script_agrees_and_leaves_nothing(any_server: Server) -> None:
    """The same table for somebody with psql alone; everything it does is rolled back."""
    database = any_server.clone(any_server.migrated())
    done = run_script(any_server, database)
    assert (done.returncode, done.stderr) == (0, "")
    assert "120 cells" in done.stdout
    with psycopg.connect(database.dsn) as connection:
        assert connection.execute("select count(*) from minds").fetchone() == (0,)
    any_server.drop(database)


def test_the_rules_hold_on_tables_that_were_there_before(any_server: Server) -> None:
    """With enums, without row level security, with open policies and a view around them: the same 120 cells."""
    database = any_server.clone(any_server.prepared(default_grants=True))
    with psycopg.connect(database.dsn) as connection:
        connection.execute(BROWNFIELD.encode())
    apply_all(database.dsn)
    done = run_script(any_server, database)
    assert (done.returncode, done.stderr) == (0, "")
    assert "120 cells" in done.stdout
    any_server.drop(database)


@pytest.mark.parametrize(
    ("mistake", "complaint"),
    [
        ("create policy open on contents for select to authenticated using (true)", "contents select by bruno"),
        ("drop policy projects_change on content_projects", "content_projects update by ana: - instead of ac"),
        ("grant select on content_tags to anon", "content_tags select by anon: - instead of !"),
        ("revoke insert on contents from outbox_worker", "contents insert by worker: ! instead of abln"),
        ("alter table content_minds disable row level security", "content_minds delete by dora"),
    ],
)
def test_the_psql_script_fails_loudly(server: Server, database: Database, mistake: str, complaint: str) -> None:
    """One mistake is enough, and it is named."""
    with psycopg.connect(database.dsn) as connection:
        connection.execute(mistake.encode())
    done = run_script(server, database)
    assert done.returncode == 3
    assert complaint in done.stderr


def test_an_unowned_audience_is_adopted_by_its_only_user(database: Database) -> None:
    """Ana may claim the profile that her projects alone use, and thereby becomes its maker; Bruno may not."""
    _set_up(database)
    claim = "update audience_profiles set creator_mind_id = content_access.current_mind_id() where slug = 'try-s' returning 1"
    with acting_as(database, "ana") as connection:
        assert connection.execute(claim).fetchall() == [(1,)]
    with acting_as(database, "bruno") as connection:
        assert connection.execute(claim).fetchall() == []


def test_an_audience_made_through_the_api_is_its_makers(database: Database) -> None:
    """Who does not name a maker is the maker."""
    _set_up(database)
    with acting_as(database, "ana") as connection:
        connection.execute("insert into audience_profiles (slug, name) values ('nova', 'Nova')")
        seen = connection.execute(
            "select creator_mind_id = content_access.current_mind_id() from audience_profiles where slug = 'nova'"
        )
        assert seen.fetchall() == [(True,)]


def test_a_project_cannot_be_given_away_or_taken(database: Database) -> None:
    """The creator of a row is the one who writes it."""
    _set_up(database)
    with (
        acting_as(database, "ana") as connection,
        pytest.raises(errors.InsufficientPrivilege, match="row-level security"),
    ):
        connection.execute(
            "update content_projects set creator_mind_id = 'b0000000-0000-4000-8000-000000000002' where slug = 'try-a'"
        )
    with acting_as(database, "ana") as connection:
        taken = connection.execute(
            "update contents set project_id = (select id from content_projects where slug = 'try-a') where slug = 'try-Q'"
        )
        assert taken.rowcount == 0, "a published content is read by everyone and changed by its owner"


def test_a_user_without_a_mind_sees_published_contents_only(database: Database) -> None:
    """No mind is not the mind of the rows that have none."""
    _set_up(database)
    with psycopg.connect(database.dsn) as connection:
        connection.execute("update user_profiles set mind_id = null where id = %s", (PEOPLE["ana"],))
    with acting_as(database, "ana") as connection:
        assert connection.execute("select slug from contents where slug like 'try-%' order by 1").fetchall() == [
            ("try-P",),
            ("try-Q",),
        ]
        assert connection.execute("select slug from content_projects where slug like 'try-%'").fetchall() == []


def test_the_view_shows_each_caller_their_own(database: Database) -> None:
    """It runs with the rights of whoever asks; a deleted content is not in it."""
    _set_up(database)
    read = "select slug from v_contents_with_creators where slug like 'try-%' order by slug collate \"C\""
    for who, slugs in (("ana", "PQal"), ("bruno", "PQb"), ("dora", "PQa"), ("service_role", "PQabln")):
        with acting_as(database, who) as connection:
            assert "".join(row[0][-1] for row in connection.execute(read)) == slugs
    for who in ("anon", "worker"):
        with acting_as(database, who) as connection, pytest.raises(errors.InsufficientPrivilege):
            connection.execute(read)


@pytest.mark.parametrize("who", ["anon", *PEOPLE, "service_role"])
@pytest.mark.parametrize("table", ["destination", "sources", "parked", "displaced"])
def test_the_bookkeeping_is_closed_to_the_api(database: Database, who: str, table: str) -> None:
    """Not even service_role reads it: only the worker and the owner do."""
    _set_up(database)
    with acting_as(database, who) as connection, pytest.raises(errors.InsufficientPrivilege, match="schema outbox"):
        connection.execute(f"select from outbox.{table}".encode())


@pytest.mark.parametrize(
    "statement",
    [
        "create table public.mine ()", "create schema mine", "select from user_profiles", "select display_name from minds",
        "update minds set slug = 'x'", "update tags set name = 'x'", "delete from contents", "truncate contents", "select from auth.users",
        "update outbox.destination set schema_version = 9", "delete from outbox.sources", "set role postgres",
        "set role service_role", "select from supabase_migrations.schema_migrations", "alter table contents add x int",
        "drop policy contents_read on contents", "select content_access.own_project_ids()", "create role x",
        "copy contents to program 'cat'",
    ],
)  # fmt: skip
def test_the_worker_can_do_nothing_else(database: Database, statement: str) -> None:
    """Its password opens the content tables and its own schema."""
    with acting_as(database, "worker") as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_the_worker_can_do_what_the_relay_does(database: Database) -> None:
    """Resolve names, write contents with every kind of reference, tag them, keep its position."""
    _set_up(database)
    with acting_as(database, "worker") as connection:
        for statement in (
            "select id, slug from minds where slug = 'try-ana'",
            "select m.id from (values ('try-ana')) as v (slug) join minds m using (slug)",
            "insert into tags (name, tag_type) values ('novo', 'tema') on conflict (name) do nothing returning id",
            "select applied_seq from outbox.sources for update",
            "insert into outbox.sources (outbox_id, applied_seq) values (gen_random_uuid(), 1) on conflict (outbox_id) do update set applied_seq = excluded.applied_seq",
            "insert into outbox.parked (outbox_id, seq, event_id, state) select outbox_id, 1, gen_random_uuid(), 'parked' from outbox.sources",
            "delete from outbox.parked",
            "insert into outbox.removed_links values (gen_random_uuid(), 'tag', 'velho', gen_random_uuid()) on conflict (content_id, kind, linked) do update set last_event_id = excluded.last_event_id",
            "select destination_id, schema_version from outbox.destination",
            "insert into audience_profiles (slug, name, creator_mind_id) values ('nova', 'Nova', null) on conflict (slug) do update set name = excluded.name returning id",
            "insert into content_projects (slug, name, creator_mind_id) select 'novo', 'Novo', id from minds where slug = 'try-ana' on conflict (slug) do update set name = excluded.name",
            "insert into contents (slug, title, content_type, parent_content_id) select 'nova', 'x', 'other', id from contents where slug = 'try-a' on conflict (slug) do update set title = excluded.title where contents.title is distinct from excluded.title",
            "insert into content_minds (content_id, mind_id, role) select c.id, m.id, 'author' from contents c, minds m on conflict do nothing",
            "insert into content_tags (content_id, tag_id) select c.id, t.id from contents c, tags t on conflict do nothing",
            "delete from content_tags",
            "update contents set deleted_at = now() where slug = 'nova'",
        ):
            connection.execute(statement.encode())
