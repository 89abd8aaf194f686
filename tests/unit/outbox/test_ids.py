import os
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbox import ids

MS = st.integers(0, 2**48 - 2)


@given(st.lists(MS, min_size=2, max_size=30))
def test_event_ids_increase_whatever_the_clock_does(moments: list[int]) -> None:
    """Each id is a valid UUIDv7 and greater than the one before it, as a number and as text."""
    made: list[uuid.UUID] = []
    for now_ms in moments:
        made.append(ids.next_event_id(made[-1] if made else None, now_ms))
    assert made == sorted(set(made))
    assert [str(found) for found in made] == sorted(str(found) for found in made)
    assert {(found.version, found.variant) for found in made} == {(7, uuid.RFC_4122)}


@given(MS)
def test_an_event_id_tells_the_time_when_the_clock_is_right(now_ms: int) -> None:
    """The first 48 bits are the milliseconds since 1970."""
    assert ids.next_event_id(None, now_ms).int >> 80 == now_ms


def test_a_full_counter_moves_on_to_the_next_millisecond() -> None:
    """Even the greatest id of a millisecond has a successor."""
    greatest = uuid.UUID(int=(1000 << 80) | (0x7 << 76) | (0xFFF << 64) | (0b10 << 62) | (2**62 - 1))
    successor = ids.next_event_id(greatest, 1000)
    assert successor > greatest
    assert successor.int >> 80 == 1001


def numbered(milliseconds: int, counter: int) -> uuid.UUID:
    high, low = divmod(counter, 2**62)
    return uuid.UUID(int=(milliseconds << 80) | (0x7 << 76) | (high << 64) | (0b10 << 62) | low)


@pytest.mark.parametrize("counter", [0, 1, 2**62 - 2, 2**62 - 1, 2**62, 2**63 + 5, 2**74 - 2])
def test_within_a_millisecond_the_smallest_step_is_one(counter: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the dice say, the counter counts on, through all of its bits and up to its last value."""
    monkeypatch.setattr(os, "urandom", bytes)
    for now_ms in (1000, 999, 0):
        assert ids.next_event_id(numbered(1000, counter), now_ms) == numbered(1000, counter + 1)


def test_the_ids_of_a_new_millisecond_begin_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """All 74 random bits are used: two hosts that start together do not meet."""
    monkeypatch.setattr(os, "urandom", lambda count: b"\xff" * count)
    assert ids.next_event_id(None, 1000) == numbered(1000, 2**74 - 1)
    assert ids.next_event_id(numbered(1000, 5), 1001) == numbered(1001, 2**74 - 1)


def test_aggregate_ids_are_the_same_on_every_machine_for_ever() -> None:
    """These values stand in databases: they must never change."""
    assert ids.content_id("curso-x--1-1") == uuid.uuid5(ids.NAMESPACE, "content:curso-x--1-1")
    assert str(ids.content_id("curso-x--1-1")) == "db84e771-b3ce-5a06-9dc9-44f85b9ebd14"
    assert str(ids.project_id("curso-x")) == "62a7d394-1cc3-52ee-9ff9-457e5463dbe4"
    assert str(ids.audience_id("curso-x")) == "6e391b7c-3f87-5f54-9204-28ca9bac4981"


def test_aggregates_of_different_types_never_share_an_id() -> None:
    """The type is part of the natural key."""
    assert len({ids.content_id("x"), ids.project_id("x"), ids.audience_id("x")}) == 3
