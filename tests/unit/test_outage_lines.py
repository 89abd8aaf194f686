"""An outage fills no log: one line when it begins, one a minute at most, one when it ends."""

from collections import Counter
from pathlib import Path

from structlog.testing import capture_logs

from outbox import Outbox
from worker.outage import HEARTBEAT_SECONDS, Backoff, Interrupted, Patience
from worker.verdict import Judgement, Verdict

HOURS_SECONDS = 6 * 3600


def test_hours_without_the_database_is_told_once_a_minute_at_most(tmp_path: Path) -> None:
    """However often it is tried: the waits are the backoff's, the lines are the heartbeat's."""
    now = [0.0]
    away = Interrupted(Judgement(verdict=Verdict.OUTAGE, sqlstate=None, reason="refused"))
    with Outbox.open(tmp_path / "o.db") as box, capture_logs() as lines:
        patience = Patience(box, Backoff(), clock=lambda: now[0])
        while now[0] < HOURS_SECONDS:
            patience.interrupted(away)
            now[0] += 45.0
        patience.progressed()
    told = Counter(line["event"] for line in lines)
    assert told["relay.outage_began"] == told["relay.outage_ended"] == 1
    assert told["relay.outage_continues"] <= HOURS_SECONDS / HEARTBEAT_SECONDS
    assert set(told) == {"relay.outage_began", "relay.outage_continues", "relay.outage_ended"}


def test_an_outage_that_changes_its_words_is_still_one(tmp_path: Path) -> None:
    """Refused, then a time-out, then refused again, each second: no line for each change."""
    now = [0.0]
    with Outbox.open(tmp_path / "o.db") as box, capture_logs() as lines:
        patience = Patience(box, Backoff(), clock=lambda: now[0])
        for second in range(300):
            words = ("refused", "no answer in time")[second % 2]
            patience.interrupted(Interrupted(Judgement(verdict=Verdict.OUTAGE, sqlstate=None, reason=words)))
            now[0] += 1.0
        patience.progressed()
    told = Counter(line["event"] for line in lines)
    assert told["relay.outage_began"] == told["relay.outage_ended"] == 1
    assert 1 <= told["relay.outage_continues"] <= 300 / HEARTBEAT_SECONDS


def test_what_comes_to_need_a_person_is_said_at_once_and_not_again_and_again(tmp_path: Path) -> None:
    """An outage that turns into a refused login is told within the try, though a heartbeat was just given."""
    now = [0.0]
    away = Judgement(verdict=Verdict.OUTAGE, sqlstate=None, reason="refused")
    login = Judgement(verdict=Verdict.ENVIRONMENT, sqlstate="28P01", reason="wrong password")
    with Outbox.open(tmp_path / "o.db") as box, capture_logs() as lines:
        patience = Patience(box, Backoff(), clock=lambda: now[0])
        for judgement in (away, login, login, away, login):
            patience.interrupted(Interrupted(judgement))
            now[0] += 1.0
    assert [line["event"] for line in lines] == ["relay.outage_began", "relay.blocked", "relay.blocked"]
