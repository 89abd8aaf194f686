"""The shipped configuration with its TLS line, and an authority of one's own: nothing else is spoken to."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from tests.support.nats import NatsServer, certified
from worker.bus.frames import Message
from worker.bus.link import BusRefused
from worker.bus.nats_link import NatsLink

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="NOT RUN: no openssl to make certificates with")


@pytest.fixture
def mine() -> UUID:
    return uuid4()


@pytest.fixture
def server(tmp_path: Path, mine: UUID) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path / "nats", tls=True)
    server.admit(str(mine), mine)
    server.start()
    yield server
    server.stop()


def test_a_host_and_the_centre_speak_tls_with_whom_their_authority_vouches_for(server: NatsServer, mine: UUID) -> None:
    host, centre = server.link(mine), server.link("centre")
    assert centre.read_from("*", 0, most_bytes=1).found == []
    assert host.publish_after(mine, Message({}, b"x"), 0) == 1
    assert [one.message.data for one in centre.read_from("*", 0, most_bytes=1).found] == [b"x"]
    host.close()
    centre.close()


@pytest.mark.parametrize("whose", ["the system's", "another"])
def test_a_server_that_nobody_vouches_for_is_refused(
    server: NatsServer, mine: UUID, tmp_path: Path, whose: str
) -> None:
    """As something that people have to mend; the key is not shown to it."""
    authority = None
    if whose == "another":
        (tmp_path / "other").mkdir()
        authority = certified(tmp_path / "other")
    link = NatsLink(server.url, name=str(mine), seed=server.seed(mine), authority=authority)
    with pytest.raises(BusRefused, match="certificate"):
        link.newest_of(mine)
    link.close()


def test_a_server_that_speaks_no_tls_is_refused(tmp_path: Path, mine: UUID) -> None:
    """Whoever answers in the clear under a tls:// address is not spoken to."""
    plain = NatsServer(tmp_path / "plain")
    plain.admit(str(mine), mine)
    plain.start()
    (tmp_path / "ca").mkdir()
    url = plain.url.replace("nats:", "tls:")
    link = NatsLink(url, name=str(mine), seed=plain.seed(mine), authority=certified(tmp_path / "ca"))
    with pytest.raises(Exception, match="bus"):
        link.newest_of(mine)
    link.close()
    plain.stop()
