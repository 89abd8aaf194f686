"""Where a batch is cut in two: never between what is changed and what speaks of it, and near the middle."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbox import Event, Outbox, Payload
from outbox import catalogue as c
from tests.support.make_outbox import lesson, project
from worker.apply.fold import decode
from worker.apply.known import Decoded
from worker.carry.halves import LEAST_SHARE, cut_of

NAMES = st.sampled_from([f"s{number}" for number in range(6)])
SPOKEN = st.fixed_dictionaries({"slug": NAMES}, optional={"project": NAMES, "parent": NAMES, "target_audience": NAMES})


def events(tmp_path: Path, *payloads: Payload) -> list[Decoded]:
    with Outbox.open(tmp_path / "outbox.db") as box:
        return decode(box.append(*payloads).appended)


def said(kind: str, payload: dict[str, str]) -> Decoded:
    """As much of an event as matters here."""
    event = Event(
        seq=1,
        event_id=UUID(int=1),
        type=f"{kind}.upserted",
        version=1,
        aggregate_type=kind,
        aggregate_id=uuid5(NAMESPACE_OID, f"{kind} {payload['slug']}"),
        previous_seq=None,
        refs=(),
        payload_json="{}",
        payload_sha256="",
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    contract = c.CONTRACTS[event.type]
    return Decoded(
        event, {name: payload[name] for name in payload if name in fields(contract)}, contract, payload["slug"]
    )


def fields(contract: c.Contract) -> set[str]:
    return set(contract.payload.__struct_fields__)


def changed(part: Sequence[Decoded]) -> set[tuple[str, str]]:
    return {(item.event.aggregate_type, item.payload["slug"]) for item in part}


def pointed_at(part: Sequence[Decoded]) -> set[tuple[str, str]]:
    kinds = {"project": "project", "parent": "content", "target_audience": "audience"}
    return {(kind, item.payload[name]) for item in part for name, kind in kinds.items() if name in item.payload}


def parts_a_pair(decoded: Sequence[Decoded], cut: int) -> bool:
    first, second = decoded[:cut], decoded[cut:]
    return bool(changed(first) & (changed(second) | pointed_at(second)))


@given(st.lists(st.builds(said, st.sampled_from(["audience", "project", "content"]), SPOKEN), max_size=24))
def test_the_second_part_speaks_of_nothing_that_the_first_changes(decoded: list[Decoded]) -> None:
    """The cut parts no such pair; where there is none, every place near enough to the middle parts one."""
    least = max(1, int(len(decoded) * LEAST_SHARE))
    free = [cut for cut in range(least, len(decoded) - least + 1) if not parts_a_pair(decoded, cut)]
    cut = cut_of(decoded)
    if cut is None:
        assert free == []
    else:
        assert cut in free
        assert abs(2 * cut - len(decoded)) == min(abs(2 * each - len(decoded)) for each in free)


def test_a_batch_of_two_courses_is_cut_between_them(tmp_path: Path) -> None:
    """A tag of both is no obstacle: the outlines of most courses share some."""
    courses = [
        payload
        for slug in ("a", "b")
        for payload in [
            *project(slug),
            c.ContentTagged(slug=f"{slug}--outline", tag="curso"),
            *(lesson(number, project=slug) for number in range(10)),
        ]
    ]
    assert cut_of(events(tmp_path, *courses)) == len(courses) // 2


def test_lessons_of_a_course_that_is_there_are_cut_in_the_middle(tmp_path: Path) -> None:
    """Both halves point at the same module, and neither changes it."""
    decoded = events(tmp_path, *project(), *(lesson(number) for number in range(20)))
    assert cut_of(decoded[3:]) == 10


def test_what_would_be_held_behind_an_event_stays_with_it(tmp_path: Path) -> None:
    """Whatever the payloads point at: of two events that parking keeps in order, none is in the second part alone."""
    one, other, third, fourth = events(tmp_path, *project("a"), *project("b"))[:4]
    behind = replace(fourth, event=msgspec.structs.replace(fourth.event, refs=(one.event.aggregate_id,)))
    assert cut_of([one, other, third, behind]) is None


@pytest.mark.parametrize("lessons", [1, 20])
def test_a_course_that_begins_is_not_cut(tmp_path: Path, lessons: int) -> None:
    """Every lesson points at the module, which the batch makes."""
    assert cut_of(events(tmp_path, *project(), *(lesson(number) for number in range(lessons)))) is None
