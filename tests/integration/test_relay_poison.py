"""Poison is contained: the event is parked, its dependants held, everything else flows, and order holds afterwards."""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from outbox import Event, Outbox, ParkedState, Resolution
from outbox import catalogue as c
from outbox.operating import resolve
from tests.support.fault_proxy import FaultProxy
from tests.support.make_outbox import PROJECT, got_in, lesson, project
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting, drain, relay
from worker import Ending, NewerEvent, WorkerError
from worker.connect.connection import connect
from worker.faults.verdict import Judgement
from worker.proof.verify import verify_all


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db") as box:
        yield box


def rows(database: Database, query: str) -> list[Any]:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        return connection.execute(query).fetchall()


def refuse(database: Database, slug: str) -> None:
    """A rule of the database that one lesson breaks."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(f"alter table contents add constraint refused check (slug <> '{slug}' or title = 'mended')")


def mend(database: Database) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("alter table contents drop constraint refused")


@pytest.mark.parametrize("bad", [1, 2, 50, 99, 100])
def test_poison_at_any_place_of_a_batch_is_parked_and_the_others_land(
    bad: int, box: Outbox, database: Database
) -> None:
    """Head, middle or tail: the one event is found and parked, 99 land."""
    box.append(*project(), *(lesson(number) for number in range(1, 101)))
    refuse(database, f"{PROJECT}--aula-{bad}")
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    landed = {row[0] for row in rows(database, "select slug from contents where content_type = 'course_lesson'")}
    assert landed == {f"{PROJECT}--aula-{number}" for number in range(1, 101)} - {f"{PROJECT}--aula-{bad}"}
    (parked,) = box.parked.list()
    assert parked.seq == 3 + bad
    assert parked.sqlstate == "23514"
    assert "refused" in parked.reason
    assert rows(database, "select seq, state, sqlstate, payload from outbox.parked") == [
        (3 + bad, "parked", "23514", None)
    ]


def test_dependants_are_held_and_land_in_order_after_the_release(box: Outbox, database: Database) -> None:
    """A parked module holds its lessons and whatever arrives for them later; released, all land in the log's order."""
    box.append(*project("a"), lesson(1, project="a"), *project("b"), lesson(1, project="b"))
    refuse(database, "a--modulo-1")
    drain(box, database.worker_dsn)
    box.append(
        c.ContentStatusChanged(slug="a--aula-1", status="reviewed"),
        c.ContentStatusChanged(slug="b--aula-1", status="reviewed"),
        lesson(1, project="a", body="second"),
    )
    drain(box, database.worker_dsn)
    states = [(row.seq, row.state, row.behind_seq) for row in box.parked.list()]
    assert states == [
        (3, ParkedState.PARKED, None),
        (4, ParkedState.HELD, 3),
        (9, ParkedState.HELD, 3),
        (11, ParkedState.HELD, 3),
    ]
    assert rows(database, "select slug, status from contents where slug like '%aula%'") == [("b--aula-1", "reviewed")]
    mend(database)
    box.parked.release(3, Resolution.RETRY)
    drain(box, database.worker_dsn)
    assert box.parked.count() == 0
    assert rows(database, "select 1 from outbox.parked") == []
    assert rows(database, "select status, content from contents where slug = 'a--aula-1'") == [("reviewed", "second")]


def test_the_database_too_says_what_is_held_and_behind_what(box: Outbox, database: Database) -> None:
    """Whoever looks there alone finds the reason."""
    box.append(*project(), lesson(1))
    refuse(database, f"{PROJECT}--modulo-1")
    drain(box, database.worker_dsn)
    held = rows(
        database, "select seq, event_id, state, verdict, sqlstate, reason, attempts from outbox.parked where seq = 4"
    )
    assert held == [(4, box.event(4).event_id, "held", "dependency", None, "waits for event 3, which is parked", 0)]
    assert [(row.seq, row.verdict, row.reason) for row in box.parked.list()][1:] == [
        (4, "dependency", "waits for event 3, which is parked")
    ]


def test_what_is_released_before_the_event_that_it_waits_for_is_held_again(box: Outbox, database: Database) -> None:
    """Order holds, whoever let it go."""
    box.append(*project(), lesson(1))
    refuse(database, f"{PROJECT}--modulo-1")
    drain(box, database.worker_dsn)
    held = box.parked.list()[1]
    box.parked.rewrite([replace(held, state=ParkedState.RELEASING, behind_seq=None)])  # whatever the file says
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    states = [(row.seq, row.state, row.behind_seq) for row in box.parked.list()]
    assert states == [(3, ParkedState.PARKED, None), (4, ParkedState.HELD, 3)]
    assert rows(database, "select 1 from contents where slug like '%aula-1'") == []


def test_an_edited_event_lands_as_edited(box: Outbox, database: Database) -> None:
    """The operator's payload is applied; the log keeps the original."""
    box.append(*project(), lesson(1))
    refuse(database, f"{PROJECT}--aula-1")
    drain(box, database.worker_dsn)
    edited = box.event(4).payload_json.replace("Aula 1 – ação ✅", "mended")
    box.parked.release(4, Resolution.EDIT, payload_json=edited)
    drain(box, database.worker_dsn)
    assert rows(database, f"select title from contents where slug = '{PROJECT}--aula-1'") == [("mended",)]
    assert "ação" in box.event(4).payload_json


def test_a_discarded_event_leaves_no_row_and_frees_what_waited(box: Outbox, database: Database) -> None:
    """Discarding passes over the event for good; what was held behind it is tried, and blamed for itself."""
    box.append(*project(), lesson(1), lesson(2))
    refuse(database, f"{PROJECT}--aula-1")
    drain(box, database.worker_dsn)
    box.append(c.ContentFidelityScored(slug=f"{PROJECT}--aula-1", score=0.5))
    drain(box, database.worker_dsn)
    box.parked.release(4, Resolution.DISCARD)
    drain(box, database.worker_dsn)
    (left,) = box.parked.list()
    assert left.seq == 6
    assert "does not exist" in left.reason


def test_a_released_event_that_fails_again_is_parked_again(box: Outbox, database: Database) -> None:
    """Nothing is lost by a retry that comes too early."""
    box.append(*project(), lesson(1))
    refuse(database, f"{PROJECT}--aula-1")
    drain(box, database.worker_dsn)
    box.parked.release(4, Resolution.RETRY)
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    (parked,) = box.parked.list()
    assert (parked.state, parked.attempts) == (ParkedState.PARKED, 3)
    there = rows(database, "select attempts, verdict, sqlstate, reason from outbox.parked")
    assert there == [(3, "poison", "23514", parked.reason)]
    assert (parked.verdict, parked.sqlstate) == ("poison", "23514")
    assert "refused" in parked.reason


def test_an_outage_while_a_released_event_is_taken_up_charges_nobody(box: Outbox, database: Database) -> None:
    """The line is cut under it: it stays released, and lands once the database is back."""
    box.append(*project(), lesson(1))
    refuse(database, f"{PROJECT}--aula-1")
    drain(box, database.worker_dsn)
    mend(database)
    box.parked.release(4, Resolution.RETRY)
    with FaultProxy(database.worker_dsn) as proxy:
        proxy.plan.cut_request = lambda chunk: b"insert into" in chunk and proxy.plan.cuts == 0
        assert relay(box, proxy.dsn, waker=NoWaiting()).run() is Ending.EMPTY
        assert proxy.plan.cuts == 1
    assert box.parked.count() == 0
    assert rows(database, "select count(*) from contents where content_type = 'course_lesson'") == [(1,)]
    assert box.connection.execute("select count(*), count(ended_at) from outages").fetchone() == (1, 1)


def test_a_reference_to_nothing_is_parked_with_its_name_never_nulled(box: Outbox, database: Database) -> None:
    """A parent, project, audience or mind that is neither in the log before nor in the database: a fault of the event."""
    box.append(
        c.ContentUpserted(slug="p--a", title="t", content_type="course_lesson", parent="p--missing"),
        c.ContentUpserted(slug="p--b", title="t", content_type="course_lesson", project="missing"),
        c.ProjectUpserted(slug="q", name="q", creator_mind="nobody"),
        c.ProjectUpserted(slug="r", name="r", target_audience="no-one"),
        c.ContentStatusChanged(slug="p--never", status="draft"),
        *project(),
    )
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    reasons = [row.reason for row in box.parked.list()]
    assert len(reasons) == 5
    for reason, name in zip(reasons, ["p--missing", "missing", "nobody", "no-one", "p--never"], strict=True):
        assert name in reason
        assert "does not exist" in reason
    assert rows(database, "select count(*) from contents") == [(2,)]


def test_a_reference_to_what_comes_later_in_the_log_is_not_resolved_by_the_size_of_the_batch(
    box: Outbox, database: Database
) -> None:
    """Order decides, not where a batch happens to end."""
    box.append(
        c.ContentUpserted(slug="p--child", title="t", content_type="course_lesson", parent="p--parent"),
        c.ContentUpserted(slug="p--parent", title="t", content_type="course_module"),
    )
    drain(box, database.worker_dsn)
    assert [row.seq for row in box.parked.list()] == [1]


def test_a_unique_clash_on_another_column_is_not_taken_for_done(box: Outbox, database: Database) -> None:
    """A value that is taken by another slug is reported, not swallowed."""
    box.append(*project(), lesson(1))
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("create unique index one_title on contents (title)")
        connection.execute(
            "insert into contents (slug, title, content_type) select 'theirs', %s, 'other'", [lesson(1).title]
        )
    drain(box, database.worker_dsn)
    (parked,) = box.parked.list()
    assert (parked.seq, parked.sqlstate) == (4, "23505")


def test_an_id_that_is_taken_keeps_no_content_out(box: Outbox, database: Database) -> None:
    """Rows are known by their slugs: this one gets another id, and what refers to it finds it."""
    box.append(*project(), lesson(1))
    taken = box.event(4).aggregate_id
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(
            "insert into contents (id, slug, title, content_type) values (%s, 'theirs', 't', 'other')", [taken]
        )
    drain(box, database.worker_dsn)
    assert box.parked.count() == 0
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        found = connection.execute("select id from contents where slug = %s", [lesson(1).slug]).fetchone()
    assert found == (box.event(4).event_id,)


def test_what_postgres_parked_is_restored_when_the_file_forgot_it(box: Outbox, database: Database) -> None:
    """A crash between the two databases: the transaction in Postgres is the truth."""
    box.append(*project(), lesson(1))
    refuse(database, f"{PROJECT}--aula-1")
    drain(box, database.worker_dsn)
    box.parked.rewrite(gone=[4])
    assert box.parked.count() == 0
    drain(box, database.worker_dsn)
    (parked,) = box.parked.list()
    assert (parked.seq, parked.state) == (4, ParkedState.PARKED)


def test_of_many_parked_events_each_is_put_right_whatever_stands_before_it(box: Outbox, database: Database) -> None:
    """One went through before a crash and one was forgotten; each stands behind one on which both databases agree."""
    box.append(*project(), *(lesson(number) for number in range(1, 5)))
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("alter table contents add constraint refused check (slug not like '%aula%')")
    drain(box, database.worker_dsn)
    assert [row.seq for row in box.parked.list()] == [4, 5, 6, 7]
    box.parked.release(5, Resolution.RETRY)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("delete from outbox.parked where seq = 5")
    box.parked.rewrite(gone=[7])
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [(row.seq, row.state) for row in box.parked.list()] == [(seq, ParkedState.PARKED) for seq in (4, 6, 7)]


def test_what_the_file_forgot_is_held_again_behind_the_same_event(box: Outbox, database: Database) -> None:
    """Not the parked event alone: what waited for it waits for it again, and lands after it."""
    box.append(*project(), lesson(1))
    refuse(database, f"{PROJECT}--modulo-1")
    drain(box, database.worker_dsn)

    def listed() -> list[Any]:
        return [(row.seq, row.state, row.behind_seq, row.sqlstate, row.attempts) for row in box.parked.list()]

    before = listed()
    assert [row[:3] for row in before] == [(3, ParkedState.PARKED, None), (4, ParkedState.HELD, 3)]
    box.parked.rewrite(gone=[3, 4])
    assert listed() == []
    drain(box, database.worker_dsn)
    assert listed() == before
    mend(database)
    box.parked.release(3, Resolution.RETRY)
    drain(box, database.worker_dsn)
    assert box.parked.count() == 0
    assert rows(database, "select count(*) from contents") == [(3,)]


class Killed(BaseException):
    """As no handler of ours would catch it."""


def test_a_release_that_went_through_is_not_done_twice_after_a_kill(
    box: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Postgres has it and the file was never told: the next connection tells it, and what waited goes on."""
    box.append(*project(), lesson(1))
    refuse(database, f"{PROJECT}--modulo-1")
    drain(box, database.worker_dsn)
    mend(database)
    box.parked.release(3, Resolution.RETRY)

    rewrite = box.parked.rewrite

    def die(*rows: Any, gone: Sequence[int] = (), **others: Any) -> None:
        if gone:
            raise Killed
        rewrite(*rows, **others)

    with monkeypatch.context() as patched:
        patched.setattr(box.parked, "rewrite", die)
        with pytest.raises(Killed):
            drain(box, database.worker_dsn)
    assert [(row.seq, row.state) for row in box.parked.list()] == [
        (3, ParkedState.RELEASING),
        (4, ParkedState.RELEASING),
    ]
    with psycopg.connect(database.dsn, autocommit=True) as connection:  # somebody else's change since
        connection.execute("update contents set title = 'by hand' where slug = %s", [f"{PROJECT}--modulo-1"])
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert box.parked.count() == 0
    assert rows(database, "select title from contents where slug like '%modulo-1'") == [("by hand",)]
    assert rows(database, "select count(*) from contents where slug like '%aula-1'") == [(1,)]


@pytest.mark.parametrize("how", [Resolution.RETRY, Resolution.DISCARD], ids=["retry", "discard"])
def test_what_somebody_else_resolved_meanwhile_is_not_applied_once_more(
    how: Resolution, box: Outbox, database: Database
) -> None:
    """Two workers, one list: the second finds it gone from the database, and takes it off its own list."""
    box.append(*project(), lesson(1))
    refuse(database, f"{PROJECT}--aula-1")
    drain(box, database.worker_dsn)
    mend(database)
    box.append(lesson(2), lesson(3))

    def resolved_by_another(seq: int, *_: object) -> None:
        if seq == 5:
            box.parked.release(4, how)
            with psycopg.connect(database.dsn, autocommit=True) as connection:
                connection.execute("delete from outbox.parked where seq = 4")

    assert relay(box, database.worker_dsn, max_events=1, on_batch=resolved_by_another).run() is Ending.EMPTY
    assert box.parked.count() == 0
    landed = rows(database, "select sequence_order from contents where content_type = 'course_lesson' order by 1")
    assert landed == [(2,), (3,)]


def test_what_somebody_else_resolved_meanwhile_is_not_parked_again(
    box: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused once more here while another worker discarded it: it stays resolved."""
    box.append(*project(), lesson(1), lesson(2))
    refuse(database, f"{PROJECT}--aula-1")
    drain(box, database.worker_dsn)
    box.parked.release(4, Resolution.RETRY)
    refused: list[int] = []

    def resolved_by_another(judgement: Judgement, _error: Exception, event: Event) -> Judgement:
        refused.append(event.seq)
        with psycopg.connect(database.dsn, autocommit=True) as connection:
            connection.execute("delete from outbox.parked where seq = 4")
        return judgement

    monkeypatch.setattr("worker.faults.failures.name_missing", resolved_by_another)
    drain(box, database.worker_dsn)
    assert refused == [4]
    assert box.parked.count() == 0
    assert rows(database, "select count(*) from outbox.parked") == [(0,)]


def test_a_database_set_back_to_before_an_event_was_parked_tries_it_anew(box: Outbox, database: Database) -> None:
    """Neither it nor what was held behind it, nor a release that was under way, is on the list any more."""
    box.append(*project(), lesson(1), lesson(2))
    refuse(database, f"{PROJECT}--modulo-1")
    drain(box, database.worker_dsn)
    assert [row.seq for row in box.parked.list()] == [3, 4, 5]
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("delete from outbox.parked")
        connection.execute("update outbox.sources set applied_seq = 2, applied_event_id = %s", [box.event(2).event_id])
    mend(database)
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert box.parked.count() == 0
    assert rows(database, "select count(*) from contents") == [(4,)]


BATCH = 1000
# Every place is tried with POISON_STEP=1; by default head, tail, and some between.
STEP = int(os.environ.get("POISON_STEP", "333"))


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("thousand") / "outbox.db"
    with Outbox.open(path) as box:
        box.append(
            *(c.ContentUpserted(slug=f"p--{n}", title="t", content_type="other") for n in range(1, BATCH + 1)),
            *(c.ContentStatusChanged(slug=f"p--{n}", status="reviewed") for n in range(1, BATCH + 1)),
        )
        box.checkpoint()
    return path


@pytest.mark.parametrize("bad", sorted({1, BATCH, *range(1, BATCH + 1, STEP)}))
def test_poison_at_every_place_of_a_batch_of_a_thousand(
    bad: int, thousand: Path, database: Database, tmp_path: Path
) -> None:
    """999 land, the dependant of the one is held, and both land in order after the edit."""
    shutil.copy(thousand, tmp_path / "outbox.db")
    refuse(database, f"p--{bad}")
    with Outbox.open(tmp_path / "outbox.db") as box:
        assert drain(box, database.worker_dsn, max_events=BATCH) is Ending.EMPTY
        assert rows(database, "select count(*), count(*) filter (where status = 'reviewed') from contents") == [
            (999, 999)
        ]
        states = [(row.seq, row.state) for row in box.parked.list()]
        assert states == [(bad, ParkedState.PARKED), (BATCH + bad, ParkedState.HELD)]
        resolve.edit(box, bad, {**box.event(bad).payload, "title": "mended"}, "a title that the database takes")
        assert drain(box, database.worker_dsn) is Ending.EMPTY
        assert box.parked.count() == 0
    assert rows(database, f"select title, status from contents where slug = 'p--{bad}'") == [("mended", "reviewed")]


def test_a_superseded_event_lands_before_what_came_after_it(database: Database, tmp_path: Path) -> None:
    """The file's present text is applied in the old place of the order; the later state of the log wins in the end."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("alter table contents add constraint refused check (content not like '%bad%')")
    with Outbox.open(tmp_path / "outbox.db", content_root=tmp_path / "content") as box:
        page = c.ContentUpserted(slug="p--a", title="one", content_type="other", body="bad", file_path="a.md")
        with box.unit() as unit:
            unit.write("a.md", b"bad")
            unit.append(page)
        drain(box, database.worker_dsn)
        box.append(
            c.ContentMetadataMerged(slug="p--a", metadata={"k": 1}),
            c.ContentUpserted(slug="p--a", title="two", content_type="other"),
        )
        drain(box, database.worker_dsn)
        assert [row.state for row in box.parked.list()] == [ParkedState.PARKED, ParkedState.HELD, ParkedState.HELD]
        (tmp_path / "content" / "a.md").write_text("good")
        resolve.supersede(box, 1, "mended by hand")
        drain(box, database.worker_dsn)
        assert box.parked.count() == 0
    assert rows(database, "select title, content, metadata->'k' from contents") == [("two", "good", 1)]


def test_a_deferred_constraint_blames_the_right_event(box: Outbox, database: Database) -> None:
    """It fails at COMMIT, after every statement went through: the search finds the one all the same."""
    box.append(*project(), *(lesson(number) for number in range(1, 31)))
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(
            "create function late() returns trigger language plpgsql as 'begin "
            f"if new.slug = ''{PROJECT}--aula-17'' then raise check_violation; end if; return null; end'"
        )
        connection.execute(
            "create constraint trigger late after insert on contents deferrable initially deferred "
            "for each row execute function late()"
        )
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [row.seq for row in box.parked.list()] == [20]
    assert rows(database, "select count(*) from contents where content_type = 'course_lesson'") == [(29,)]


@pytest.mark.parametrize(
    "text",
    [
        "{not json",
        "[" * 100_000,
        "[]",
        "{}",
        '{"slug": "p--bad"}',
        '{"slug": "p--bad", "title": "a\\u0000b", "content_type": "other"}',
        '{"slug": "p--bad", "title": "a\\ud800b", "content_type": "other"}',
        '{"slug": "p--bad", "title": "t", "content_type": "other", "sequence_order": 99999999999999999999}',
    ],
    ids=["not JSON", "nested too deeply", "not an object", "no slug", "no title", "NUL", "lone surrogate", "bigint"],
)
def test_what_cannot_be_read_or_stored_is_parked_and_its_neighbours_land(
    text: str, box: Outbox, database: Database, tmp_path: Path
) -> None:
    """Append refuses all of these; one that got in all the same is told apart, and `verify` reads past it."""
    box.append(*project(), lesson(1))
    bad = got_in(box, text)
    box.append(lesson(2), lesson(3))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [(row.seq, row.state) for row in box.parked.list()] == [(bad, ParkedState.PARKED)]
    assert rows(database, "select count(*) from contents where content_type = 'course_lesson'") == [(3,)]
    with connect(database.worker_dsn) as connection:
        found = verify_all(connection, box, tmp_path)
    assert [one.kind for one in found.differences] == ["parked"]


def test_both_databases_know_the_same_of_a_parked_event(box: Outbox, database: Database) -> None:
    """Whoever looks at Postgres alone reads the reason there: verdict, code, words, attempts; and no payload."""
    box.append(*project(), lesson(1), lesson(2, body="refused"))
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("alter table contents add constraint no check (content <> 'refused')")
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    (here,) = box.parked.list()
    there = rows(database, "select seq, event_id, type, state, verdict, sqlstate, reason, attempts from outbox.parked")
    assert there == [
        (here.seq, box.event(here.seq).event_id, here.type, "parked", "poison", "23514", here.reason, here.attempts)
    ]
    assert here.reason


@pytest.mark.parametrize("before", [0, 1, 4])
def test_a_newer_version_is_held_and_blames_nobody(before: int, box: Outbox, database: Database) -> None:
    """What stands before it lands, be it one event; then everything waits for the worker that knows it."""
    box.append(*[*project(), lesson(1)][:before])
    newer = got_in(box, '{"slug": "p--new"}', version=99)
    box.append(lesson(2))
    with pytest.raises(NewerEvent, match=f"event {newer}"):
        drain(box, database.worker_dsn)
    assert box.parked.count() == 0
    assert rows(database, "select max(applied_seq) from outbox.sources") == [(newer - 1,)]


@pytest.mark.parametrize(
    ("rule", "sqlstate", "reason"),
    [
        (
            "alter table contents alter column fidelity_score set not null",
            "23502",
            "a value that the database requires is missing (column fidelity_score)",
        ),
        (
            "alter table contents add constraint small check (sequence_order is null)",
            "23514",
            "a check of the database is not met (constraint small)",
        ),
    ],
    ids=["column", "constraint"],
)
def test_the_reason_names_what_the_database_named_and_no_value(
    rule: str, sqlstate: str, reason: str, box: Outbox, database: Database
) -> None:
    """On the list and in the log, with all that an operator looks it up by."""
    box.append(*project(), lesson(1))
    drain(box, database.worker_dsn)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("update contents set fidelity_score = 0.5, sequence_order = null")
        connection.execute(rule.encode())
    box.append(lesson(2))
    with capture_logs() as lines:
        assert drain(box, database.worker_dsn) is Ending.EMPTY
    (parked,) = box.parked.list()
    assert (parked.seq, parked.sqlstate, parked.reason) == (5, sqlstate, reason)
    (line,) = [line for line in lines if line["event"] == "relay.event_parked"]
    event = box.event(5)
    assert line == {
        "event": "relay.event_parked",
        "log_level": "error",
        "seq": 5,
        "event_id": str(event.event_id),
        "type": "content.upserted",
        "aggregate_id": str(event.aggregate_id),
        "sqlstate": sqlstate,
        "reason": reason,
    }


def test_each_release_that_is_refused_is_charged_in_both_databases(box: Outbox, database: Database) -> None:
    """The reason is that of the last refusal; the position stays, and what waits behind it goes on waiting."""
    box.append(*project(), lesson(1), c.ContentFidelityScored(slug=f"{PROJECT}--aula-1", score=0.5))
    refuse(database, f"{PROJECT}--aula-1")
    drain(box, database.worker_dsn)
    mend(database)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(f"alter table contents add constraint other check (slug <> '{PROJECT}--aula-1')")
    for attempts in (3, 4):
        box.parked.release(4, Resolution.RETRY)
        with capture_logs() as lines:
            assert drain(box, database.worker_dsn) is Ending.EMPTY
        here, held = box.parked.list()
        assert (here.state, here.attempts, here.verdict, here.sqlstate) == (
            ParkedState.PARKED,
            attempts,
            "poison",
            "23514",
        )
        assert here.reason == "a check of the database is not met (constraint other)"
        assert (held.state, held.behind_seq) == (ParkedState.HELD, 4)
        assert rows(database, "select seq, state, attempts, reason from outbox.parked where state = 'parked'") == [
            (4, "parked", attempts, here.reason)
        ]
        assert [line["seq"] for line in lines if line["event"] == "relay.event_parked_again"] == [4]
        assert [line for line in lines if line["event"] == "relay.event_released"] == []
    assert rows(database, "select applied_seq from outbox.sources") == [(5,)]


def test_what_was_released_waits_for_a_table_that_is_missing_and_is_not_charged(
    box: Outbox, database: Database
) -> None:
    """It is nobody's fault: still released, and it lands once the table is back."""
    box.append(*project(), lesson(1))
    refuse(database, f"{PROJECT}--aula-1")
    drain(box, database.worker_dsn)
    mend(database)
    box.parked.release(4, Resolution.RETRY)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("alter table contents rename to gone")
    with pytest.raises(WorkerError, match="a table is missing"):
        drain(box, database.worker_dsn)
    (row,) = box.parked.list()
    assert (row.state, row.attempts) == (ParkedState.RELEASING, 2)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("alter table gone rename to contents")
    with capture_logs() as lines:
        assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert box.parked.count() == 0
    (line,) = [line for line in lines if line["event"] == "relay.event_released"]
    assert (line["seq"], line["resolution"]) == (4, "retry")
    assert rows(database, "select count(*) from contents") == [(3,)]


def test_the_culprit_is_looked_for_in_halves_and_batches_grow_again_behind_it(box: Outbox, database: Database) -> None:
    """Every half that is well is committed; they grow once the sixteen that failed are behind."""
    box.append(*(c.ContentUpserted(slug=f"p--{n}", title="t", content_type="other") for n in range(1, 33)))
    refuse(database, "p--11")
    ends: list[int] = []
    one = relay(box, database.worker_dsn, max_events=16, halves_from=None, on_batch=lambda seq, *_: ends.append(seq))
    assert one.run() is Ending.EMPTY
    assert ends == [8, 10, 11, 12, 13, 14, 15, 16, 18, 22, 30, 32]
    assert [row.seq for row in box.parked.list()] == [11]


def test_what_was_held_behind_one_is_held_behind_the_next_that_fails(box: Outbox, database: Database) -> None:
    """The module lands, its lesson is refused for itself: the score of the lesson waits for the lesson now."""
    box.append(*project(), lesson(1), c.ContentFidelityScored(slug=f"{PROJECT}--aula-1", score=0.5))
    refuse(database, f"{PROJECT}--modulo-1")
    drain(box, database.worker_dsn)
    waiting = rows(
        database, "select seq, state, verdict, reason, attempts from outbox.parked where seq > 3 order by seq"
    )
    assert waiting == [(seq, "held", "dependency", "waits for event 3, which is parked", 0) for seq in (4, 5)]
    mend(database)
    refuse(database, f"{PROJECT}--aula-1")
    box.parked.release(3, Resolution.RETRY)
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    listed = [(row.seq, row.state, row.behind_seq) for row in box.parked.list()]
    assert listed == [(4, ParkedState.PARKED, None), (5, ParkedState.HELD, 4)]
    mend(database)
    box.parked.release(4, Resolution.RETRY)
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert box.parked.count() == 0
    assert rows(database, "select fidelity_score::float from contents where slug like '%aula-1'") == [(0.5,)]


def test_an_event_that_the_file_lost_is_not_missed_on_the_parked_list(box: Outbox, database: Database) -> None:
    """A salvage could not save it: nobody can apply it any more, and the others are restored all the same."""
    box.append(*(c.ContentUpserted(slug=f"p--{n}", title="t", content_type="other") for n in range(1, 4)))
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("alter table contents add constraint refused check (slug = 'p--3')")
    drain(box, database.worker_dsn)
    box.parked.rewrite(gone=[1, 2])
    for (trigger,) in box.connection.execute("select name from sqlite_master where type = 'trigger'").fetchall():
        box.connection.execute(f"drop trigger {trigger}")
    box.connection.execute("delete from events where seq = 1")
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [(row.seq, row.state) for row in box.parked.list()] == [(2, ParkedState.PARKED)]
