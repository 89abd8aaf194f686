"""What people decide on a host about parked events takes effect at the centre, in order: real nats-server and PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from outbox import Outbox, Outcome, Resolution
from outbox import catalogue as c
from tests.support.fleet import Fleet, Host, add_lessons, course, fleet, on_the_list, positions, refuse
from tests.support.make_outbox import lesson
from tests.support.postgres import Database
from worker.bus import central


@pytest.fixture
def bus(tmp_path: Path, database: Database) -> Iterator[Fleet]:
    with fleet(tmp_path, database) as made:
        yield made


def mend(database: Database) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("alter table contents drop constraint refused")


def title_of(database: Database, slug: str) -> str | None:
    with psycopg.connect(database.dsn) as connection:
        row = connection.execute("select title from contents where slug = %s", [slug]).fetchone()
    return None if row is None else str(row[0]).partition(" –")[0]


def outcome_of(box: Outbox, seq: int) -> Outcome | None:
    decision = box.decisions().of(seq)
    assert decision is not None
    return decision.outcome


def attempts(database: Database) -> list[tuple[int, ...]]:
    with psycopg.connect(database.dsn) as connection:
        return connection.execute("select seq, attempts from outbox.parked where state = 'parked'").fetchall()


SLUG = "one--aula-7"


def with_poison(bus: Fleet, database: Database, path: Path) -> tuple[Host, int, int]:
    """A host whose lesson 7 is refused, with a later event that is held behind it."""
    refuse(database, SLUG)
    host = bus.host(course(path / "1.db", "one", 10))
    host.box.append(c.ContentTagged(slug=SLUG, tag="later"))
    bus.until_all_is_applied()
    poison, held = on_the_list(database)
    assert {row.seq: row.state for row in host.box.parked.list()} == {poison: "parked", held: "held"}
    assert "refused" in host.box.parked.list()[0].reason
    return host, poison, held


def settled(bus: Fleet, box: Outbox, seq: int, outcome: Outcome) -> None:
    bus.until(lambda: outcome_of(box, seq) is outcome, rounds=30)


def test_a_retry_is_carried_out_and_what_waited_follows(bus: Fleet, database: Database, tmp_path: Path) -> None:
    host, poison, _ = with_poison(bus, database, tmp_path)
    mend(database)
    host.box.parked.release(poison, Resolution.RETRY, reason="mended")
    settled(bus, host.box, poison, Outcome.APPLIED)
    bus.until(lambda: on_the_list(database) == {} and not host.box.parked.list(), rounds=30)
    assert title_of(database, SLUG) is not None
    with psycopg.connect(database.dsn) as connection:
        assert connection.execute("select count(*) from content_tags").fetchone() != (0,)


def test_a_retry_that_is_refused_again_is_parked_again_and_can_be_decided_anew(
    bus: Fleet, database: Database, tmp_path: Path
) -> None:
    host, poison, held = with_poison(bus, database, tmp_path)
    host.box.parked.release(poison, Resolution.RETRY, reason="hoping")
    settled(bus, host.box, poison, Outcome.REFUSED)
    assert {row.seq: row.state for row in host.box.parked.list()} == {poison: "parked", held: "held"}
    sent, tried = bus.centre.counts.words, attempts(database)
    for _ in range(5):
        host.step()
        bus.centre.step()
    assert bus.centre.counts.words == sent, "and is not tried again by itself"
    for number in range(11, 14):
        add_lessons(host.box, "one", range(number, number + 1))
        bus.until_all_is_applied()
    assert attempts(database) == tried, "nor beside what comes later"
    mend(database)
    host.box.parked.release(poison, Resolution.RETRY, reason="mended")
    settled(bus, host.box, poison, Outcome.APPLIED)


@pytest.mark.parametrize("how", [Resolution.RETRY, Resolution.EDIT])
def test_what_was_refused_is_not_tried_again_by_a_centre_that_reads_the_same_news_once_more(
    bus: Fleet, database: Database, tmp_path: Path, how: Resolution
) -> None:
    """Not even where the host, which had not heard, told it twice: the row says which decision led to it."""
    host, poison, held = with_poison(bus, database, tmp_path)
    edited = host.box.event(poison).payload_json.replace("Aula", "Edited") if how is Resolution.EDIT else None
    host.box.parked.release(poison, how, payload_json=edited, reason="hoping")
    host.step()
    host.waker.now += 100
    host.step()
    settled(bus, host.box, poison, Outcome.REFUSED)
    tried = attempts(database)
    mend(database)
    bus.centre = bus.new_centre()
    for _ in range(5):
        bus.centre.step()
        host.step()
    assert attempts(database) == tried
    assert on_the_list(database) == {poison: "parked", held: "held"}
    assert title_of(database, SLUG) is None
    host.box.parked.release(poison, Resolution.RETRY, reason="mended")
    settled(bus, host.box, poison, Outcome.APPLIED)
    assert title_of(database, SLUG) == ("Aula 7" if edited is None else "Edited 7")


def test_a_centre_that_starts_again_acts_on_no_decision_before_it_has_heard_the_last(
    bus: Fleet, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was put back to before a retry; its news is read again first, then that the event was discarded."""
    host, poison, _ = with_poison(bus, database, tmp_path)
    host.box.parked.release(poison, Resolution.RETRY, reason="hoping")
    settled(bus, host.box, poison, Outcome.REFUSED)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("update outbox.parked set carried_out = null")
    mend(database)
    host.box.parked.release(poison, Resolution.DISCARD, reason="not wanted after all")
    host.step()
    monkeypatch.setattr(central, "READ_BYTES", 1)
    bus.centre = bus.new_centre()
    settled(bus, host.box, poison, Outcome.DISCARDED)
    assert title_of(database, SLUG) is None


def test_an_edit_takes_effect_as_it_was_edited_and_before_what_came_later(
    bus: Fleet, database: Database, tmp_path: Path
) -> None:
    """The later event of the same lesson waits for it, wherever it comes from."""
    host, poison, _ = with_poison(bus, database, tmp_path)
    mend(database)
    event = host.box.event(poison)
    host.box.parked.release(
        poison, Resolution.EDIT, payload_json=event.payload_json.replace("Aula", "Edited"), reason="typo"
    )
    edited = title_of(database, SLUG)
    settled(bus, host.box, poison, Outcome.APPLIED)
    assert edited is None
    assert title_of(database, SLUG) == "Edited 7"
    host.box.append(lesson(7, project="one", body="revised"))
    bus.until_all_is_applied()
    assert title_of(database, SLUG) == "Aula 7"


def test_a_discarded_event_never_takes_effect(bus: Fleet, database: Database, tmp_path: Path) -> None:
    host, poison, _ = with_poison(bus, database, tmp_path)
    mend(database)
    host.box.parked.release(poison, Resolution.DISCARD, reason="not wanted")
    settled(bus, host.box, poison, Outcome.DISCARDED)
    assert title_of(database, SLUG) is None


def test_what_was_set_aside_before_it_was_sent_is_parked_when_its_turn_comes(
    bus: Fleet, database: Database, tmp_path: Path
) -> None:
    """The decision is in the frame of its event: neither is lost without the other."""
    box = course(tmp_path / "1.db", "one", 10)
    box.parked.set_aside(box.event(5), reason="not this one")
    bus.host(box)
    bus.until_all_is_applied()
    assert on_the_list(database) == {5: "parked"}
    settled(bus, box, 5, Outcome.SET_ASIDE)
    box.parked.release(5, Resolution.RETRY, reason="after all")
    settled(bus, box, 5, Outcome.APPLIED)
    assert on_the_list(database) == {}


def test_a_decision_too_late_is_told(bus: Fleet, database: Database, tmp_path: Path) -> None:
    """The host believed that it was still to come; it had taken effect."""
    box = course(tmp_path / "1.db", "one", 10)
    host = bus.host(box)
    host.step()
    bus.centre.step()
    box.parked.set_aside(box.event(5), reason="not this one")
    bus.until(lambda: not box.decisions().any(), rounds=30)
    with psycopg.connect(database.dsn) as connection:
        assert connection.execute("select count(*) from outbox.parked").fetchone() == (0,)
    assert on_the_list(database) == {}
    assert positions(database) == {box.outbox_id: box.last_seq}


@pytest.mark.parametrize("lost", ["the news", "the word", "the centre", "the host"])
@pytest.mark.parametrize("how", [Resolution.RETRY, Resolution.EDIT, Resolution.DISCARD])
def test_whatever_is_lost_on_the_way_a_decision_takes_effect_once_and_is_told(
    bus: Fleet, database: Database, tmp_path: Path, lost: str, how: Resolution
) -> None:
    """News are sent again until it is known what became of them; if nobody knows, the rows tell."""
    host, poison, held = with_poison(bus, database, tmp_path)
    mend(database)
    payload = host.box.event(poison).payload_json.replace("Aula", "Edited") if how is Resolution.EDIT else None
    host.box.parked.release(poison, how, payload_json=payload, reason="so it is")
    host.step()  # sends the news
    if lost == "the news":
        bus.server.purge()
    elif lost == "the word":
        bus.centre.step()
        bus.server.delete("APPLIED")
        bus.centre = bus.new_centre()
    elif lost == "the centre":
        bus.centre._say = lambda: None  # type: ignore[method-assign]
        bus.centre.step()
        bus.centre = bus.new_centre()
    else:
        bus.centre.step()
        bus.hosts[0] = Host(host.box, host.link)
    bus.hosts[0].waker.now += 100
    expected = Outcome.DISCARDED if how is Resolution.DISCARD else Outcome.APPLIED
    settled(bus, host.box, poison, expected)
    left = {held: "parked"} if how is Resolution.DISCARD else {}  # its lesson is not there
    bus.until(lambda: on_the_list(database) == left and len(host.box.parked.list()) == len(left), rounds=30)
    titles = {Resolution.RETRY: "Aula 7", Resolution.EDIT: "Edited 7", Resolution.DISCARD: None}
    assert title_of(database, SLUG) == titles[how]


def test_what_became_of_a_decision_about_the_newest_event_is_found_by_its_row(
    bus: Fleet, database: Database, tmp_path: Path
) -> None:
    """It is the event at the position, of which a new centre knows no more than its id before the host brings it."""
    box = course(tmp_path / "1.db", "one", 7)
    refuse(database, SLUG)
    host = bus.host(box)
    bus.until_all_is_applied()
    mend(database)
    edited = box.event(box.last_seq).payload_json.replace("Aula", "Edited")
    box.parked.release(box.last_seq, Resolution.EDIT, payload_json=edited, reason="typo")
    host.step()
    bus.centre._say = lambda: None  # type: ignore[method-assign]
    bus.centre.step()
    bus.centre = bus.new_centre()
    settled(bus, box, box.last_seq, Outcome.APPLIED)
    assert title_of(database, SLUG) == "Edited 7"


def test_a_decision_without_its_event_changes_nothing(bus: Fleet, database: Database, tmp_path: Path) -> None:
    """New events go on meanwhile, and what waits keeps waiting."""
    host, poison, held = with_poison(bus, database, tmp_path)
    mend(database)
    host.box.parked.release(poison, Resolution.RETRY, reason="mended")
    host.box.read_these = lambda _seqs, **_: []  # type: ignore[method-assign, misc]
    add_lessons(host.box, "one", range(11, 20))
    bus.until_all_is_applied()
    assert on_the_list(database) == {poison: "parked", held: "held"}
