"""Following the log, for a person who watches."""

from itertools import islice

from outbox import Outbox
from outbox.log.follow import follow
from tests.support.lessons import lesson


def test_what_is_there_comes_first_and_then_what_comes(box: Outbox) -> None:
    """It waits where there is nothing, and leaves nothing out and nothing twice."""
    box.append(lesson("a"), lesson("b"), lesson("c"))
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) % 2 == 0:
            box.append(lesson(f"later-{len(pauses)}"))

    seen = [event.seq for event in islice(follow(box, after=1, pause=pause), 5)]
    assert seen == [2, 3, 4, 5, 6]
    assert len(pauses) == 6
    assert all(0 < seconds <= 1 for seconds in pauses)
