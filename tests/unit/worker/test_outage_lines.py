"""An outage fills no log: one line when it begins, one a minute at most, one when it ends."""

from collections import Counter
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs
from tenacity import RetryCallState, Retrying

from outbox import Outbox, WorkerState
from outbox.operating import list_outages
from worker import TargetRefused
from worker.faults.outage import HEARTBEAT_SECONDS, Backoff, Interrupted, Patience
from worker.faults.verdict import Judgement, Verdict

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


def told_lines(tmp_path: Path, *steps: tuple[float, Interrupted]) -> list[dict[str, Any]]:
    """What is logged when these failures come at these times."""
    now = [0.0]
    with Outbox.open(tmp_path / "o.db") as box, capture_logs() as lines:
        patience = Patience(box, Backoff(), clock=lambda: now[0])
        for now[0], failure in steps:
            patience.interrupted(failure)
    return [dict(line) for line in lines]


def refused(verdict: Verdict, reason: str, sqlstate: str | None = None, **more: Any) -> Interrupted:
    return Interrupted(Judgement(verdict=verdict, sqlstate=sqlstate, reason=reason), **more)


def test_the_first_line_says_what_is_wrong(tmp_path: Path) -> None:
    """Verdict, code and words; what a human must mend is an error, everything else a warning."""
    (line,) = told_lines(tmp_path, (0.0, refused(Verdict.OUTAGE, "the server crashed", "57P02")))
    assert line == {
        "event": "relay.outage_began",
        "log_level": "warning",
        "verdict": "outage",
        "sqlstate": "57P02",
        "reason": "the server crashed",
    }
    (tmp_path / "b").mkdir()
    (line,) = told_lines(tmp_path / "b", (0.0, refused(Verdict.ENVIRONMENT, "a table is missing", "42P01")))
    assert line == {
        "event": "relay.blocked",
        "log_level": "error",
        "verdict": "environment",
        "sqlstate": "42P01",
        "reason": "a table is missing",
    }


def test_a_refusal_of_our_own_is_told_in_its_own_words(tmp_path: Path) -> None:
    """With the way out that it names, in the log and in what `outbox status` reads."""
    failure = refused(Verdict.ENVIRONMENT, "short", cause=TargetRefused("this is another database: set it back"))
    with Outbox.open(tmp_path / "o.db") as box, capture_logs() as lines:
        Patience(box, Backoff()).interrupted(failure)
        report = box.relay.report
        assert report is not None
        assert (report.state, report.last_error) == (WorkerState.BLOCKED, "this is another database: set it back")
    assert lines[0]["reason"] == "this is another database: set it back"
    assert str(failure) == "short"


def test_a_heartbeat_says_how_long_why_and_what_waits(tmp_path: Path) -> None:
    lines = told_lines(
        tmp_path,
        (10.0, refused(Verdict.OUTAGE, "refused")),
        (69.9, refused(Verdict.OUTAGE, "no answer")),
        (70.0, refused(Verdict.OUTAGE, "no answer")),
        (129.0, refused(Verdict.OUTAGE, "no answer")),
        (130.0, refused(Verdict.OUTAGE, "refused")),
    )
    assert [(line["event"], line.get("seconds"), line["reason"], line.get("last_seq")) for line in lines] == [
        ("relay.outage_began", None, "refused", None),
        ("relay.outage_continues", 60, "no answer", 0),
        ("relay.outage_continues", 120, "refused", 0),
    ]


def test_another_thing_to_mend_is_told_with_the_next_heartbeat(tmp_path: Path) -> None:
    """One mended, the next found: it is said as loudly as the first; the same one again is a heartbeat."""
    lines = told_lines(
        tmp_path,
        (0.0, refused(Verdict.ENVIRONMENT, "a table is missing")),
        (30.0, refused(Verdict.ENVIRONMENT, "a right is missing")),
        (60.0, refused(Verdict.ENVIRONMENT, "a right is missing")),
        (120.0, refused(Verdict.ENVIRONMENT, "a right is missing")),
    )
    assert [(line["event"], line["reason"]) for line in lines] == [
        ("relay.blocked", "a table is missing"),
        ("relay.blocked", "a right is missing"),
        ("relay.outage_continues", "a right is missing"),
    ]


def test_the_ledger_counts_one_outage_with_its_cause_and_its_probes(tmp_path: Path) -> None:
    """It begins with the first failure, counts the others, and ends with the first batch; then the next is another."""
    now = [5.0]
    with Outbox.open(tmp_path / "o.db") as box, capture_logs() as lines:
        patience = Patience(box, Backoff(), clock=lambda: now[0])
        patience.progressed()
        assert patience.seconds == 0.0
        for now[0], reason in ((7.0, "refused"), (8.0, "no answer"), (9.5, "no answer")):
            patience.interrupted(refused(Verdict.OUTAGE, reason))
        assert patience.seconds == 2.5
        (one,) = list_outages(box.connection)
        assert (one.cause, one.ended_at, one.probes) == ("refused", None, 3)
        patience.progressed()
        assert patience.seconds == 0.0
        (one,) = list_outages(box.connection)
        assert one.ended_at is not None
        patience.progressed()
        patience.interrupted(refused(Verdict.OUTAGE, "again"))
        assert [each.cause for each in list_outages(box.connection)] == ["again", "refused"]
    assert [line["event"] for line in lines] == ["relay.outage_began", "relay.outage_ended", "relay.outage_began"]
    assert (lines[1]["seconds"], lines[1]["reason"]) == (2.5, "refused")


def test_an_outage_in_which_the_worker_died_is_ended_by_the_next_one(tmp_path: Path) -> None:
    with Outbox.open(tmp_path / "o.db") as box:
        Patience(box, Backoff()).interrupted(refused(Verdict.OUTAGE, "refused"))
        Patience(box, Backoff()).progressed()
        (one,) = list_outages(box.connection)
        assert one.ended_at is not None


def waits(patience: Patience, failure: Exception | None, failures: int) -> list[float]:
    """What tenacity is told after each of some failures in a row."""
    found = []
    for number in range(1, failures + 1):
        state = RetryCallState(Retrying(), None, (), {})
        if failure is not None:
            state.set_exception((type(failure), failure, None))
        if isinstance(failure, Interrupted):
            patience.interrupted(failure)
        state.attempt_number = number
        found.append(patience.wait(state))
    return found


def test_waits_double_up_to_the_cap_and_start_anew_once_a_batch_is_through(tmp_path: Path) -> None:
    """Each between half of it and all of it, so that many workers do not come back at once."""
    with Outbox.open(tmp_path / "o.db") as box:
        patience = Patience(box, Backoff(first=1.0, cap=10.0))
        away = refused(Verdict.OUTAGE, "refused")
        for longest, wait in zip([1.0, 2.0, 4.0, 8.0, 10.0, 10.0], waits(patience, away, 6), strict=True):
            assert longest / 2 <= wait <= longest
        patience.progressed()
        for longest, wait in zip([1.0, 2.0], waits(patience, away, 2), strict=True):
            assert longest / 2 <= wait <= longest
        assert 0.5 <= waits(Patience(box, Backoff(first=1.0)), None, 1)[0] <= 1.0


def test_what_a_human_must_mend_is_probed_at_its_own_interval_and_a_login_more_slowly(tmp_path: Path) -> None:
    backoff = Backoff(environment=31.0, login=301.0)
    with Outbox.open(tmp_path / "o.db") as box:
        assert waits(Patience(box, backoff), refused(Verdict.ENVIRONMENT, "a table is missing"), 2) == [31.0, 31.0]
        login = refused(Verdict.ENVIRONMENT, "wrong password", "28P01", at_login=True)
        assert waits(Patience(box, backoff), login, 2) == [301.0, 301.0]
