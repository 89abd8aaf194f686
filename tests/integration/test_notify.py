"""Messages to people, received by a real HTTP server on this host."""

import datetime as dt
import http.server
import json
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from outbox import Outbox, OutboxPaths, WorkerLock
from outbox.relaying import Cause
from tests.support.make_outbox import lesson, project
from tests.support.parked import put_parked
from tests.support.postgres import Database
from tests.support.processes import environment, until, worker
from worker import SettingsFault
from worker.notify import notifying

# The library imports a module for each service, and some of those import what Python 3.13 has no more.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

DESTINATION = UUID("00000000-0000-4000-8000-000000000001")
SECRET = "sesame-sesame"


@dataclass
class Receiver:
    """What arrived; `refusing` answers 500 to everything."""

    port: int = 0
    got: list[dict[str, Any]] = field(default_factory=list)
    refusing: bool = False
    asked: int = 0

    @property
    def url(self) -> str:
        return f"json://user:{SECRET}@127.0.0.1:{self.port}/hook"

    @property
    def titles(self) -> list[str]:
        return [one["title"].partition(": ")[2] for one in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.asked += 1
            if not found.refusing:
                found.got.append(json.loads(body))
            self.send_response(500 if found.refusing else 200)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Say nothing on stderr."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield found
        server.shutdown()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    """An outbox that a worker serves (this process has its lock), up to date."""
    with Outbox.open(tmp_path / "outbox.db") as opened, WorkerLock(opened.path):
        opened.append(*project(), *(lesson(number) for number in range(20)))
        opened.relay.remember_position(DESTINATION, 20, opened.event(20).event_id)
        opened.relay.set_state("following")
        yield opened


@contextmanager
def told(box: Outbox, *urls: str, after: float = 0.0) -> Iterator[None]:
    with notifying(box.path, urls, look_every_seconds=0.02, outage_after_seconds=after):
        yield


def test_an_outage_is_told_once_at_its_begin_and_once_at_its_end(box: Outbox, receiver: Receiver) -> None:
    """However often it is looked at, and although the worker was restarted in the middle of it."""
    with told(box, receiver.url):
        box.relay.outage_began("the database does not answer")
        box.relay.set_state("outage", "the database does not answer")
        until(lambda: receiver.titles and kept(box).exists(), what="it began")
    with told(box, receiver.url):
        box.relay.outage_ended()
        box.relay.set_state("draining")
        until(lambda: len(receiver.got) > 1, what="it is over")
    assert [title.partition(" for ")[0].partition(" after ")[0] for title in receiver.titles] == [
        "the database is away",
        "the database is back",
    ]
    assert "3 events wait" in receiver.got[0]["message"]
    assert "nothing is lost" in receiver.got[0]["message"]


def test_a_short_outage_is_told_to_nobody(box: Outbox, receiver: Receiver) -> None:
    """It is over before anybody has read of it; neither its begin nor its end is told."""
    with told(box, receiver.url, after=3600):
        box.relay.outage_began("the database does not answer")
        box.relay.set_state("outage")
    with told(box, receiver.url, after=3600):
        box.relay.outage_ended()
        box.relay.set_state("draining")
    assert receiver.asked == 0


def test_parked_events_are_told_together_and_not_as_a_flood(box: Outbox, receiver: Receiver) -> None:
    """The first at once; the next ones in one message a quarter of an hour later, not one each."""
    put_parked(box, box.event(5), reason=f"Key (slug)=({SECRET}) exists", sqlstate="23505")
    with told(box, receiver.url):
        until(lambda: receiver.got and kept(box).exists(), what="the first is told")
    for seq in range(6, 16):
        put_parked(box, box.event(seq), reason="refused", sqlstate="23514")
    with told(box, receiver.url):
        pass
    assert receiver.titles == ["1 event was parked"]
    assert "5 (content.upserted, SQLSTATE 23505)" in receiver.got[0]["message"]
    assert SECRET not in receiver.got[0]["message"]  # a reason quotes values of rows
    _as_long_ago(box, minutes=16)
    with told(box, receiver.url):
        until(lambda: len(receiver.got) > 1, what="the others are told")
    assert receiver.titles[1:] == ["10 events were parked"]


def test_a_person_is_called_once_for_each_cause(box: Outbox, receiver: Receiver) -> None:
    """With what to do; a worker that gives up and is started again and again calls nobody twice."""
    cause = Cause(kind="login", remedy="set the right password")
    for _ in range(3):
        with told(box, receiver.url):
            box.relay.set_state("blocked", "the password is wrong", cause=cause)
            until(lambda: receiver.got and kept(box).exists(), what="the call")
    with told(box, receiver.url):
        box.relay.set_state("following")
        until(lambda: len(receiver.got) > 1, what="it is over")
    assert receiver.titles == ["nothing is delivered until a person acts", "events are delivered again"]
    assert "the password is wrong. What to do: set the right password." in receiver.got[0]["message"]


def test_an_address_that_does_not_answer_loses_nothing_and_floods_no_log(
    box: Outbox, receiver: Receiver, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is tried again, each time after a longer pause; another address is told once meanwhile."""
    receiver.refusing = True
    box.relay.set_state("blocked", "the password is wrong", cause=Cause(kind="login"))
    with told(box, receiver.url):
        until(lambda: receiver.asked >= 3, what="it is tried again")
    receiver.refusing = False
    with told(box, receiver.url):
        until(lambda: receiver.got, what="it arrives")
    assert len(receiver.got) == 1
    out, err = capfd.readouterr()
    assert (out + err).count("notify.failed") == 1
    assert SECRET not in out + err


def test_an_address_is_told_to_nobody(box: Outbox, receiver: Receiver) -> None:
    """Neither the file beside the outbox nor the error for a wrong address holds it."""
    box.relay.set_state("blocked", "x")
    with told(box, receiver.url):
        until(kept(box).exists, what="what was told is kept")
    assert SECRET not in kept(box).read_text()
    assert str(receiver.port) not in kept(box).read_text()
    assert stat.S_IMODE(kept(box).stat().st_mode) == 0o600
    with (
        pytest.raises(SettingsFault, match="address 2 of 2 is none that Apprise knows") as refused,
        told(box, receiver.url, f"nothing://{SECRET}"),
    ):
        pass
    assert SECRET not in str(refused.value)


def test_a_real_worker_tells_of_a_parked_event(database: Database, tmp_path: Path, receiver: Receiver) -> None:
    """From OUTBOX_NOTIFY in its environment; nothing of the address is in its log."""
    path = tmp_path / "outbox.db"
    with Outbox.open(path) as box:
        box.append(*project(), lesson(1))
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("alter table contents add constraint no_lesson check (content_type <> 'course_lesson')")
    env = environment(path, database.worker_dsn, OUTBOX_NOTIFY=f"{receiver.url} {receiver.url}2")
    with worker("run", env=env, cwd=tmp_path) as process:
        until(lambda: len(receiver.got) == 2, what="both are told")
        process.terminate()
        _, err = process.communicate(timeout=30)
    assert receiver.titles == ["1 event was parked"] * 2
    assert "notify.sent" in err
    assert SECRET not in err
    assert process.returncode == 0


def kept(box: Outbox) -> Path:
    """Where it is noted what was told."""
    return OutboxPaths.of(box.path).notified


def _as_long_ago(box: Outbox, *, minutes: float) -> None:
    """Make what was told about parked events as old as that."""
    said = json.loads(kept(box).read_text())
    before = (dt.datetime.now(dt.UTC) - dt.timedelta(minutes=minutes)).isoformat()
    kept(box).write_text(json.dumps({key: one | {"parked_told_at": before} for key, one in said.items()}))
