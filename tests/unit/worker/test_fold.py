"""Folding: one net change per row, the same as applying the events one by one."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from outbox import Event, Outbox, Payload
from outbox import catalogue as c
from worker import DependencyFault, NewerEvent
from worker.apply.fold import Changes, decode, fold
from worker.apply.known import Known, Row, wanted_by
from worker.errors import UndecodableEvent

SLUG = "p--a"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db") as opened:
        yield opened


def upserted(**values: object) -> c.ContentUpserted:
    return c.ContentUpserted(slug=SLUG, title="t", content_type="course_lesson", **values)


def events(box: Outbox, *payloads: Payload) -> list[Event]:
    return list(box.append(*payloads).appended)


def folded(batch: list[Event], known: Known | None = None) -> Changes:
    return fold(decode(batch), known or Known())


def test_many_events_of_a_row_become_one_insert(box: Outbox) -> None:
    batch = events(
        box,
        upserted(body="one", metadata={"a": 1, "b": 1}),
        c.ContentMetadataMerged(slug=SLUG, metadata={"b": 2}),
        c.ContentFidelityScored(slug=SLUG, score=0.5),
        c.ContentStatusChanged(slug=SLUG, status="reviewed"),
        upserted(body="two"),
    )
    changes = folded(batch)
    (row,) = changes.of("content").inserts
    assert changes.of("content").updates == []
    assert (row["content"], row["metadata"], row["fidelity_score"], row["status"]) == (
        "two",
        {"a": 1, "b": 2},
        0.5,
        "reviewed",
    )
    assert row["last_event_id"] == str(batch[-1].event_id)
    assert row["id"] == str(batch[0].aggregate_id)


def test_an_existing_row_keeps_its_id_and_gets_only_what_was_said(box: Outbox) -> None:
    batch = events(box, upserted(body="x"))
    theirs = batch[0].event_id
    changes = folded(batch, Known({"content": {SLUG: Row(theirs, None)}}))
    (row,) = changes.of("content").updates
    assert row["id"] == str(theirs)
    assert set(row) == {"id", "title", "content_type", "content", "deleted_at", "last_event_id"}


def test_what_is_older_than_the_row_is_left_out_before_folding(box: Outbox) -> None:
    batch = events(box, upserted(body="old"), c.ContentStatusChanged(slug=SLUG, status="reviewed"))
    known = Known({"content": {SLUG: Row(batch[0].aggregate_id, batch[0].event_id)}})
    changes = folded(batch, known)
    (row,) = changes.of("content").updates
    assert "content" not in row
    assert row["status"] == "reviewed"


def test_a_content_is_deleted_at_the_moment_it_was_said_else_when_the_event_occurred(box: Outbox) -> None:
    """The moment that the event names wins; the event's own stands in where it names none."""
    said = "2024-02-03T04:05:06+00:00"
    batch = events(box, c.ContentDeleted(slug="p--a", deleted_at=said), c.ContentDeleted(slug="p--b"))
    ids = {slug: Row(event.aggregate_id, None) for slug, event in zip(("p--a", "p--b"), batch, strict=True)}
    changes = folded(batch, Known({"content": ids}))
    moments = {row["id"]: row["deleted_at"] for row in changes.of("content").updates}
    assert datetime.fromisoformat(str(moments[str(batch[0].aggregate_id)])) == datetime.fromisoformat(said)
    assert datetime.fromisoformat(str(moments[str(batch[1].aggregate_id)])) == batch[1].occurred_at


def test_a_link_put_on_and_taken_off_is_only_taken_off(box: Outbox) -> None:
    batch = events(box, upserted(), c.ContentTagged(slug=SLUG, tag="x"), c.ContentUntagged(slug=SLUG, tag="x"))
    changes = folded(batch)
    assert changes.linked("tag").made == []
    assert [link["tag"] for link in changes.linked("tag").removed] == ["x"]


@pytest.mark.parametrize(
    "payload",
    [
        c.ContentUpserted(slug="p--b", title="t", content_type="course_lesson", parent="p--later"),
        c.ContentUpserted(slug="p--b", title="t", content_type="course_lesson", project="nowhere"),
        c.ContentStatusChanged(slug="p--b", status="draft"),
        c.ContentTagged(slug="p--b", tag="x"),
        c.ContentMindLinked(slug="p--a", mind="nobody", role="host"),
        c.ProjectUpserted(slug="p", name="p", persona_mind="nobody"),
    ],
)
def test_what_does_not_exist_yet_is_a_fault_of_the_event_that_names_it(payload: Payload, box: Outbox) -> None:
    later = c.ContentUpserted(slug="p--later", title="t", content_type="course_module")
    batch = events(box, upserted(), payload, later)
    with pytest.raises(DependencyFault) as caught:
        folded(batch)
    assert caught.value.seq == batch[1].seq


def test_a_mind_is_found_by_slug_and_by_id(box: Outbox) -> None:
    mind = events(box, upserted())[0].aggregate_id
    known = Known({"content": {SLUG: Row(mind, None)}}, {"mind": {"ana": mind, str(mind): mind}})
    batch = events(
        box,
        c.ContentMindLinked(slug=SLUG, mind="ana", role="host"),
        c.ContentMindUnlinked(slug=SLUG, mind=str(mind), role="host"),
    )
    changes = folded(batch, known)
    assert (len(changes.linked("mind").made), len(changes.linked("mind").removed)) == (0, 1)


def test_the_names_of_a_batch_tell_changed_rows_from_those_referred_to(box: Outbox) -> None:
    batch = events(
        box,
        c.ProjectUpserted(slug="p", name="p", target_audience="aud"),
        upserted(project="p", parent="p--m"),
        c.ContentTagged(slug="p--other", tag="x"),
    )
    wanted = wanted_by(decode(batch))
    assert wanted.of("content").changed == {SLUG, "p--other"}  # its links change: its row is locked
    assert wanted.of("content").only_referred == ["p--m"]
    assert wanted.of("project").changed == {"p"}
    assert wanted.of("project").only_referred == []
    assert wanted.of("audience").only_referred == ["aud"]


def altered(event: Event, **changes: object) -> Event:
    return msgspec.structs.replace(event, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("changes", [{"version": 99}, {"type": "content.sung"}])
def test_what_this_worker_does_not_know_is_held_not_blamed(changes: dict[str, object], box: Outbox) -> None:
    (event,) = events(box, upserted())
    with pytest.raises(NewerEvent, match=r"install the (version|catalogue)"):
        folded([altered(event, **changes)])


@pytest.mark.parametrize("text", ["{", "[]", '{"slug": 3}', '{"title": "t"}'])
def test_an_undecodable_payload_is_a_fault_of_its_event(text: str, box: Outbox) -> None:
    (event,) = events(box, upserted())
    with pytest.raises(UndecodableEvent) as caught:
        folded([altered(event, payload_json=text)])
    assert caught.value.seq == event.seq


def test_a_contract_broken_on_the_way_is_a_fault_of_its_event(box: Outbox) -> None:
    batch = events(box, upserted(), c.ContentMindLinked(slug=SLUG, mind="m", role="host"))
    with pytest.raises(UndecodableEvent, match="contract"):
        folded([batch[0], altered(batch[1], payload_json=f'{{"slug": "{SLUG}"}}')])


def test_a_project_that_changes_its_status_keeps_everything_else(box: Outbox) -> None:
    batch = events(box, c.ProjectUpserted(slug="p", name="P"), c.ProjectStatusChanged(slug="p", status="archived"))
    theirs = batch[0].event_id
    changes = folded(batch[1:], Known({"project": {"p": Row(theirs, None)}}))
    assert changes.of("project").inserts == []
    (row,) = changes.of("project").updates
    assert row == {"id": str(theirs), "status": "archived", "last_event_id": str(batch[1].event_id)}


def test_a_project_that_is_nowhere_cannot_change_its_status(box: Outbox) -> None:
    batch = events(box, c.ProjectUpserted(slug="p", name="P"), c.ProjectStatusChanged(slug="p", status="archived"))
    with pytest.raises(DependencyFault, match="it changes project p, which does not exist"):
        folded(batch[1:])
