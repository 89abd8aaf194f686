"""What a host's key may do on the bus, with the configuration that is shipped; and what a worker without one says."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import nats
import pytest
from nats.aio.client import Client

from outbox import Outbox
from tests.support.make_outbox import filled
from tests.support.nats import NatsServer
from worker.bus.frames import Message
from worker.bus.link import BusAway, BusRefused, Stale
from worker.bus.nats_link import NatsLink

WORKER = Path(sys.executable).with_name("worker")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    made = NatsServer(tmp_path / "nats")
    yield made
    made.stop()


@pytest.fixture
def two(server: NatsServer) -> tuple[UUID, UUID]:
    """A host, and another one; the streams are there."""
    mine, others = uuid4(), uuid4()
    server.admit(str(mine), mine)
    server.admit(str(others), others)
    server.start()
    centre = server.link("centre")
    centre.read_from("*", 0, most_bytes=1000)
    centre.say(mine, b"{}")
    centre.say(others, b"{}")
    centre.close()
    return mine, others


def refused(server: NatsServer, who: UUID, what: Callable[[Client], Awaitable[Any]]) -> bool:
    """Whether the server says that this key may not do that."""
    told: list[str] = []

    async def do() -> None:
        async def note(error: Exception) -> None:
            told.append(str(error).lower())

        client = await nats.connect(
            server.url,
            nkeys_seed=str(server.seed(who)),
            inbox_prefix=f"_INBOX_{who}".encode(),
            error_cb=note,
            allow_reconnect=False,
        )
        with suppress(Exception):
            await asyncio.wait_for(what(client), 0.5)
        with suppress(Exception):
            await client.flush()
            await client.close()

    asyncio.run(do())
    return any("permissions violation" in one for one in told)


def test_a_host_may_write_its_own_log_and_read_its_own_two_subjects(server: NatsServer, two: tuple[UUID, UUID]) -> None:
    mine, _ = two
    link = server.link(mine)
    assert link.newest_of(mine) is None
    number = link.publish_after(mine, Message({"Ob-Part": "1/1"}, b"x"), 0)
    received = link.newest_of(mine)
    assert received is not None
    assert (received.number, received.message.data, received.outbox_id) == (number, b"x", mine)
    assert link.newest_of(mine, word=True) is not None
    with pytest.raises(Stale):
        link.publish_after(mine, Message({}, b"y"), 0)
    link.close()


def test_a_host_may_do_nothing_else(server: NatsServer, two: tuple[UUID, UUID]) -> None:
    """Write another's log, say what was applied, read another's subjects, purge, make or list, hear what is not its own."""
    mine, others = two
    log, word = f"outbox.log.{others.hex[-1]}.{others}", f"outbox.applied.{mine}"
    api = "$JS.API."
    forbidden: dict[str, Callable[[Client], Awaitable[Any]]] = {
        "another's log": lambda c: c.request(log, b"x", timeout=0.3),
        "its log under another digit": lambda c: c.request(f"outbox.log.{'0' if mine.hex[-1] != '0' else '1'}.{mine}"),
        "saying applied": lambda c: c.request(word, b"x", timeout=0.3),
        "another's word": lambda c: c.request(f"{api}DIRECT.GET.APPLIED.outbox.applied.{others}", timeout=0.3),
        "another's log, read": lambda c: c.request(f"{api}DIRECT.GET.OUTBOX.{log}", timeout=0.3),
        "all logs, read": lambda c: c.request(f"{api}DIRECT.GET.OUTBOX", b'{"seq": 1}', timeout=0.3),
        "a purge": lambda c: c.request(f"{api}STREAM.PURGE.OUTBOX", timeout=0.3),
        "a deletion": lambda c: c.request(f"{api}STREAM.DELETE.OUTBOX", timeout=0.3),
        "a stream": lambda c: c.request(f"{api}STREAM.CREATE.MINE", b"{}", timeout=0.3),
        "a consumer": lambda c: c.request(f"{api}CONSUMER.CREATE.OUTBOX", b"{}", timeout=0.3),
        "hearing all": lambda c: c.subscribe("outbox.>"),
        "hearing answers to others": lambda c: c.subscribe("_INBOX_centre.>"),
    }
    allowed = [name for name, what in forbidden.items() if not refused(server, mine, what)]
    assert allowed == []


def test_the_centre_may_not_write_a_log(server: NatsServer, two: tuple[UUID, UUID]) -> None:
    mine, _ = two
    centre = server.link("centre")
    with pytest.raises((BusAway, BusRefused)):
        centre.publish_after(mine, Message({}, b"x"), 0)
    centre.close()


def test_without_a_key_nothing_is_to_be_had(server: NatsServer, two: tuple[UUID, UUID]) -> None:
    link = NatsLink(server.url, name="nobody")
    with pytest.raises(BusRefused):
        link.newest_of(two[0])
    link.close()


def test_headers_of_a_message_do_not_make_it_another_s(server: NatsServer, two: tuple[UUID, UUID]) -> None:
    """The server's own headers count, whatever a host wrote under the same names."""
    mine, others = two
    link, centre = server.link(mine), server.link("centre")
    forged = {"Nats-Subject": f"outbox.log.{others.hex[-1]}.{others}", "Nats-Sequence": "999", "Status": "404"}
    link.publish_after(mine, Message(forged, b"x"), 0)
    link.publish_after(mine, Message({}, b"y"), 1)
    read = centre.read_from("*", 0, most_bytes=1_000_000)
    assert [(one.outbox_id, one.number, one.message.data) for one in read.found] == [(mine, 1, b"x"), (mine, 2, b"y")]
    link.close()
    centre.close()


def test_forward_runs_without_a_database_url_and_says_what_it_waits_for(
    server: NatsServer, two: tuple[UUID, UUID], tmp_path: Path
) -> None:
    """The whole process, as a user starts it: it sends, and ends in order when it is asked to."""
    with filled(tmp_path / "outbox.db", 5) as box:
        server.admit(str(box.outbox_id), box.outbox_id)
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("SUPABASE", "OUTBOX"))}
        environ |= {
            "OUTBOX_PATH": str(box.path),
            "CREATOR_OS_DB_PERSIST": "true",
            "OUTBOX_BUS_URL": server.url,
            "OUTBOX_BUS_NKEY": str(server.seed(box.outbox_id)),
        }
        environ.pop("PYTHONUNBUFFERED", None)
        process = subprocess.Popen([WORKER, "forward"], env=environ, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        said = [json.loads(line)["event"] for line in iter_until(process.stderr, "forward.frame_sent")]
        process.terminate()
        assert process.wait() == 0
        process.stderr.close()
        assert said[:2] == ["worker.started", "forward.connected"]
        link = server.link(box.outbox_id)
        newest = link.newest_of(box.outbox_id)
        assert newest is not None
        assert newest.message.headers["Ob-To"] == str(box.last_seq)
        link.close()


def iter_until(lines: Any, event: str) -> Iterator[str]:
    for line in lines:
        yield line
        if event in line:
            return


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, "OUTBOX_BUS_URL is not set"),
        ({"OUTBOX_BUS_URL": "http://here"}, "nats:// or tls://"),
        ({"OUTBOX_BUS_URL": "nats://me:secret@127.0.0.1"}, "holds no secret"),
        ({"OUTBOX_BUS_URL": "nats://bus.example.com"}, "in the clear"),
        ({"OUTBOX_BUS_URL": "nats://127.0.0.1", "OUTBOX_BUS_NKEY": "/nowhere"}, "OUTBOX_BUS_NKEY"),
    ],
)
def test_what_cannot_be_used_is_said_at_the_start(tmp_path: Path, environ: dict[str, str], told: str) -> None:
    Outbox.open(tmp_path / "outbox.db").close()
    said = {**os.environ, "OUTBOX_PATH": str(tmp_path / "outbox.db"), "CREATOR_OS_DB_PERSIST": "true", **environ}
    found = subprocess.run([WORKER, "forward"], env=said, capture_output=True, text=True, check=False)
    assert found.returncode == 3
    assert told in found.stderr
    assert "secret@" not in found.stderr
