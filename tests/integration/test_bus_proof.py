"""What is pruned on a host that only forwards was proven by the centre: real nats-server and PostgreSQL."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from outbox import Outbox
from outbox import catalogue as c
from outbox.operating import plan_prune, prune
from tests.support.fleet import Fleet, Host, add_lessons, course, fleet, positions, refuse
from tests.support.make_outbox import lesson
from tests.support.postgres import Database
from worker.bus.prove import proven
from worker.errors import Unreachable
from worker.proof import asked
from worker.proof.verify import Verified


@pytest.fixture
def bus(tmp_path: Path, database: Database) -> Iterator[Fleet]:
    with fleet(tmp_path, database) as made:
        yield made


def ask(bus: Fleet, host: Host, tmp_path: Path, meanwhile: Callable[[], None] = lambda: None) -> Verified:
    """The centre works whenever the host waits for it."""

    def pause(_seconds: float) -> None:
        meanwhile()
        bus.centre.step()

    return proven(host.box, bus.linked(host.box.outbox_id), tmp_path / "content", pause)


def deleted(box: Outbox) -> int:
    return prune(box, plan_prune(box, keep_days=0))


def said(found: Verified) -> list[tuple[str, str]]:
    return [(one.kind, one.what) for one in found.differences]


def test_what_lies_in_the_stream_alone_is_never_pruned(bus: Fleet, tmp_path: Path) -> None:
    """Everything is stored and acknowledged there; nothing is in Postgres."""
    host = bus.host(course(tmp_path / "1.db", "one", 10))
    for _ in range(3):
        host.step()
    with pytest.raises(Unreachable, match="said nothing"):
        proven(host.box, host.link, tmp_path)
    assert deleted(host.box) == 0


def test_after_a_proof_exactly_what_was_proven_is_pruned(bus: Fleet, database: Database, tmp_path: Path) -> None:
    """What the centre applied since then stays, and so does the event at the position."""
    host = bus.host(course(tmp_path / "1.db", "one", 30))
    bus.until_all_is_applied()
    assert deleted(host.box) == 0, "applied, and not proven"
    found = ask(bus, host, tmp_path)
    assert found.differences == []
    assert found.agree == found.rows > 30
    reached = host.box.last_seq
    add_lessons(host.box, "one", range(31, 40))
    bus.until_all_is_applied()
    assert deleted(host.box) == reached - 1
    assert positions(database) == {host.box.outbox_id: host.box.last_seq}


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("update contents set content = 'another' where slug = 'one--aula-3'", "row_differs"),
        ("delete from contents where slug = 'one--aula-3'", "row_missing"),
    ],
)
def test_a_row_that_is_not_as_the_log_says_is_told_and_nothing_is_pruned(
    bus: Fleet, database: Database, tmp_path: Path, change: str, kind: str
) -> None:
    """Bodies are compared by hash; what was proven before is taken back."""
    host = bus.host(course(tmp_path / "1.db", "one", 10))
    bus.until_all_is_applied()
    assert ask(bus, host, tmp_path).proven
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(change)
    assert said(ask(bus, host, tmp_path)) == [(kind, "content one--aula-3")]
    assert deleted(host.box) == 0


def test_answers_that_nobody_looked_up_would_be_believed(
    bus: Fleet, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison at the centre is what a proof rests on, and nothing else."""
    host = bus.host(course(tmp_path / "1.db", "one", 10))
    bus.until_all_is_applied()
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("delete from contents where slug = 'one--aula-3'")
    monkeypatch.setattr(asked, "_is_as_said", lambda *_: True)
    assert ask(bus, host, tmp_path).proven


def test_a_proof_counts_what_is_parked_and_holds_with_it(bus: Fleet, database: Database, tmp_path: Path) -> None:
    refuse(database, "one--aula-7")
    host = bus.host(course(tmp_path / "1.db", "one", 10))
    bus.until_all_is_applied()
    (poison,) = (row.seq for row in host.box.parked.list())
    found = ask(bus, host, tmp_path)
    assert found.proven
    assert said(found) == [("parked", "content one--aula-7")]
    assert deleted(host.box) == poison - 1, "and it stays"


def test_a_database_that_went_back_proves_nothing(bus: Fleet, database: Database, tmp_path: Path) -> None:
    """It is behind what the host knows: no answer. Then it hears of that, and no more is proven than what is there."""
    host = bus.host(course(tmp_path / "1.db", "one", 10))
    bus.until_all_is_applied()
    assert ask(bus, host, tmp_path).proven
    event = host.box.event(5)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(
            "update outbox.sources set applied_seq = %s, applied_event_id = %s", [event.seq, event.event_id]
        )
        connection.execute("delete from contents where last_event_id > %s", [event.event_id])
    ask(bus, host, tmp_path)
    assert host.box.relay.verified_seq == 5


def test_events_that_come_meanwhile_do_not_disturb_it(bus: Fleet, tmp_path: Path) -> None:
    """Neither those that are appended, nor those that the centre applies before it answers."""
    host = bus.host(course(tmp_path / "1.db", "one", 10))
    bus.until_all_is_applied()
    reached = host.box.last_seq
    numbers = iter(range(20, 60))

    def meanwhile() -> None:
        host.box.append(c.ContentTagged(slug="one--aula-1", tag=f"tag-{next(numbers)}"))
        host.step()

    assert ask(bus, host, tmp_path, meanwhile).proven
    assert host.box.relay.verified_seq >= reached


def test_a_decision_made_meanwhile_is_asked_about_anew(bus: Fleet, tmp_path: Path) -> None:
    """What was asked is not what the log says by now: such answers prove nothing."""
    host = bus.host(course(tmp_path / "1.db", "one", 10))
    host.box.append(lesson(7, project="one", body="revised"))
    bus.until_all_is_applied()
    made: list[int] = []

    def meanwhile() -> None:
        if not made:
            made.append(host.box.last_seq)
            host.box.parked.discard_with(host.box.last_seq, reason="it had taken effect")

    found = ask(bus, host, tmp_path, meanwhile)
    assert found.overtaken == 1, "the row is as an event left it that is not to be applied"
    first = next(event.seq for event in host.box.events() if "aula-7" in event.payload_json)
    assert deleted(host.box) == first - 2, "it ends before the first event that was not compared"
