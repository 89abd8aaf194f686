"""Frames: what is put in comes out, and what is none is refused with bounded memory."""

import tracemalloc
import zlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from outbox import Event, Outbox
from tests.support.make_outbox import filled, lesson
from worker.bus.frames import MOST_RAW_BYTES, Cargo, FrameRefused, Message, head_of, pack, unpack
from worker.bus.link import lanes_of


@pytest.fixture
def events(tmp_path: Path) -> Sequence[Event]:
    with filled(tmp_path / "outbox.db", 30) as box:
        return box.read(after=3, limit=20)


def joined(messages: list[Message]) -> bytes:
    return b"".join(message.data for message in messages)


def test_events_come_out_as_they_were_put_in(events: Sequence[Event]) -> None:
    messages = pack(Cargo(events=events), after=3, before=None)
    head = head_of(messages[-1])
    assert (head.first, head.last, head.is_whole) == (4, 23, True)
    assert unpack(head, joined(messages)).events == list(events)


def test_an_event_of_many_megabytes_goes_in_parts_that_follow_each_other(tmp_path: Path) -> None:
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(lesson(1, body="".join(chr(97 + (n * n) % 23) for n in range(20)) * 10 + "é" * 7_000_000))
        box.append(lesson(2, body=bytes(range(97, 123)).decode() * 100_000))
        large = box.read()
    raw = [msgspec.structs.replace(one) for one in large]
    messages = pack(Cargo(events=raw), after=0, before=None)
    heads = [head_of(message) for message in messages]
    assert all(later.follows(earlier) for earlier, later in zip([None, *heads], heads, strict=False))
    assert unpack(heads[-1], joined(messages)).events == raw


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Ob-Part": "1/1000000"},
        {"Ob-Part": "0/1"},
        {"Ob-Part": "2/1"},
        {"Ob-Part": "x"},
        {"Ob-From": "9", "Ob-To": "3"},
        {"Ob-From": "0"},
        {"Ob-Prev": "no id"},
    ],
)
def test_a_message_that_cannot_be_a_part_is_refused(events: Sequence[Event], headers: dict[str, str]) -> None:
    (message,) = pack(Cargo(events=events), after=3, before=None)
    with pytest.raises(FrameRefused):
        head_of(Message({**message.headers, **headers} if headers else {}, message.data))


def test_a_bomb_is_refused_with_bounded_memory(events: Sequence[Event]) -> None:
    """Zeros, a thousand times as many as come."""
    head = head_of(pack(Cargo(events=events), after=3, before=None)[-1])
    packer = zlib.compressobj(1)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(2 * MOST_RAW_BYTES >> 20)) + packer.flush()
    tracemalloc.start()
    with pytest.raises(FrameRefused):
        unpack(head, bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2.5 * MOST_RAW_BYTES


def test_what_is_not_what_it_says_is_refused(events: Sequence[Event]) -> None:
    """Cut, changed, in another order, of other seqs: no event of it comes out."""
    (message,) = pack(Cargo(events=events), after=3, before=None)
    head, encode = head_of(message), msgspec.msgpack.Encoder().encode
    changed = msgspec.structs.replace(events[5], payload_json='{"slug": "forged"}')
    for data in (
        message.data[:-10],
        b"nonsense",
        zlib.compress(encode(Cargo(events=events[:-1]))),
        zlib.compress(encode(Cargo(events=[*events[:5], changed, *events[6:]]))),
        zlib.compress(encode(Cargo(events=[events[1], events[0], *events[2:]]))),
        zlib.compress(encode({"events": "none"})),
        zlib.compress(encode({})),
    ):
        with pytest.raises(FrameRefused):
            unpack(head, data)
    with pytest.raises(FrameRefused):
        unpack(head._replace(before=events[3].event_id), message.data)


def test_partitions_are_named_by_digits() -> None:
    assert list(lanes_of("*")) == list(lanes_of("0-f")) == ["*"]
    assert list(lanes_of("0-3,a")) == ["0", "1", "2", "3", "a"]
    for text in ("", "g", "7-3", "-3", "10"):
        with pytest.raises(ValueError, match=r".*"):
            lanes_of(text)
