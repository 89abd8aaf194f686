"""What is parked has one truth: whatever happens meanwhile, it comes back once, in order, as was decided."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

import psycopg
import pytest

from outbox import Outbox, ParkedState, Resolution, read_status
from outbox import catalogue as c
from outbox.log.transaction import write_transaction
from outbox.notes import audit
from outbox.notes.parked import Parked
from outbox.operating import assess, plan_prune, prune, resolve
from outbox.ops.check import run_checks
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting, drain, relay
from worker import Ending
from worker.apply.fold import decode
from worker.apply.position import Position, greet
from worker.apply.projection import Batch, apply_batch
from worker.apply.stamps import Stamps
from worker.connect.connection import Limits, connect
from worker.faults.parking import ParkedList
from worker.proof.verify import verify_all
from worker.run.replay import _rewind, rewind


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db") as box:
        yield box


def run(database: Database, *statements: str) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def rows(database: Database, query: str) -> list[Any]:
    with psycopg.connect(database.dsn) as connection:
        return connection.execute(query.encode()).fetchall()


def page(slug: str, title: str = "t", parent: str | None = None) -> c.ContentUpserted:
    return c.ContentUpserted(slug=f"p--{slug}", title=title, content_type="other", parent=parent)


REFUSING = "alter table contents add constraint refused check (title <> 'bad')"
MENDED = "alter table contents drop constraint refused"


def second_version_parked(box: Outbox, database: Database) -> None:
    """Event 1 is delivered, 2 is parked, 3 and 4 are held behind it."""
    box.append(page("a", "one"))
    drain(box, database.worker_dsn)
    run(database, REFUSING)
    box.append(
        page("a", "bad"),
        c.ContentStatusChanged(slug="p--a", status="reviewed"),
        c.ContentTagged(slug="p--a", tag="k"),
        page("b"),
    )
    drain(box, database.worker_dsn)
    assert [(row.seq, row.state) for row in box.parked.list()] == [
        (2, ParkedState.PARKED),
        (3, ParkedState.HELD),
        (4, ParkedState.HELD),
    ]


def all_is_well(box: Outbox, database: Database, tmp_path: Path) -> None:
    assert box.parked.count() == 0
    assert rows(database, "select count(*) from outbox.parked") == [(0,)]
    assert [found for found in run_checks(box) if not found.ok] == []
    assert assess(read_status(box, box.clock.now())).trouble == ()
    with connect(database.worker_dsn) as connection:
        assert verify_all(connection, box, tmp_path).differences == []


DECISIONS = {
    "retry": lambda box: resolve.retry(box, 2),
    "edit": lambda box: resolve.edit(box, 2, {**box.event(2).payload, "title": "Bom"}, "r"),
    "discard": lambda box: resolve.discard(box, 2, "r"),
}


@pytest.mark.parametrize("from_seq", [1, 2, 3, 4])
@pytest.mark.parametrize("decision", DECISIONS)
def test_a_replay_while_something_is_parked_leaves_nothing_held_for_ever(
    from_seq: int, decision: str, box: Outbox, database: Database, tmp_path: Path
) -> None:
    """From before it, from it, or from among what waits for it; decided about afterwards, all arrives in order."""
    second_version_parked(box, database)
    with connect(database.worker_dsn) as connection:
        _rewind(connection, box, greet(connection, box), from_seq - 1)
    assert rows(database, f"select seq from outbox.parked where seq >= {from_seq}") == []
    drain(box, database.worker_dsn)
    assert [row.seq for row in box.parked.list()] == [2, 3, 4]
    if decision == "retry":
        run(database, MENDED)
    DECISIONS[decision](box)
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    all_is_well(box, database, tmp_path)
    titles = {"retry": "bad", "edit": "Bom", "discard": "one"}
    assert rows(database, "select title, status from contents where slug = 'p--a'") == [(titles[decision], "reviewed")]


def test_rows_that_a_version_before_left_beyond_the_position_are_read_again(
    box: Outbox, database: Database, tmp_path: Path
) -> None:
    """Its replay set the position back and left them: they were held behind themselves."""
    second_version_parked(box, database)
    run(
        database,
        MENDED,
        "alter table outbox.sources disable trigger position_of_parked",
        "update outbox.sources set applied_seq = 0, applied_event_id = null",
        "alter table outbox.sources enable trigger position_of_parked",
    )
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    all_is_well(box, database, tmp_path)


def test_a_list_that_speaks_of_events_of_another_log_is_written_anew(
    box: Outbox, database: Database, tmp_path: Path
) -> None:
    second_version_parked(box, database)
    others = [replace(row, reason="of another log") for row in box.parked.list()]
    others[0] = replace(others[0], event_id=uuid.UUID(int=7))
    with Outbox.open(tmp_path / "outbox.db") as other:
        other.parked.rewrite(gone=[2, 3, 4])
        other.parked.rewrite(others)
    drain(box, database.worker_dsn)
    assert [(row.seq, row.event_id, row.reason) for row in box.parked.list()] == [
        (seq, box.event(seq).event_id, reason)
        for seq, reason in [
            (2, box.parked.list()[0].reason),
            (3, "waits for event 2, which is parked"),
            (4, "waits for event 2, which is parked"),
        ]
    ]
    assert "of another log" not in box.parked.list()[0].reason
    run(database, MENDED)
    box.parked.release(2, Resolution.RETRY)
    drain(box, database.worker_dsn)
    all_is_well(box, database, tmp_path)


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_decision_that_was_carried_out_is_so_again_in_a_database_that_went_back(
    decision: str, box: Outbox, database: Database, tmp_path: Path
) -> None:
    """Parked there again, as the backup has it: nobody is asked twice, and nothing is applied as it was not decided."""
    second_version_parked(box, database)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("create table kept as select * from outbox.parked")
    if decision == "retry":
        run(database, MENDED)
    DECISIONS[decision](box)
    drain(box, database.worker_dsn)
    run(
        database,
        "insert into outbox.parked select * from kept",
        "update contents set title = 'one', status = 'draft', last_event_id = null where slug = 'p--a'",
    )
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    all_is_well(box, database, tmp_path)
    titles = {"retry": "bad", "edit": "Bom", "discard": "one"}
    assert rows(database, "select title, status from contents where slug = 'p--a'") == [(titles[decision], "reviewed")]


@pytest.mark.parametrize("decision", [None, *DECISIONS])
def test_a_decision_from_a_list_that_is_out_of_date_takes_effect_or_is_told(
    decision: str | None, database: Database, tmp_path: Path
) -> None:
    """A backup of the file was put back: it says parked, and Postgres has applied it since."""
    path = tmp_path / "outbox.db"
    with Outbox.open(path) as box:
        second_version_parked(box, database)
        box.checkpoint()
        shutil.copy(path, tmp_path / "backup.db")
        run(database, MENDED)
        resolve.retry(box, 2)
        drain(box, database.worker_dsn)
    for name in ("outbox.db-wal", "outbox.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup.db", path)
    with Outbox.open(path) as box:
        assert box.parked.count() == 3
        if decision is not None:
            DECISIONS[decision](box)
        assert drain(box, database.worker_dsn) is Ending.EMPTY
        title = "Bom" if decision == "edit" else "bad"
        assert rows(database, "select title from contents where slug = 'p--a'") == [(title,)]
        if decision == "discard":
            (told,) = assess(read_status(box, box.clock.now())).trouble
            assert told.text == "what was decided about event 2 came too late: it had been delivered"
        else:
            all_is_well(box, database, tmp_path)


@pytest.mark.parametrize("clock", [monotonic, count().__next__], ids=["at the end", "as soon as can be"])
@pytest.mark.parametrize("step", range(1, 9))
def test_a_death_at_any_write_of_a_release_is_made_good_by_the_next_start(
    step: int,
    clock: Callable[[], float],
    box: Outbox,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Postgres has it and the file not yet, however far the file came: nothing is held behind what is no more."""
    second_version_parked(box, database)
    run(database, MENDED)
    resolve.retry(box, 2)
    enter, leave, writes = write_transaction.__enter__, write_transaction.__exit__, 0

    def living(self: write_transaction) -> None:
        if writes >= step:
            raise KeyboardInterrupt
        enter(self)

    def dying(self: write_transaction, *raised: Any) -> None:
        nonlocal writes
        writes += not self._joined
        leave(self, *((KeyboardInterrupt, KeyboardInterrupt(), None) if writes == step else raised))
        if writes == step:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(write_transaction, "__enter__", living)
        patched.setattr(write_transaction, "__exit__", dying)
        with pytest.raises(KeyboardInterrupt):
            relay(box, database.worker_dsn, max_events=1, clock=clock).run()
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    all_is_well(box, database, tmp_path)
    assert rows(database, "select title, status from contents where slug = 'p--a'") == [("bad", "reviewed")]


def test_released_events_and_new_ones_take_turns(box: Outbox, database: Database) -> None:
    """A new event of another content does not wait for thousands that were let go, nor they for it."""
    box.append(page("m", "bad"), *(page(str(number), parent="p--m") for number in range(40)))
    run(database, REFUSING)
    drain(box, database.worker_dsn)
    run(database, MENDED)
    resolve.retry(box, 1)
    box.append(*(page(f"new-{number}") for number in range(3)))
    left: list[int] = []
    one = relay(
        box,
        database.worker_dsn,
        max_events=4,
        halves_from=None,
        on_batch=lambda *_: left.append(rows(database, "select count(*) from outbox.parked")[0][0]),
    )
    assert one.run() is Ending.EMPTY
    assert left == [37]  # after one batch of the released ones
    assert box.parked.count() == 0


def test_what_left_the_list_is_noted_together_and_before_the_worker_waits(
    box: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write of the file for each batch would be a quarter of a release; a pause, or its end, finds nothing to note."""
    box.append(page("m", "bad"), *(page(str(number), parent="p--m") for number in range(40)))
    run(database, REFUSING)
    drain(box, database.worker_dsn)
    run(database, MENDED)
    resolve.retry(box, 1)
    batches, listed = 0, [0]
    released, rewrite = ParkedList.released, Parked.rewrite

    def counting(self: ParkedList, seqs: list[int]) -> None:
        nonlocal batches
        released(self, seqs)
        batches += 1
        if batches == 5:
            box.relay.pause()

    def writing(self: Parked, *rows: Any, **more: Any) -> None:
        rewrite(self, *rows, **more)
        listed.append(box.parked.count())

    def waits(_seconds: float) -> None:
        assert [(box.parked.count(),)] == rows(database, "select count(*) from outbox.parked")
        box.relay.resume()

    monkeypatch.setattr(ParkedList, "released", counting)
    monkeypatch.setattr(Parked, "rewrite", writing)
    one = relay(
        box, database.worker_dsn, waker=NoWaiting(on_sleep=waits), max_events=4, halves_from=None, clock=lambda: 0.0
    )
    assert one.run() is Ending.EMPTY
    # Restated at the start; the first batch, which was decided about; what had left at the pause; the rest.
    assert (batches, listed[1:]) == (11, [41, 37, 21, 0])


def test_a_file_that_shows_what_only_waits_as_waited_for_is_written_anew_first(
    box: Outbox, database: Database, tmp_path: Path
) -> None:
    """A version before this one wrote such rows; the one in the middle leaves first, and nothing is refused."""
    second_version_parked(box, database)
    box.connection.execute("drop trigger a_row_becomes_held")
    box.connection.execute("update parked set behind_seq = 3 where seq = 4")
    run(database, MENDED)
    resolve.retry(box, 2)
    assert relay(box, database.worker_dsn, max_events=1, clock=count().__next__).run() is Ending.EMPTY
    all_is_well(box, database, tmp_path)
    assert rows(database, "select title, status from contents where slug = 'p--a'") == [("bad", "reviewed")]


def test_what_comes_anew_does_not_overtake_what_was_let_go(box: Outbox, database: Database, tmp_path: Path) -> None:
    """Of one aggregate, the order of the log holds, also while its events are being taken up."""
    box.append(page("m", "bad"), *(page(str(number), "old", parent="p--m") for number in range(12)))
    run(database, REFUSING)
    drain(box, database.worker_dsn)
    run(database, MENDED)
    resolve.retry(box, 1)
    box.append(*(page(str(number), "new", parent="p--m") for number in range(12)))
    assert relay(box, database.worker_dsn, max_events=3).run() is Ending.EMPTY
    all_is_well(box, database, tmp_path)
    assert rows(database, "select distinct title from contents where slug <> 'p--m'") == [("new",)]


def test_an_event_that_is_set_aside_lets_the_others_pass(box: Outbox, database: Database, tmp_path: Path) -> None:
    """Before its turn comes; what depends on it waits, and a decision about it is like any other."""
    box.append(page("a"), page("b"), c.ContentTagged(slug="p--b", tag="k"), page("c"))
    resolve.set_aside(box, 2, "looked into")
    assert [row.seq for row in box.parked.list()] == [2]
    drain(box, database.worker_dsn)
    assert [(row.seq, row.state, row.verdict) for row in box.parked.list()] == [
        (2, ParkedState.PARKED, "operator"),
        (3, ParkedState.HELD, "dependency"),
    ]
    assert rows(database, "select slug from contents order by 1") == [("p--a",), ("p--c",)]
    assert [act.action for act in audit.trail(box.connection, seq=2)] == ["park"]
    resolve.retry(box, 2)
    drain(box, database.worker_dsn)
    all_is_well(box, database, tmp_path)


def test_what_is_set_aside_and_given_back_before_its_turn_is_delivered(
    box: Outbox, database: Database, tmp_path: Path
) -> None:
    box.append(page("a"), page("b"))
    resolve.set_aside(box, 2, "looked into")
    resolve.retry(box, 2)
    drain(box, database.worker_dsn)
    all_is_well(box, database, tmp_path)
    assert rows(database, "select count(*) from contents") == [(2,)]


def test_what_is_given_back_before_its_turn_and_refused_then_is_parked_for_all_to_see(
    box: Outbox, database: Database, tmp_path: Path
) -> None:
    """Its decision was carried out and refused: the list in the file has it at once, with what waits for it."""
    run(database, REFUSING)
    box.append(page("a"), page("b", "bad"), c.ContentTagged(slug="p--b", tag="k"))
    resolve.set_aside(box, 2, "looked into")
    resolve.retry(box, 2)
    drain(box, database.worker_dsn)
    assert [(row.seq, row.state, row.attempts) for row in box.parked.list()] == [
        (2, ParkedState.PARKED, 2),
        (3, ParkedState.HELD, 0),
    ]
    assert rows(database, "select seq from outbox.parked order by 1") == [(2,), (3,)]
    run(database, MENDED)
    resolve.retry(box, 2)
    drain(box, database.worker_dsn)
    all_is_well(box, database, tmp_path)
    assert rows(database, "select count(*) from contents") == [(2,)]


def test_setting_aside_what_is_on_its_way_comes_too_late_and_stops_no_later_note(
    box: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker hears of the decision between applying the event and noting that: the rows tell what became of it."""
    run(database, REFUSING)
    box.append(page("a"), page("b"))
    passed = ParkedList.passed

    def decided_meanwhile(self: ParkedList, position: Position, events: Any, parkings: Any) -> None:
        if any(event.seq == 2 for event in events):
            resolve.set_aside(box, 2, "looked into")
            self.take_in()
            box.append(page("c", "bad"))
        passed(self, position, events, parkings)

    monkeypatch.setattr(ParkedList, "passed", decided_meanwhile)
    drain(box, database.worker_dsn)
    assert [(row.seq, row.state) for row in box.parked.list()] == [(3, ParkedState.PARKED)]
    assert [row[0] for row in box.connection.execute("select outcome from outcomes")] == ["too_late"]
    run(database, MENDED)
    resolve.retry(box, 3)
    drain(box, database.worker_dsn)
    assert "event 2 came too late" in str(assess(read_status(box, box.clock.now())).trouble)
    assert rows(database, "select count(*) from contents") == [(3,)]


def test_what_is_decided_while_another_decision_is_noted_as_too_late_is_not_overlooked(
    box: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All decisions are read anew then: the list in the file has to lose what it shows because of one of these."""
    box.append(page("a"), page("b"), page("c"))
    passed, settled = ParkedList.passed, ParkedList.settled

    def decided_on_its_way(self: ParkedList, position: Position, events: Any, parkings: Any) -> None:
        passed(self, position, events, parkings)
        if any(event.seq == 2 for event in events):
            resolve.set_aside(box, 2, "looked into")

    def decided_meanwhile(self: ParkedList, outcomes: Any) -> None:
        if 2 in outcomes:
            resolve.set_aside(box, 3, "looked into")
            resolve.retry(box, 3)
        settled(self, outcomes)

    monkeypatch.setattr(ParkedList, "passed", decided_on_its_way)
    monkeypatch.setattr(ParkedList, "settled", decided_meanwhile)
    drain(box, database.worker_dsn, max_events=1)
    assert box.parked.count() == 0
    drain(box, database.worker_dsn)
    told = box.connection.execute("select action, outcome from audit join outcomes on audit.id = decision_id")
    assert [*told] == [("park", "too_late"), ("retry", "applied")]


def test_what_was_discarded_on_its_way_and_is_let_go_after_all_takes_effect(
    box: Outbox, database: Database, tmp_path: Path
) -> None:
    """The position passed it without effect before anybody noted so; a retry that was answered with success has to be one."""
    box.append(page("a"), page("b"))
    resolve.set_aside(box, 1, "not now")
    resolve.discard(box, 1, "no use")
    with connect(database.worker_dsn) as connection:  # as a worker does it that is cut off before its note
        position = greet(connection, box)
        ParkedList(box).load(connection, position)
        batch = Batch(apply=decode([box.event(2)]), to=box.event(2))
        apply_batch(connection, batch, outbox_id=box.outbox_id, position=position, limits=Limits(), stamps=Stamps(box))
    resolve.set_aside(box, 1, "look at it again")
    resolve.retry(box, 1)
    drain(box, database.worker_dsn)
    assert rows(database, "select slug from contents order by 1") == [("p--a",), ("p--b",)]
    assert box.connection.execute("select outcome from outcomes order by id desc limit 1").fetchone() == ("applied",)
    all_is_well(box, database, tmp_path)


def test_a_discarded_first_version_takes_along_what_only_adds_to_it(
    box: Outbox, database: Database, tmp_path: Path
) -> None:
    """Patches, tags and links up to the next version: one decision, not one for each."""
    run(database, REFUSING)
    box.append(
        page("a", "bad"),
        c.ContentStatusChanged(slug="p--a", status="reviewed"),
        c.ContentTagged(slug="p--a", tag="k"),
        c.ContentMetadataMerged(slug="p--a", metadata={"k": 1}),
        page("a", "second"),
        c.ContentFidelityScored(slug="p--a", score=0.5),
    )
    drain(box, database.worker_dsn, max_events=1)  # one by one: folded into the next version it would go through
    assert resolve.discard(box, 1, "no use") == (2, 3, 4)
    drain(box, database.worker_dsn)
    all_is_well(box, database, tmp_path)
    assert rows(database, "select title, status from contents") == [("second", "draft")]


def test_a_released_event_that_is_slow_gets_more_time_and_blocks_nobody(
    box: Outbox, database: Database, tmp_path: Path
) -> None:
    """As a new one would; and those that come meanwhile do not wait for it."""
    run(database, REFUSING)
    box.append(page("slow", "bad"))
    drain(box, database.worker_dsn)
    run(
        database,
        MENDED,
        "create function slow() returns trigger language plpgsql as 'begin "
        "if new.slug = ''p--slow'' then perform pg_sleep(1.5); end if; return new; end'",
        "create trigger slow before insert on contents for each row execute function slow()",
    )
    resolve.retry(box, 1)
    box.append(page("new"))
    assert relay(box, database.worker_dsn, waker=NoWaiting(), statement_timeout_ms=500).run() is Ending.EMPTY
    all_is_well(box, database, tmp_path)


def test_a_blame_is_taken_back_after_a_restart(box: Outbox, database: Database, tmp_path: Path) -> None:
    """Whom the hold has blamed is noted in the file."""
    run(database, REFUSING)
    box.append(*(page(str(number), "bad") for number in range(9)))
    waker = NoWaiting()
    waker.on_sleep = lambda _seconds: setattr(waker, "stopping", True)
    assert relay(box, database.worker_dsn, waker=waker, until_empty=False).run() is Ending.STOPPED
    assert box.parked.count() == 4
    run(database, MENDED)
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    all_is_well(box, database, tmp_path)
    assert [act.who for act in audit.trail(box.connection) if act.action == Resolution.RETRY.value] == ["worker"] * 4


def test_a_blame_is_taken_back_although_nobody_heard_that_the_database_was_mended(
    box: Outbox, database: Database, tmp_path: Path
) -> None:
    """The last event goes through, and the line is cut before the answer: no other event comes that could show it."""
    run(database, REFUSING)
    box.append(*(page(str(number), "bad") for number in range(5)))
    waker = NoWaiting()
    waker.on_sleep = lambda _seconds: setattr(waker, "stopping", True)
    assert relay(box, database.worker_dsn, waker=waker, until_empty=False).run() is Ending.STOPPED
    assert box.parked.count() == 4
    run(database, MENDED)
    with connect(database.worker_dsn) as connection:  # as the worker that is cut off does it
        batch, position = Batch(apply=decode([box.event(5)]), to=box.event(5)), greet(connection, box)
        apply_batch(connection, batch, outbox_id=box.outbox_id, position=position, limits=Limits(), stamps=Stamps(box))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    all_is_well(box, database, tmp_path)


@pytest.mark.parametrize("when", ["before its turn", "on the list"])
@pytest.mark.parametrize("how", ["edit", "discard"])
def test_what_is_set_aside_in_a_replay_and_decided_about_takes_effect_or_is_told(
    how: str, when: str, box: Outbox, database: Database, tmp_path: Path
) -> None:
    """Its row is there, with the name of this very event: that it was applied again proves nothing."""
    box.append(page("a", "one"), c.ContentStatusChanged(slug="p--a", status="reviewed"), page("b"))
    drain(box, database.worker_dsn)
    with connect(database.worker_dsn) as connection:
        rewind(connection, box, 1)
    resolve.set_aside(box, 1, "look at it first")
    if when == "on the list":
        drain(box, database.worker_dsn)
        assert [row.seq for row in box.parked.list()] == [1, 2]
    if how == "edit":
        resolve.edit(box, 1, {**box.event(1).payload, "title": "two"}, "better")
    else:
        resolve.discard(box, 1, "no use", alone=True)
    drain(box, database.worker_dsn)
    title = "two" if how == "edit" else "one"
    assert rows(database, "select slug, title, status from contents order by 1") == [
        ("p--a", title, "reviewed"),
        ("p--b", "t", "draft"),
    ]
    if how == "edit":
        all_is_well(box, database, tmp_path)
    else:
        (trouble,) = assess(read_status(box, box.clock.now())).trouble
        assert "came too late" in trouble.text
    told = box.connection.execute("select outcome from outcomes order by id desc limit 1").fetchone()
    assert told == ("applied" if how == "edit" else "too_late",)


@pytest.mark.parametrize("then", ["nothing", "replay", "set aside in a replay and retried"])
def test_an_edit_of_what_was_delivered_takes_effect_again_in_a_database_that_went_back(
    then: str, box: Outbox, database: Database, tmp_path: Path
) -> None:
    """Its row was written again, and the position stood beyond it before and after: the position does not tell."""
    box.append(page("a", "one"), page("b"))
    drain(box, database.worker_dsn)
    run(
        database,
        "create table kept as select * from contents",
        "create table kept_source as select * from outbox.sources",
    )
    with connect(database.worker_dsn) as connection:
        rewind(connection, box, 1)
    resolve.set_aside(box, 1, "look at it first")
    resolve.edit(box, 1, {**box.event(1).payload, "title": "two"}, "better")
    drain(box, database.worker_dsn)
    assert rows(database, "select title from contents where slug = 'p--a'") == [("two",)]
    run(
        database,
        "update contents as c set title = k.title, last_event_id = k.last_event_id from kept as k where c.id = k.id",
        "update outbox.sources as s set applied_at = k.applied_at, newest_event_id = k.newest_event_id"
        " from kept_source as k where s.outbox_id = k.outbox_id",
    )
    if then != "nothing":
        with connect(database.worker_dsn) as connection:
            rewind(connection, box, 2 if then == "replay" else 1)
    if then == "set aside in a replay and retried":
        resolve.set_aside(box, 1, "look again")
        resolve.retry(box, 1)
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert rows(database, "select title from contents where slug = 'p--a'") == [("two",)]
    all_is_well(box, database, tmp_path)


def test_what_a_person_wrote_into_an_edited_row_stays_as_long_as_the_database_goes_on(
    box: Outbox, database: Database
) -> None:
    """A decision is looked at again where it was lost, and at no other time."""
    box.append(page("a", "one"))
    drain(box, database.worker_dsn)
    with connect(database.worker_dsn) as connection:
        rewind(connection, box, 1)
    resolve.set_aside(box, 1, "look at it first")
    resolve.edit(box, 1, {**box.event(1).payload, "title": "two"}, "better")
    drain(box, database.worker_dsn)
    run(database, "update contents set title = 'by hand'")
    box.append(page("b"))
    drain(box, database.worker_dsn)
    drain(box, database.worker_dsn)
    assert rows(database, "select title from contents where slug = 'p--a'") == [("by hand",)]


def test_what_another_worker_let_go_and_somebody_pruned_is_only_read_anew(
    box: Outbox, database: Database, tmp_path: Path
) -> None:
    """Two workers on one file, against the lock: the first still has the event on its list, and the log no longer."""
    run(database, REFUSING)
    box.append(page("a", "bad"), page("b"))
    waker = NoWaiting()

    def behind_its_back(_seconds: float) -> None:
        if len(waker.slept) > 1:  # in the session after the one that was in for a surprise
            waker.stopping = len(waker.slept) > 2
            return
        run(database, MENDED)
        resolve.retry(box, 1)
        drain(box, database.worker_dsn)
        with connect(database.worker_dsn) as connection:
            verify_all(connection, box, tmp_path)
        prune(box, plan_prune(box, keep_days=0))
        assert box.relay.pruned_below > 1

    waker.on_sleep = behind_its_back
    assert relay(box, database.worker_dsn, waker=waker, until_empty=False).run() is Ending.STOPPED
    all_is_well(box, database, tmp_path)
