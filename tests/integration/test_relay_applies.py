"""What the relay makes of events: rows, adopted rows, folded rows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from outbox import Outbox, Payload, ids
from outbox import catalogue as c
from tests.support.lessons import SetClock
from tests.support.make_outbox import PROJECT, filled, lesson, project
from tests.support.postgres import Database, Server
from tests.support.relaying import drain, relay
from tests.support.rows import all_rows
from worker import Ending


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db") as box:
        yield box


def one(database: Database, query: str) -> Any:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
        return row if row is None or len(row) > 1 else row[0]


def test_every_event_type_of_the_catalogue_is_applied(box: Outbox, database: Database) -> None:
    """All types together leave the rows that their effects describe."""
    with psycopg.connect(database.dsn) as connection:
        connection.execute("insert into minds (slug, display_name) values ('ana_padeira', 'Ana')")
    examples = {contract.type: contract.example for contract in c.CONTRACTS.values()}
    slug = examples["content.upserted"].slug
    box.append(
        examples["audience.upserted"],
        c.ProjectUpserted(
            slug="pao-caseiro", name="Pão", target_audience="padeiros-iniciantes", creator_mind="ana_padeira"
        ),
        examples["project.status_changed"],
        c.ContentUpserted(slug="pao-caseiro--modulo-1", title="M", content_type="course_module", project="pao-caseiro"),
        *(payload for type_, payload in examples.items() if type_.startswith("content.") and "un" not in type_),
        c.ContentTagged(slug=slug, tag="outra"),
        c.ContentMindLinked(slug=slug, mind="ana_padeira", role="host"),
        examples["content.untagged"],
        examples["inbox.recorded"],
        examples["content.mind_unlinked"],
        examples["inbox.recorded"],
    )
    assert {event.type for event in box.read()} == set(c.CONTRACTS)
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert one(database, "select type, key, data from outbox.inbox") == (
        "order.placed",
        "A-17",
        {"total": "19.90", "lines": 3},
    )
    assert one(
        database, "select status, creator_mind_id is not null, target_audience_id is not null from content_projects"
    ) == (
        "in_progress",
        True,
        True,
    )
    assert one(
        database,
        "select status, fidelity_score::float, deleted_at is not null, metadata->>'difficulty', sequence_order, "
        f"parent_content_id is not null from contents where slug = '{slug}'",
    ) == ("reviewed", 0.92, True, "beginner", 1, True)
    assert one(database, "select array_agg(role) from content_minds") == ["host"]
    assert one(database, "select array_agg(name) from content_tags join tags on tags.id = tag_id") == ["outra"]


@pytest.mark.parametrize("size", [1, 2, 7, 500])
def test_the_size_of_batches_makes_no_difference(size: int, tmp_path: Path, database: Database, server: Server) -> None:
    """Folding is an optimisation: the rows are those of applying the events one by one."""
    box = filled(tmp_path / "outbox.db", 40)
    other = server.clone(server.migrated())
    assert drain(box, database.worker_dsn, max_events=size) is Ending.EMPTY
    with psycopg.connect(other.dsn, autocommit=True) as connection:
        same = one(database, "select destination_id from outbox.destination")
        connection.execute("update outbox.destination set destination_id = %s", [same])
    assert drain(box, other.worker_dsn, max_events=1) is Ending.EMPTY
    assert all_rows(database.dsn) == all_rows(other.dsn)
    server.drop(other)


@pytest.mark.parametrize("size", [2, 3, 4, 500])
def test_a_link_that_is_removed_and_made_again_is_the_same_in_batches_of_any_size(
    size: int, tmp_path: Path, database: Database, server: Server
) -> None:
    """The new link has its own created_at, and the removal is remembered, also where one batch holds both."""
    other = server.clone(server.migrated())
    for one_of_both in (database, other):
        with psycopg.connect(one_of_both.dsn) as connection:
            connection.execute("insert into minds (id, slug, display_name) values (gen_random_uuid(), 'ana', 'Ana')")
            connection.execute("update minds set id = '00000000-0000-4000-8000-00000000000a' where slug = 'ana'")
            connection.execute("update outbox.destination set destination_id = '00000000-0000-4000-8000-00000000000d'")
    clock = SetClock()
    box = Outbox.open(tmp_path / "outbox.db", clock=clock)
    slug, tag, mind = f"{PROJECT}--aula-1", {"tag": "nova"}, {"mind": "ana", "role": "author"}
    box.append(*project(), lesson(1))
    for payload in (
        c.ContentTagged(slug=slug, **tag), c.ContentMindLinked(slug=slug, **mind),
        c.ContentUntagged(slug=slug, **tag), c.ContentMindUnlinked(slug=slug, **mind),
        c.ContentTagged(slug=slug, **tag), c.ContentMindLinked(slug=slug, **mind),
    ):  # fmt: skip
        clock.move(minutes=1)
        box.append(payload)
    assert drain(box, database.worker_dsn, max_events=size) is Ending.EMPTY
    assert drain(box, other.worker_dsn, max_events=1) is Ending.EMPTY
    rows = all_rows(database.dsn)
    assert rows == all_rows(other.dsn)
    assert len(rows["removed_links"]) == 2
    server.drop(other)


def test_rows_that_were_there_are_adopted_under_their_own_ids(box: Outbox, database: Database) -> None:
    """Matched by slug; the server's id stays, references lead to it, columns we do not own stay as they are."""
    with psycopg.connect(database.dsn) as connection:
        connection.execute(
            f"insert into content_projects (slug, name, description) values ('{PROJECT}', 'old', 'theirs')"
        )
        connection.execute(
            f"insert into contents (slug, title, content_type, metadata, published_url) "
            f"values ('{PROJECT}--aula-1', 'old', 'course_lesson', '{{\"theirs\": 1, \"duration_minutes\": 99}}', 'https://x')"
        )
    old_project = one(database, "select id from content_projects")
    old_lesson = one(database, "select id from contents")
    box.append(*project(), lesson(1))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert one(database, "select id, name, description from content_projects") == (old_project, "Curso X", "theirs")
    row = one(
        database,
        "select id, project_id, metadata->>'theirs', metadata->>'duration_minutes', published_url, last_event_id "
        f"from contents where slug = '{PROJECT}--aula-1'",
    )
    assert row[:5] == (old_lesson, old_project, "1", "1", "https://x")
    assert row[5] == box.read(after=box.last_seq - 1)[0].event_id
    assert old_lesson != ids.content_id(f"{PROJECT}--aula-1")


def test_an_older_event_never_overwrites_a_newer_one(tmp_path: Path, database: Database) -> None:
    """Two outboxes write one content: whichever is delivered last, the newest event wins."""
    clock = SetClock()
    first, second = Outbox.open(tmp_path / "a.db", clock=clock), Outbox.open(tmp_path / "b.db", clock=clock)
    first.append(*project(), lesson(1, body="older"))
    clock.move(seconds=1)  # between hosts, what is said within one millisecond has no order
    second.append(*project(), lesson(1, body="newer"))
    drain(second, database.worker_dsn)
    drain(first, database.worker_dsn)
    assert one(database, f"select content from contents where slug = '{PROJECT}--aula-1'") == "newer"
    clock.move(seconds=1)
    first.append(lesson(1, body="newest"))
    drain(first, database.worker_dsn)
    assert one(database, f"select content from contents where slug = '{PROJECT}--aula-1'") == "newest"


def test_a_patch_newer_than_anothers_row_is_applied_without_the_older_state_folded_into_it(
    tmp_path: Path, database: Database
) -> None:
    """Folding leaves out what is stale first: an old body must not ride along with a new status."""
    clock = SetClock()
    first, second = Outbox.open(tmp_path / "a.db", clock=clock), Outbox.open(tmp_path / "b.db", clock=clock)
    first.append(*project(), lesson(1, body="old body"))
    clock.move(seconds=1)
    second.append(*project(), lesson(1, body="body of the other host"))
    clock.move(seconds=1)
    first.append(c.ContentStatusChanged(slug=f"{PROJECT}--aula-1", status="reviewed"))
    drain(second, database.worker_dsn)
    drain(first, database.worker_dsn)
    row = one(database, f"select content, status from contents where slug = '{PROJECT}--aula-1'")
    assert row == ("body of the other host", "reviewed")


def test_fields_left_open_stay_and_null_clears(box: Outbox, database: Database) -> None:
    """UNSET leaves a column alone, None sets it to null; metadata is merged by top-level key."""
    slug = f"{PROJECT}--aula-1"

    def upsert(**values: Any) -> Payload:
        return c.ContentUpserted(slug=slug, title="t", content_type="course_lesson", **values)

    box.append(upsert(body="text", published_url="u", metadata={"a": 1, "b": 1}))
    drain(box, database.worker_dsn)
    box.append(upsert(published_url=None, metadata={"b": 2}))
    drain(box, database.worker_dsn)
    assert one(database, "select content, published_url, metadata from contents") == ("text", None, {"a": 1, "b": 2})


def test_a_deleted_content_is_revived_by_its_next_state(box: Outbox, database: Database) -> None:
    """Deletion is a date; the next upsert takes it back."""
    box.append(*project(), lesson(1), c.ContentDeleted(slug=f"{PROJECT}--aula-1"))
    drain(box, database.worker_dsn)
    assert one(database, f"select deleted_at is not null from contents where slug = '{PROJECT}--aula-1'")
    box.append(lesson(1, body="again"))
    drain(box, database.worker_dsn)
    assert not one(database, f"select deleted_at is not null from contents where slug = '{PROJECT}--aula-1'")


def test_an_unchanged_body_is_not_stored_again(box: Outbox, database: Database) -> None:
    """The stored text and its full-text index are left alone when only other columns change."""
    box.append(*project(), lesson(1, body="x" * 20_000 + "".join(map(str, range(9000)))))
    drain(box, database.worker_dsn)
    before = one(
        database, "select pg_relation_size(reltoastrelid) from pg_class where oid = 'public.contents'::regclass"
    )
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("update contents set last_event_id = null")
    with psycopg.connect(database.worker_dsn, autocommit=True) as connection:
        connection.execute("update outbox.sources set applied_seq = 0, applied_event_id = null")
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    after = one(
        database, "select pg_relation_size(reltoastrelid) from pg_class where oid = 'public.contents'::regclass"
    )
    assert before == after > 0


def test_a_large_event_passes(box: Outbox, database: Database) -> None:
    """A transcript of 15 MB goes through in one pipeline without a hang."""
    box.append(*project(), lesson(1, body="palavra " * 1_900_000))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert one(database, f"select length(content) from contents where slug = '{PROJECT}--aula-1'") == 15_200_000


def test_links_and_tags_that_are_removed_later_are_gone(box: Outbox, database: Database) -> None:
    """Each in a transaction of its own; what was not removed stays."""
    with psycopg.connect(database.dsn) as connection:
        connection.execute("insert into minds (slug, display_name) values ('ana', 'Ana'), ('bia', 'Bia')")
    slug = f"{PROJECT}--aula-1"
    box.append(
        *project(),
        lesson(1),
        *(c.ContentTagged(slug=slug, tag=tag) for tag in ("a", "b")),
        *(c.ContentMindLinked(slug=slug, mind=mind, role="host") for mind in ("ana", "bia")),
    )
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    box.append(c.ContentUntagged(slug=slug, tag="a"), c.ContentMindUnlinked(slug=slug, mind="bia", role="host"))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert one(database, "select array_agg(name) from content_tags join tags on tags.id = tag_id") == ["b"]
    assert one(database, "select array_agg(slug) from content_minds join minds on minds.id = mind_id") == ["ana"]


@pytest.mark.parametrize("field", ["creator_mind", "persona_mind"])
@pytest.mark.parametrize("by", ["slug", "id"])
def test_a_project_names_its_minds_by_slug_or_by_id(field: str, by: str, box: Outbox, database: Database) -> None:
    with psycopg.connect(database.dsn) as connection:
        connection.execute("insert into minds (slug, display_name) values ('ana', 'Ana')")
    identity = one(database, "select id from minds")
    named = "ana" if by == "slug" else str(identity)
    values: dict[str, Any] = {field: named}
    box.append(c.ProjectUpserted(slug="p", name="P", **values))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert one(database, f"select {field}_id from content_projects") == identity
    assert one(database, "select num_nonnulls(creator_mind_id, persona_mind_id) from content_projects") == 1


def test_a_tag_has_the_type_that_the_event_says_and_none_otherwise(box: Outbox, database: Database) -> None:
    slug = f"{PROJECT}--aula-1"
    box.append(
        *project(),
        lesson(1),
        c.ContentTagged(slug=slug, tag="a", tag_type="topic"),
        c.ContentTagged(slug=slug, tag="b"),
    )
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert one(database, "select json_object_agg(name, tag_type order by name)::text from tags") == (
        '{ "a" : "topic", "b" : null }'
    )


def test_rows_that_fill_more_than_a_statement_are_written_by_several(
    box: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one transaction, so that nothing else can be told; the memory of a batch is that of a few of its rows."""
    monkeypatch.setattr("worker.apply.projection.STATEMENT_BYTES", 1)
    box.append(*project(), *(lesson(number) for number in range(8)))
    statements = (
        "create table statements (at xid); create function note() returns trigger language plpgsql security definer "
    )
    statements += "as $$ begin insert into public.statements select pg_current_xact_id()::xid; return null; end $$; "
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(statements.encode())
        connection.execute("create trigger note after insert on contents for each statement execute function note()")
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    written = one(database, "select count(*) from contents")
    assert one(database, "select count(*), count(distinct at::text) from statements") == (written, 1)


def test_a_row_that_points_at_one_made_after_it_goes_with_it_in_one_statement(
    box: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lesson that is moved, in the batch that makes it, to a module made later: the database sees both at once."""
    monkeypatch.setattr("worker.apply.projection.STATEMENT_BYTES", 1)
    later = c.ContentUpserted(slug=f"{PROJECT}--later", title="L", content_type="course_module", project=PROJECT)
    box.append(*project(), lesson(1), later, replace(lesson(1), parent=later.slug))
    batches: list[int] = []
    one_relay = relay(box, database.worker_dsn, on_batch=lambda seq, *_: batches.append(seq))
    assert one_relay.run() is Ending.EMPTY
    assert batches == [box.last_seq]
