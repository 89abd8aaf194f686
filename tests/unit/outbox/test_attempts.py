"""Start records: what a worker had in hand, and how often exactly that was begun without an end."""

from outbox import Outbox
from outbox.notes.attempts import Attempt
from tests.support.lessons import SetClock


def test_the_same_range_begun_again_is_counted_and_another_begins_anew(box: Outbox, clock: SetClock) -> None:
    """One record stands at most; what is returned is what stands."""
    begun = [box.attempts.begin(4, 9), box.attempts.begin(4, 9), box.attempts.begin(4, 8), box.attempts.begin(5, 8)]
    assert begun == [
        Attempt(seq=seq, last_seq=last, starts=n) for seq, last, n in ((4, 9, 1), (4, 9, 2), (4, 8, 1), (5, 8, 1))
    ]
    assert box.attempts.unfinished() == begun[-1]
    assert begun[-1].events == 4
    assert box.connection.execute("select count(*) from attempts").fetchone() == (1,)
    (at,) = box.connection.execute("select started_at from attempts").fetchone()
    assert at.startswith(clock.now().strftime("%Y-%m-%dT%H:%M:%S"))


def test_what_ended_leaves_no_record(box: Outbox) -> None:
    """However it ended; ending twice is allowed."""
    box.attempts.begin(1, 1)
    box.attempts.finish()
    box.attempts.finish()
    assert box.attempts.unfinished() is None
    assert box.attempts.begin(1, 1).starts == 1
