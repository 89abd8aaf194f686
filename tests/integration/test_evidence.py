"""Whose fault a refusal is, where its code does not tell: user code, hidden rows, sequences, statements without effect."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from outbox import Outbox, ParkedState, Resolution
from outbox import catalogue as c
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting, drain, relay
from worker import Ending, WorkerError
from worker.apply import obstacles
from worker.apply.position import greet
from worker.connect.connection import connect
from worker.proof.repair import repair_all
from worker.proof.verify import verify_all

CODES = (
    "PT402", "PGRST", "28000", "28P01", "XX000", "57014", "57P01", "08006", "40001", "42501", "53100", "55P03", "58030",
    "0A000", "25006", "25P02", "F0000", "XX001", "HV000", "57P03", "3D000", "ZZ999",
)  # fmt: skip


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db") as box:
        yield box


def run(database: Database, *statements: str, superuser: bool = False) -> None:
    with psycopg.connect(database.admin_dsn if superuser else database.dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def rows(database: Database, query: str) -> list[Any]:
    with psycopg.connect(database.dsn, autocommit=True, client_encoding="UTF8") as connection:
        return connection.execute(query.encode()).fetchall()


def page(number: int, **fields: Any) -> c.ContentUpserted:
    return c.ContentUpserted(slug=f"p--{number}", title=f"Aula {number}", content_type="other", **fields)


def trigger(table: str, body: str, *, when: str = "before insert or update", options: str = "") -> tuple[str, str]:
    return (
        f"create function nt() returns trigger language plpgsql {options} as $$ begin {body} return new; end $$",
        f"create trigger t {when} on {table} for each row execute function nt()",
    )


def raises(code: str, condition: str = "new.title = 'Aula 2'") -> str:
    return f"if {condition} then raise exception 'no' using errcode = '{code}'; end if;"


@pytest.mark.parametrize("code", CODES)
def test_user_code_refuses_one_event_and_stops_nobody(code: str, box: Outbox, database: Database) -> None:
    """Its neighbours land on the same connection, so it is its own: parked with its SQLSTATE and the function's name."""
    box.append(*(page(number) for number in range(1, 4)), c.ContentTagged(slug="p--1", tag="x"))
    run(database, *trigger("contents", raises(code)))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    (parked,) = box.parked.list()
    assert (parked.seq, parked.sqlstate, parked.state) == (2, code, ParkedState.PARKED)
    assert "in function nt() of the database (trigger t on contents)" in parked.reason
    assert rows(database, "select slug from contents order by slug") == [("p--1",), ("p--3",)]


def test_a_trigger_that_cancels_its_own_statement_stops_nobody(box: Outbox, database: Database) -> None:
    """57014 without a RAISE, long before the time was up: the largest event of all is not slow for that."""
    box.append(page(1), page(2, body="pão " * 20_000), page(3))
    cancel = "perform pg_cancel_backend(pg_backend_pid()); perform pg_sleep(1);"
    run(database, *trigger("contents", f"if new.title = 'Aula 2' then {cancel} end if;"))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [(row.seq, row.sqlstate) for row in box.parked.list()] == [(2, "57014")]
    assert rows(database, "select count(*) from contents") == [(2,)]


def test_a_code_of_its_own_parks_the_only_event_of_the_log(box: Outbox, database: Database) -> None:
    box.append(page(2))
    run(database, *trigger("contents", raises("ZZ999")))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [(row.seq, row.sqlstate) for row in box.parked.list()] == [(1, "ZZ999")]


@pytest.mark.parametrize("code", ["XX000", "42501", "53100", "40001"])
def test_the_last_event_is_judged_by_those_that_went_through_before_it(
    code: str, box: Outbox, database: Database
) -> None:
    """No neighbour follows it: the halves that were committed while it was looked for are evidence as well."""
    box.append(*(page(number) for number in range(1, 5)))
    run(database, *trigger("contents", raises(code, "new.title = 'Aula 4'")))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [(row.seq, row.sqlstate) for row in box.parked.list()] == [(4, code)]


@pytest.mark.parametrize(
    ("table", "payload", "condition"),
    [
        ("audience_profiles", c.AudienceUpserted(slug="bad", name="A"), "new.slug = 'bad'"),
        ("content_projects", c.ProjectUpserted(slug="bad", name="P"), "new.slug = 'bad'"),
        ("tags", c.ContentTagged(slug="p--1", tag="bad"), "new.name = 'bad'"),
    ],
)
def test_the_same_holds_for_every_table(
    table: str, payload: c.Payload, condition: str, box: Outbox, database: Database
) -> None:
    box.append(page(1), payload, page(2))
    run(database, *trigger(table, raises("08P01", condition)))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [(row.seq, row.sqlstate) for row in box.parked.list()] == [(2, "08P01")]
    assert rows(database, "select count(*) from contents") == [(2,)]


OTHER_WAYS = {
    "a statement-level trigger": (
        (
            "create function nt() returns trigger language plpgsql as $$ begin "
            "if exists (select from n where title = 'Aula 2') then raise 'no' using errcode = 'ZX003'; end if; return null; end $$"
        ),
        "create trigger t after insert on contents referencing new table as n for each statement execute function nt()",
    ),
    "a deferred constraint trigger": (
        (
            "create function nt() returns trigger language plpgsql as $$ begin "
            "if new.title = 'Aula 2' then raise 'no' using errcode = 'ZX002'; end if; return null; end $$"
        ),
        "create constraint trigger t after insert on contents initially deferred for each row execute function nt()",
    ),
    "an exclusion constraint": (
        "insert into contents (slug, title, content_type) values ('theirs', 'Aula 2', 'other')",
        "alter table contents add constraint t exclude using btree (title with =)",
    ),
    "a check": ("alter table contents add constraint t check (title <> 'Aula 2')",),
    "a rule": ("create rule t as on insert to contents where new.title = 'Aula 2' do instead nothing",),
    "an assertion": trigger("contents", "assert new.title <> 'Aula 2', 'no';"),
    "an endless recursion": trigger(
        "contents",
        "if new.title = 'Aula 2' then insert into contents (slug, title, content_type) "
        "values (new.slug || 'x', 'Aula 2', 'other'); end if;",
        when="before insert",
    ),
    "a connection that the trigger makes": trigger("contents", raises("08001")),
}


@pytest.mark.parametrize("way", OTHER_WAYS)
def test_other_ways_to_refuse_one_event_stop_nobody(way: str, box: Outbox, database: Database) -> None:
    box.append(*(page(number) for number in range(1, 4)))
    run(database, *OTHER_WAYS[way])
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [(row.seq, row.state) for row in box.parked.list()] == [(2, ParkedState.PARKED)]
    assert rows(database, "select slug from contents where slug like 'p--%' order by slug") == [("p--1",), ("p--3",)]


def test_a_code_that_all_are_refused_with_holds_and_parks_nobody(box: Outbox, database: Database) -> None:
    """The neighbours are asked first: none goes through."""
    box.append(*(page(number) for number in range(1, 8)))
    run(database, *trigger("contents", raises("28000", "true")))
    with pytest.raises(WorkerError) as told:
        drain(box, database.worker_dsn)
    assert told.value.exit_code == 3
    assert "nt()" in str(told.value)
    assert box.parked.count() == 0
    run(database, "drop trigger t on contents")
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert rows(database, "select count(*) from contents") == [(7,)]


def test_a_released_event_that_is_refused_again_is_parked_again(box: Outbox, database: Database) -> None:
    """Whatever its code: what was let go must not stand in everybody's way."""
    box.append(*(page(number) for number in range(1, 4)))
    run(database, *trigger("contents", raises("28000")))
    drain(box, database.worker_dsn)
    box.parked.release(2, Resolution.RETRY)
    box.append(page(4))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [(row.seq, row.state) for row in box.parked.list()] == [(2, ParkedState.PARKED)]
    assert rows(database, "select count(*) from contents") == [(3,)]


# Statements without an effect.

SWALLOWED = {
    "insert, null": (*trigger("contents", "if new.slug = 'p--2' then return null; end if;", when="before insert"), 2),
    "update, null": (*trigger("contents", "if new.title = 'neu' then return null; end if;", when="before update"), 4),
    "update, old": (*trigger("contents", "if new.title = 'neu' then return old; end if;", when="before update"), 4),
    "status put back": (*trigger("contents", "new.status := old.status;", when="before update"), 5),
    "score put back": (*trigger("contents", "new.fidelity_score := old.fidelity_score;", when="before update"), 6),
    "link of a tag": (*trigger("content_tags", "return null;", when="before insert"), 7),
    "link of a mind": (*trigger("content_minds", "return null;", when="before insert"), 8),
    "tag taken off": (*trigger("content_tags", "return null;", when="before delete"), 9),
    "the tag itself": (*trigger("tags", "return null;", when="before insert"), 7),
    "deletion": (*trigger("contents", "new.deleted_at := null;", when="before update"), 10),
}


@pytest.mark.parametrize("how", SWALLOWED)
def test_a_statement_without_an_effect_is_no_delivery(how: str, box: Outbox, database: Database) -> None:
    """The row is looked at before COMMIT; what is not as the event says is parked, and names the trigger's function."""
    function, made, seq = SWALLOWED[how]
    run(database, "insert into minds (slug, display_name) values ('ana', 'Ana')", function)
    box.append(
        *(page(number) for number in range(1, 4)),
        c.ContentUpserted(slug="p--1", title="neu", content_type="other"),
        c.ContentStatusChanged(slug="p--1", status="published"),
        c.ContentFidelityScored(slug="p--3", score=0.5),
        c.ContentTagged(slug="p--3", tag="Pão"),
        c.ContentMindLinked(slug="p--3", mind="ana", role="author"),
        c.ContentUntagged(slug="p--3", tag="Pão"),
        c.ContentDeleted(slug="p--3"),
    )
    run(database, made)
    # One at a time: what makes a row and changes it at once may never be an update.
    assert relay(box, database.worker_dsn, max_events=1).run() is Ending.EMPTY
    parked = box.parked.list(state=ParkedState.PARKED)
    assert seq in [row.seq for row in parked]
    assert all("nt" in row.reason for row in parked if row.seq == seq)


def test_a_trigger_that_takes_back_what_was_written_is_named_and_ours_are_not(box: Outbox, database: Database) -> None:
    """It acts after the row was written; `touch_updated_at` of the migrations keeps nothing as it was."""
    body = "if new.slug = 'p--1' then delete from contents where id = new.id; end if;"
    run(database, *trigger("contents", body, when="after insert", options="security definer"))
    box.append(page(1), page(2))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    (parked,) = box.parked.list()
    assert parked.reason.endswith("(trigger t (function nt))")


def test_a_policy_that_swallows_is_named_with_what_mends_it(box: Outbox, database: Database) -> None:
    """A restrictive policy hides the row from the update: nobody says that it does not exist."""
    box.append(page(1), page(2))
    drain(box, database.worker_dsn)
    run(
        database,
        "create policy hands_off on contents as restrictive for update to public using (slug <> 'p--2')",
    )
    box.append(c.ContentStatusChanged(slug="p--2", status="reviewed"))
    with pytest.raises(WorkerError, match=r"restrictive policy hands_off on public.contents") as told:
        drain(box, database.worker_dsn)
    assert "does not exist" not in str(told.value)
    assert box.parked.count() == 0
    run(database, "drop policy hands_off on contents")
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert rows(database, "select status from contents where slug = 'p--2'") == [("reviewed",)]


TAGS = {
    "citext": ("create extension citext", "alter table tags alter column name type citext"),
    "lower-casing trigger": trigger("tags", "new.name := lower(new.name);"),
    "trimming trigger": trigger("tags", "new.name := lower(trim(new.name));"),
}


@pytest.mark.parametrize("how", TAGS)
def test_a_tag_is_linked_to_the_row_that_its_unique_key_found(how: str, box: Outbox, database: Database) -> None:
    """Whether it is new or there already; and it comes off by the same name."""
    run(database, *TAGS[how], superuser=how == "citext")
    run(database, "insert into tags (name) values ('pão')")
    box.append(
        *(page(number) for number in (1, 2)),
        c.ContentTagged(slug="p--1", tag="Pão"),
        c.ContentTagged(slug="p--2", tag="PãO"),
        c.ContentTagged(slug="p--2", tag="Farinha"),
        c.ContentTagged(slug="p--1", tag="FARINHA"),
    )
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert box.parked.count() == 0
    assert rows(database, "select count(*), count(distinct tag_id) from content_tags") == [(4, 2)]
    box.append(c.ContentUntagged(slug="p--1", tag="Pão"))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert rows(database, "select count(*) from content_tags") == [(3,)]
    with connect(database.worker_dsn) as connection:
        assert verify_all(connection, box, Path("/nonexistent")).differences == []


@pytest.mark.parametrize("kind", ["hidden.citext", "hidden.label"])
def test_a_tag_is_found_whose_type_lies_where_the_worker_cannot_look(
    kind: str, box: Outbox, database: Database
) -> None:
    """Outside the search path, in a schema without USAGE, the operators of `citext` are out of reach; its key is not."""
    run(database, "create schema hidden", "create extension citext schema hidden", superuser=True)
    run(database, "create domain hidden.label as hidden.citext", superuser=True)
    run(database, f"alter table tags alter name type {kind}", superuser=True)
    run(database, "insert into tags (name) values ('pao')", "revoke all on schema hidden from public", superuser=True)
    box.append(page(1), page(2), *(c.ContentTagged(slug=f"p--{n}", tag=tag) for n, tag in ((1, "Pao"), (2, "PAO"))))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert box.parked.count() == 0
    assert rows(database, "select count(*), count(distinct tag_id) from content_tags") == [(2, 1)]
    assert rows(database, "select count(*) from tags") == [(1,)]
    with connect(database.worker_dsn) as connection:
        assert verify_all(connection, box, Path("/nonexistent")).differences == []
    box.append(c.ContentUntagged(slug="p--2", tag="pAo"))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert rows(database, "select count(*) from content_tags") == [(1,)]


def test_repair_says_repaired_of_what_is_as_it_should_be_afterwards(box: Outbox, database: Database) -> None:
    box.append(page(1), page(2))
    drain(box, database.worker_dsn)
    run(database, "update contents set title = 'by hand'")
    run(
        database,
        *trigger("contents", "if new.slug = 'p--1' then new.title := old.title; end if;", when="before update"),
    )
    with connect(database.worker_dsn) as connection:
        found = verify_all(connection, box, Path("/nonexistent"))
        told = {one.what: one.reason for one in repair_all(connection, box, found, greet(connection, box))}
    assert told["content p--2"] is None
    assert "title" in str(told["content p--1"])


def test_a_rule_for_every_row_is_named_and_parks_nobody(box: Outbox, database: Database) -> None:
    """It has no condition, so it is about no event, however few there are."""
    run(database, "create rule t as on insert to contents do instead nothing")
    box.append(page(1))
    with pytest.raises(WorkerError, match=r"drop rule t on public\.contents"):
        drain(box, database.worker_dsn)
    assert box.parked.count() == 0
    run(database, "drop rule t on contents")
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert rows(database, "select count(*) from contents") == [(1,)]


# Rows that are hidden.


@pytest.mark.parametrize("table", ["minds", "tags", "content_projects", "audience_profiles", "contents"])
def test_rows_that_a_policy_hides_are_the_environments(table: str, box: Outbox, database: Database) -> None:
    """Nothing is blamed, the table and the command are named, and all lands once the right is back."""
    run(
        database,
        "insert into minds (slug, display_name) values ('ana', 'Ana')",
        "insert into tags (name) values ('x')",
        "insert into content_projects (slug, name, project_type) values ('theirs', 'T', 'course')",
        "insert into audience_profiles (slug, name) values ('others', 'O')",
        "insert into contents (slug, title, content_type) values ('root', 'R', 'other')",
        f"alter table {table} enable row level security",
        f"drop policy if exists outbox_worker_{table} on {table}",
    )
    box.append(
        *(
            payload
            for number in range(6)
            for payload in (
                c.ProjectUpserted(slug=f"p{number}", name="P", creator_mind="ana", target_audience="others"),
                page(number, project="theirs", parent="root"),
                c.ContentTagged(slug=f"p--{number}", tag="x"),
            )
        )
    )
    with pytest.raises(WorkerError, match=f"public.{table}") as told:
        drain(box, database.worker_dsn)
    assert told.value.exit_code == 3
    assert f"create policy outbox_worker_{table} on public.{table}" in str(told.value)
    assert box.parked.count() == 0
    verb = "select" if table == "minds" else "all"
    check = "" if table == "minds" else " with check (true)"
    run(
        database,
        f"create policy outbox_worker_{table} on public.{table} for {verb} to outbox_worker using (true){check}",
    )
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert (box.parked.count(), rows(database, "select count(*) from content_tags")) == (0, [(6,)])


BOOKKEEPING = {
    "a restrictive policy of the list": "create policy x on outbox.parked as restrictive for select using (false)",
    "one that shows some of it": "create policy x on outbox.parked as restrictive using (state = 'held')",
    "one of the position": "create policy x on outbox.sources as restrictive for select using (false)",
    "one of the identity": "create policy x on outbox.destination as restrictive for select using (false)",
    "one of removed links": "create policy x on outbox.removed_links as restrictive using (linked <> 'x')",
    "one of removed rows": "create policy x on outbox.removed_rows as restrictive for select using (false)",
    "one of the inbox": "create policy x on outbox.inbox as restrictive for select using (false)",
    "the list's own, dropped": "drop policy outbox_worker_parked on outbox.parked",
    "the list's own, narrower": "alter policy outbox_worker_parked on outbox.parked using (state = 'held')",
    "the position's, for reading": "drop policy outbox_worker_sources_read on outbox.sources",
    "the position's, for moving": "drop policy outbox_worker_sources_move on outbox.sources",
    "a right to the list": "revoke select on outbox.parked from outbox_worker",
    "a right to the position": "revoke select on outbox.sources from outbox_worker",
}


@pytest.mark.parametrize("how", BOOKKEEPING)
def test_rows_of_the_bookkeeping_that_are_hidden_are_not_taken_for_none(
    how: str, box: Outbox, database: Database
) -> None:
    """A parked event that is hidden is not gone: nothing goes on, the table and the command are named, the list stays."""
    box.append(page(1), page(2), c.ContentMetadataMerged(slug="p--2", metadata={"a": 1}))
    run(database, "alter table contents add constraint t check (title <> 'Aula 2')")
    drain(box, database.worker_dsn)
    run(database, BOOKKEEPING[how])
    box.append(page(3))
    with pytest.raises(WorkerError, match=r"outbox\.\w+") as told:
        drain(box, database.worker_dsn)
    assert told.value.exit_code == 3
    assert [row.seq for row in box.parked.list()] == [2, 3]
    remedy = told.value.remedy or str(told.value).rpartition(": ")[2]
    run(database, remedy.split(", or ")[0].split(" (docs/")[0])
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [row.seq for row in box.parked.list()] == [2, 3]
    assert rows(database, "select count(*) from contents") == [(2,)]


def test_policies_of_others_on_the_bookkeeping_are_no_obstacle(box: Outbox, database: Database) -> None:
    """What is meant for other roles, and what only shows more, hides nothing."""
    run(
        database,
        "create policy x on outbox.parked as restrictive to authenticated using (false)",
        "create policy y on outbox.parked for select to postgres using (state = 'parked')",
        "create policy z on outbox.sources as restrictive using (true)",
    )
    box.append(page(1))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    with psycopg.connect(database.worker_dsn) as connection:
        assert obstacles.find(connection) == []


def test_an_event_that_is_taken_off_the_list_at_once_is_not_passed(box: Outbox, database: Database) -> None:
    """A trigger deletes what is parked: the position does not pass the event, and the trigger is named."""
    run(
        database,
        "create function nt() returns trigger language plpgsql as $$ begin "
        "delete from outbox.parked where seq = new.seq; return null; end $$",
        "create trigger t after insert on outbox.parked for each row execute function nt()",
        "alter table contents add constraint t check (title <> 'Aula 2')",
    )
    box.append(page(1), page(2), page(3))
    with pytest.raises(WorkerError, match=r"a row of parked as it was.*\(trigger t \(function nt\)\)"):
        drain(box, database.worker_dsn)
    assert rows(database, "select applied_seq from outbox.sources") == [(1,)]
    run(database, "drop trigger t on outbox.parked")
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [row.seq for row in box.parked.list()] == [2]


def test_a_mind_that_is_missing_where_everything_is_seen_is_the_events(box: Outbox, database: Database) -> None:
    box.append(c.ProjectUpserted(slug="p", name="P", creator_mind="nobody"), page(1))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    (parked,) = box.parked.list()
    assert parked.reason == "it refers to mind nobody, which does not exist"


# Keys that no event chooses.


@pytest.mark.parametrize("table", ["tags", "content_minds", "contents"])
def test_a_sequence_that_is_behind_is_named_and_blames_nobody(table: str, box: Outbox, database: Database) -> None:
    """After an import: the key that it hands out is taken. Set right, all lands by itself."""
    run(database, "insert into minds (slug, display_name) values ('ana', 'Ana')")
    if table != "tags":
        run(
            database,
            f"alter table {table} add column number bigint generated by default as identity",
            f"alter table {table} add constraint {table}_number_key unique (number)",
            f"grant usage on sequence {table}_number_seq to outbox_worker",
        )
    box.append(*(page(number) for number in range(1, 3)))
    drain(box, database.worker_dsn)
    imported = {
        "tags": "insert into tags (id, name) select n, 'theirs ' || n from generate_series(1, 40) as n",
        "contents": "insert into contents (number, slug, title, content_type) "
        "select n, 'theirs-' || n, 't', 'other' from generate_series(3, 40) as n",
        "content_minds": "with theirs as (insert into contents (slug, title, content_type) "
        "select 'theirs-' || n, 't', 'other' from generate_series(1, 40) as n returning id) "
        "insert into content_minds (number, content_id, mind_id, role) "
        "select row_number() over (), theirs.id, m.id, 'host' from theirs, minds as m",
    }
    run(database, imported[table])
    box.append(
        *(c.ContentTagged(slug="p--1", tag=f"new {number}") for number in range(8)),
        *(c.ContentMindLinked(slug="p--2", mind="ana", role=role) for role in ("author", "host", "guest")),
        *(page(number) for number in range(3, 6)),
    )
    with pytest.raises(WorkerError, match=rf"the sequence of public.{table}.\w+ is behind.*select setval\(") as told:
        drain(box, database.worker_dsn)
    assert box.parked.count() == 0
    run(database, str(told.value).split(": ")[-1].split(";")[0])
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert box.parked.count() == 0
    assert rows(database, "select count(*) from content_tags") == [(8,)]


@pytest.mark.parametrize("taken", [1, 4, 9])
@pytest.mark.parametrize("hidden", ["", "revoke all on sequence tags_id_seq from outbox_worker, public"])
def test_a_sequence_that_catches_up_while_it_is_tried_parks_nobody(
    taken: int, hidden: str, box: Outbox, database: Database
) -> None:
    """Each try takes a value: by the time that anybody is asked, it may be behind no longer."""
    run(database, f"insert into tags (id, name) select n, 'theirs ' || n from generate_series(1, {taken}) as n")
    if hidden:
        run(database, hidden)
    box.append(page(1), *(c.ContentTagged(slug="p--1", tag=f"new {number}") for number in range(8)))
    told = ""
    for _ in range(taken + 1):  # each try ends in words that name it, or in success
        try:
            drain(box, database.worker_dsn)
            break
        except WorkerError as error:
            told = str(error)
    assert not told or "the sequence of public.tags.id" in told
    assert box.parked.count() == 0
    assert rows(database, "select count(*) from content_tags") == [(8,)]


@pytest.mark.parametrize(
    "how", ["select setval('tags_id_seq', 100, false)", "alter sequence tags_id_seq restart with 100"]
)
def test_a_sequence_that_was_set_right_and_not_used_since_is_no_obstacle(how: str, database: Database) -> None:
    """`setval(…, false)` and `restart` do not count as a value given: the catalogue's view shows neither."""
    run(database, "insert into tags (id, name) select n, 'theirs ' || n from generate_series(1, 40) as n")
    with psycopg.connect(database.dsn, autocommit=True) as owner:
        assert [one.kind for one in obstacles.behind(owner)] == ["sequences"]
        owner.execute(how.encode())
        assert obstacles.behind(owner) == []


# A default, or a trigger, that gives every row the same: for a tag, a content, a project.
UNCHOSEN = {
    "a default": (
        "alter table contents add column token text default 'same' constraint token unique",
        "insert into contents (slug, title, content_type) values ('theirs', 'T', 'other')",
    ),
    "a default of tags": (
        "alter table tags add column token text default 'same' constraint token unique",
        "insert into tags (name) values ('theirs')",
    ),
    "a trigger of projects": (
        "alter table content_projects add column token text constraint token unique",
        *trigger("content_projects", "new.token := 'same';"),
        "insert into content_projects (slug, name) values ('theirs', 'T')",
    ),
}


@pytest.mark.parametrize("how", UNCHOSEN)
def test_a_key_that_no_event_sets_is_nobodys_fault(how: str, box: Outbox, database: Database) -> None:
    """Few are refused, and no sequence is behind: the key is named, and all lands by itself once it is gone."""
    run(database, *UNCHOSEN[how])
    box.append(c.ProjectUpserted(slug="p", name="P"), page(1, project="p"), c.ContentTagged(slug="p--1", tag="x"))
    with pytest.raises(WorkerError, match=r"key token of public\.\w+ has a value that is taken") as told:
        drain(box, database.worker_dsn)
    assert (told.value.exit_code, box.parked.count()) == (3, 0)
    table = str(told.value).partition("public.")[2].split()[0]
    run(database, f"alter table {table} drop constraint token")
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert (box.parked.count(), rows(database, "select count(*) from content_tags")) == (0, [(1,)])


def test_a_key_that_a_trigger_takes_from_the_event_is_the_events(box: Outbox, database: Database) -> None:
    run(
        database,
        "alter table contents add column code text constraint code unique",
        *trigger("contents", "new.code := lower(new.title);"),
        "insert into contents (slug, title, content_type) values ('theirs', 'AULA 2', 'other')",
    )
    box.append(*(page(number) for number in range(1, 4)))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [(row.seq, row.sqlstate) for row in box.parked.list()] == [(2, "23505")]


def test_a_sequence_that_has_no_value_left_is_named_and_blames_nobody(box: Outbox, database: Database) -> None:
    run(database, "alter sequence tags_id_seq maxvalue 2", "insert into tags (name) values ('a'), ('b')")
    box.append(page(1), c.ContentTagged(slug="p--1", tag="x"))
    with pytest.raises(WorkerError, match=r"public.tags.id has no value left after 2: alter sequence ") as told:
        drain(box, database.worker_dsn)
    assert (told.value.exit_code, box.parked.count()) == (3, 0)
    run(database, "alter sequence tags_id_seq no maxvalue")
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert rows(database, "select count(*) from content_tags") == [(1,)]


# What stands in the way is named.

IN_THE_WAY = {
    "42501": ((("create table notes (slug text)",), "insert into public.notes values (new.slug);"), "notes"),
    "42P01": (((), "insert into public.gone values (new.slug);"), "public.gone"),
    "3F000": (((), "execute 'create table nowhere.x ()';"), "nowhere"),
    "42883": (((), "perform public.no_such_function(new.slug);"), "no_such_function"),
    "42703": ((("create table notes (slug text)",), "perform no_such_column from public.notes;"), "no_such_column"),
}


@pytest.mark.parametrize("code", IN_THE_WAY)
def test_what_a_trigger_lacks_is_named_and_said_to_be_the_triggers(code: str, box: Outbox, database: Database) -> None:
    (before, body), name = IN_THE_WAY[code]
    run(database, *before, *trigger("contents", body, when="after insert"))
    box.append(*(page(number) for number in range(1, 3)))
    with pytest.raises(WorkerError) as told:
        drain(box, database.worker_dsn)
    message = str(told.value)
    assert name in message
    assert "a trigger or function of the database" in message
    assert "in function nt() of the database (trigger t on contents)" in message
    assert "worker migrate" not in message
    assert box.parked.count() == 0


@pytest.mark.parametrize("code", IN_THE_WAY)
def test_what_a_trigger_lacks_for_one_row_alone_stops_nobody(code: str, box: Outbox, database: Database) -> None:
    """No neighbour is there to vouch for the others: rows that are made up go through, so it is this row's."""
    (before, body), _ = IN_THE_WAY[code]
    run(database, *before, *trigger("contents", f"if new.title = 'Aula 2' then {body} end if;", when="after insert"))
    box.append(page(1))
    drain(box, database.worker_dsn)
    box.append(page(2))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    (parked,) = box.parked.list()
    assert (parked.seq, parked.sqlstate) == (2, code)
    assert "in function nt() of the database (trigger t on contents)" in parked.reason
    run(database, "drop trigger t on contents")
    box.parked.release(2, Resolution.RETRY)
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert rows(database, "select count(*) from contents") == [(2,)]


def test_a_right_that_we_lack_ourselves_holds_a_lone_event(box: Outbox, database: Database) -> None:
    """No function failed: the right is ours to be given, and the next event needs it as well."""
    box.append(page(1))
    run(database, "revoke insert on contents from outbox_worker")
    with pytest.raises(WorkerError) as told:
        drain(box, database.worker_dsn)
    assert told.value.exit_code == 3
    assert box.parked.count() == 0
    run(database, "grant insert on contents to outbox_worker")
    assert drain(box, database.worker_dsn) is Ending.EMPTY


@pytest.mark.parametrize(
    ("statements", "name"),
    [
        (("alter table contents drop column title", "alter table contents add title text generated always as (slug) stored"), "public.contents.title"),
        (("alter table contents add column owner text", "update contents set owner = 'x'", "alter table contents alter owner set not null"), "public.contents.owner"),
        (("drop view v_contents_with_creators", "alter table contents replica identity nothing", "create publication p for table contents"), "public.contents is published (p)"),
    ],
    ids=["generated column", "required column", "replica identity"],
)  # fmt: skip
def test_a_column_or_a_publication_in_the_way_is_named(
    statements: tuple[str, ...], name: str, box: Outbox, database: Database
) -> None:
    box.append(page(1))
    drain(box, database.worker_dsn)
    if "title" in statements[0]:
        statements = ("drop view v_contents_with_creators", *statements)
    run(database, *statements)
    box.append(page(2), c.ContentStatusChanged(slug="p--1", status="reviewed"))
    with pytest.raises(WorkerError, match=name.replace("(", r"\(").replace(")", r"\)")):
        drain(box, database.worker_dsn)
    assert box.parked.count() == 0


def test_a_policy_that_shows_some_minds_only_is_the_environments(box: Outbox, database: Database) -> None:
    """Some rows are seen, and the one that an event names is not: nobody says that it does not exist."""
    run(
        database,
        "insert into minds (slug, display_name) values ('ana', 'Ana'), ('rui', 'Rui')",
        "alter table minds enable row level security",
        "drop policy if exists outbox_worker_minds on minds",
        "create policy only_ana on minds for select to public using (slug = 'ana')",
    )
    box.append(*(c.ProjectUpserted(slug=f"p{n}", name="P", creator_mind="rui") for n in range(3)))
    with pytest.raises(WorkerError, match="minds") as told:
        drain(box, database.worker_dsn)
    assert (told.value.exit_code, box.parked.count()) == (3, 0)
    run(database, "drop policy only_ana on minds", "create policy every_one on minds for select to public using (true)")
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert rows(database, "select count(*) from content_projects") == [(3,)]


def test_a_policy_that_checks_new_rows_refuses_one_and_lets_the_others_through(box: Outbox, database: Database) -> None:
    run(
        database,
        "create policy no_two on contents as restrictive for insert to public with check (title <> 'Aula 2')",
    )
    box.append(*(page(number) for number in range(1, 4)))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    (parked,) = box.parked.list()
    assert (parked.seq, parked.sqlstate) == (2, "42501")
    assert "no_two" in parked.reason
    assert rows(database, "select count(*) from contents") == [(2,)]


# What the connection string asks for.


@pytest.mark.parametrize(
    "asked",
    [
        "client_encoding=latin1", "options=-c%20client_encoding%3Dlatin1", "options=-c%20DateStyle%3DSQL,DMY",
        "options=-c%20standard_conforming_strings%3Doff", "options=-c%20default_transaction_isolation%3Dserializable",
        "options=-c%20search_path%3D", "options=-c%20row_security%3Doff", "options=-c%20TimeZone%3DAsia/Tokyo",
        "options=-c%20IntervalStyle%3Dsql_standard", "options=-c%20bytea_output%3Descape",
        "options=-c%20extra_float_digits%3D-15",
    ],
)  # fmt: skip
def test_text_and_times_arrive_as_they_were_written_whatever_the_url_asks_for(
    asked: str, box: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "latin1")
    dsn = f"{database.worker_dsn}{'&' if '?' in database.worker_dsn else '?'}{asked}"
    box.append(page(1, body="pão – 🍞 \\ '", metadata={"x": 0.1, "y": 6.02214076e23, "z": "a\\b"}))
    assert drain(box, dsn) is Ending.EMPTY
    assert rows(database, "select content, metadata ->> 'z' from contents") == [("pão – 🍞 \\ '", "a\\b")]
    with connect(dsn) as connection:
        assert verify_all(connection, box, Path("/nonexistent")).differences == []


def test_rules_that_are_switched_off_for_our_role_are_refused_by_name(box: Outbox, database: Database) -> None:
    """Foreign keys and triggers would not be looked at; only a superuser may set it back."""
    box.append(page(1))
    run(database, "alter role outbox_worker set session_replication_role = 'replica'", superuser=True)
    try:
        with pytest.raises(WorkerError, match="session_replication_role") as told:
            drain(box, database.worker_dsn)
    finally:
        run(database, "alter role outbox_worker reset session_replication_role", superuser=True)
    assert (told.value.exit_code, box.parked.count()) == (3, 0)
    assert drain(box, database.worker_dsn) is Ending.EMPTY


def test_five_alike_are_held_whoever_refuses_them_and_released_after_a_restart(box: Outbox, database: Database) -> None:
    """No SQLSTATE among them; what is to be released is remembered in the file, for another worker."""
    box.append(*(page(number) for number in range(1, 8)))
    run(database, *trigger("contents", "return null;", when="before insert"))
    for _ in range(2):
        with pytest.raises(WorkerError, match="5 events in a row"):
            drain(box, database.worker_dsn)
        assert box.parked.count() == 4
    run(database, "drop trigger t on contents")
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert (box.parked.count(), rows(database, "select count(*) from contents")) == (0, [(7,)])


def test_an_endless_wait_of_others_is_charged_to_nobody(box: Outbox, database: Database) -> None:
    """A row that somebody keeps locked: its neighbours land, and still it is only waited for."""
    box.append(page(1), page(2))
    drain(box, database.worker_dsn)
    box.append(
        c.ContentStatusChanged(slug="p--1", status="reviewed"), c.ContentStatusChanged(slug="p--2", status="reviewed")
    )
    waker = NoWaiting()
    with psycopg.connect(database.dsn) as other:
        other.execute("select from contents where slug = 'p--1' for update")
        run(database, "alter role outbox_worker reset lock_timeout")

        def give_way(_seconds: float) -> None:
            other.rollback()

        waker.on_sleep = give_way
        assert relay(box, database.worker_dsn, waker=waker, statement_timeout_ms=1_000).run() is Ending.EMPTY
    assert box.parked.count() == 0
