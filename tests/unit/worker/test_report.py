"""What the progress of a drain shows."""

from pathlib import Path
from uuid import UUID

from outbox import Outbox
from tests.support.make_outbox import lesson, project
from worker.apply.position import Position
from worker.run.forecast import Forecast
from worker.run.report import Report

DESTINATION = UUID("00000000-0000-4000-8000-000000000001")


def test_no_rate_is_shown_above_the_one_that_was_asked_for(tmp_path: Path) -> None:
    """A batch of one second's events that takes a tenth of it is followed by a rest: from the first one on that counts."""
    shown: list[float] = []

    def on_batch(_seq: int, _count: int, _newest: int, forecast: Forecast) -> None:
        shown.append(forecast.rate or 0.0)

    now = 0.0
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(*project(), *(lesson(number) for number in range(9)))
        report = Report(box, on_batch=on_batch, most_per_second=4, clock=lambda: now)
        start = Position(destination_id=DESTINATION, seq=0, event_id=None)
        report.connected(start)
        for seq in (4, 8, 12):
            now += 0.1
            report.applied(start.moved_to(box.event(seq)), 4, 0.1)
            now += 0.9
    assert len(shown) == 3
    assert max(shown) <= 4.0 + 1e-6
