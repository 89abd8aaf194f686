"""Reading the whole log, and following it."""

from itertools import islice

from outbox import Outbox, catalogue, ids
from tests.support.lessons import lesson


def test_what_is_there_comes_first_and_then_what_comes(box: Outbox) -> None:
    """It waits if there is nothing, and leaves nothing out and nothing twice."""
    box.append(lesson("a"), lesson("b"), lesson("c"))
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) % 2 == 0:
            box.append(lesson(f"later-{len(pauses)}"))

    seen = [event.seq for event in islice(box.events(after=1, follow=True, pause=pause), 5)]
    assert seen == [2, 3, 4, 5, 6]
    assert len(pauses) == 6
    assert all(0 < seconds <= 1 for seconds in pauses)


def test_the_whole_log_comes_in_order_over_many_pages(box: Outbox) -> None:
    """The end of a page is not the end of the log, and without `follow` the end of the log is the end."""
    box.append(*(lesson(f"lesson-{number}") for number in range(1200)))
    assert [event.seq for event in box.events()] == list(range(1, 1201))
    assert [event.seq for event in box.events(after=1198)] == [1199, 1200]


def test_only_what_was_asked_for_comes(box: Outbox) -> None:
    """By type, by aggregate, or both; also while it is followed."""
    box.append(lesson("a"), catalogue.ContentTagged(slug="curso-x--a", tag="x"), lesson("b"), lesson("a", body="again"))
    assert [event.seq for event in box.events(event_type="content.tagged")] == [2]
    assert [event.seq for event in box.events(aggregate_id=ids.content_id("curso-x--a"))] == [1, 2, 4]
    assert [
        event.seq for event in box.events(aggregate_id=ids.content_id("curso-x--a"), event_type="content.upserted")
    ] == [1, 4]

    def pause(_seconds: float) -> None:
        box.append(lesson("other"), catalogue.ContentTagged(slug="curso-x--b", tag=f"tag-{box.last_seq}"))

    tags = box.events(after=2, event_type="content.tagged", follow=True, pause=pause)
    assert [event.seq for event in islice(tags, 2)] == [6, 7]
