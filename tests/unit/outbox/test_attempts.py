"""Start records: what a worker had in hand, and how often exactly that was begun without an end."""

import pytest

from outbox import Attempt, Outbox
from tests.support.lessons import SetClock


def test_the_same_range_begun_again_is_counted_and_another_begins_anew(box: Outbox, clock: SetClock) -> None:
    """Records that have events in common give way to the newest; what is returned is what stands."""
    begun = [box.attempts.begin(4, 9), box.attempts.begin(4, 9), box.attempts.begin(4, 8), box.attempts.begin(5, 8)]
    assert begun == [
        Attempt(seq=seq, last_seq=last, starts=n) for seq, last, n in ((4, 9, 1), (4, 9, 2), (4, 8, 1), (5, 8, 1))
    ]
    assert box.attempts.unfinished() == [begun[-1]]
    assert begun[-1].events == 4
    assert box.connection.execute("select count(*) from attempts").fetchone() == (1,)
    (at,) = box.connection.execute("select started_at from attempts").fetchone()
    assert at.startswith(clock.now().strftime("%Y-%m-%dT%H:%M:%S"))


def test_what_ended_leaves_no_record(box: Outbox) -> None:
    """However it ended; ending twice is allowed."""
    box.attempts.begin(1, 1)
    box.attempts.finish(1, 1)
    box.attempts.finish(1, 1)
    assert box.attempts.unfinished() == []
    assert box.attempts.begin(1, 1).starts == 1


def test_others_that_are_begun_and_end_take_no_deaths_away(box: Outbox) -> None:
    """An event at which the process died twice is counted on, whatever is tried before its turn."""
    box.attempts.begin(9, 9)
    box.attempts.begin(9, 9)
    box.attempts.begin(2, 4)
    assert [record.seq for record in box.attempts.unfinished()] == [2, 9]
    box.attempts.finish(2, 4)
    assert box.attempts.begin(9, 9).starts == 3


@pytest.mark.parametrize("others", [0, 1])
def test_a_wait_is_taken_back_from_what_was_in_hand_alone(box: Outbox, others: int) -> None:
    """A death at another event, where nobody waited, stays as it is."""
    for _ in range(others):
        box.attempts.begin(9, 9)
    box.attempts.begin(2, 4)
    box.attempts.begin(2, 4)
    box.attempts.waits(2, begins=True)
    assert box.attempts.forgive() == Attempt(seq=2, last_seq=4, starts=2)
    assert box.attempts.forgive() is None
    assert [(one.seq, one.starts) for one in box.attempts.unfinished()] == [(2, 1), (9, 1)][: 1 + others]


def test_a_note_of_an_earlier_version_is_about_the_one_record_that_it_kept(box: Outbox) -> None:
    """It did not say which."""
    box.attempts.begin(7, 7)
    box.attempts.begin(7, 7)
    box.connection.execute("insert into meta values ('waiting_for_database', '1')")
    assert box.attempts.forgive()
    assert [(one.seq, one.starts) for one in box.attempts.unfinished()] == [(7, 1)]
