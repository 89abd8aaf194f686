"""Pause and resume are acts of an operator: each is on record, once, with its reason."""

import os

from outbox import Outbox
from outbox.operating import trail
from outbox.ops.steering import pause, resume


def acts(box: Outbox) -> list[tuple[str, str | None]]:
    return [(one.action, one.reason) for one in trail(box.connection)]


def test_what_changes_nothing_is_not_recorded(box: Outbox) -> None:
    """The second operator is told that somebody was faster, and leaves no trace."""
    assert not resume(box, "nothing to resume")
    assert pause(box, "maintenance until six")
    assert not pause(box, "me too")
    assert box.relay.paused
    assert resume(box)
    assert not resume(box)
    assert not box.relay.paused
    assert sorted(acts(box)) == [("pause", "maintenance until six"), ("resume", None)]


def test_the_worker_is_woken_by_either(box: Outbox) -> None:
    """It waits on the bell, also while it is paused."""
    bell = box.path.with_name(box.path.name + ".bell")
    for act in (pause, resume):
        os.utime(bell, ns=(0, 0))
        act(box)
        assert bell.stat().st_mtime_ns > 0
