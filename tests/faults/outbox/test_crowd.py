"""N generators, a worker that checkpoints, a reader and the CLI at once: nobody sees "locked"."""

import json
import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from outbox import Outbox, OutboxBusy
from tests.faults.outbox.conftest import Start, assert_whole
from tests.support.lessons import PROJECT_ROOT, PYTHON, lesson, path_of, publish

SUPPORT = PROJECT_ROOT / "tests" / "support"
WRITERS = 8
UNITS = 45


def test_a_crowd_loses_nothing_and_nobody_sees_locked(tmp_path: Path, start: Start) -> None:
    """All events are there, seqs contiguous, ids increasing, no reader sees a gap and no command fails."""
    path, root = tmp_path / "outbox.db", tmp_path / "content"
    Outbox.open(path).close()
    writers = [start(SUPPORT / "publisher.py", path, root, f"w{n}", UNITS) for n in range(WRITERS)]
    done = threading.Event()
    seen: list[int] = []
    told: list[subprocess.CompletedProcess[str]] = []

    def follow() -> None:
        with Outbox.open(path) as box:
            while True:
                last_look = done.is_set()
                seen.extend(event.seq for event in box.read(after=seen[-1] if seen else 0))
                box.checkpoint()
                if last_look:
                    return

    def ask() -> None:
        while not done.is_set():
            told.append(
                subprocess.run(
                    [PYTHON, "-m", "outbox", "status", "--json"],
                    cwd=PROJECT_ROOT,
                    env={**os.environ, "OUTBOX_PATH": str(path), "CONTENT_ROOT": str(root)},
                    capture_output=True,
                    text=True,
                    check=False,
                )
            )

    crowd = [threading.Thread(target=follow), threading.Thread(target=ask)]
    for thread in crowd:
        thread.start()
    try:
        for writer in writers:
            _, err = writer.communicate()
            assert writer.returncode == 0, err
    finally:
        done.set()
        for thread in crowd:
            thread.join()
    expected = WRITERS * (UNITS + UNITS // 3)
    assert len(assert_whole(path, root)) == expected
    assert seen == list(range(1, expected + 1))
    assert told
    for answer in told:
        assert answer.returncode == 0, answer.stderr
        assert answer.stderr == ""
        assert json.loads(answer.stdout)["last_seq"] <= expected


def test_of_two_publishers_of_one_file_the_last_to_commit_wins_on_disk(tmp_path: Path, start: Start) -> None:
    """Files are renamed in the order of their commits, and rivals do not take each other for a person."""
    path, root = tmp_path / "outbox.db", tmp_path / "content"
    Outbox.open(path).close()
    rivals = [start(SUPPORT / "rival.py", path, root, "same", 80) for _ in range(3)]
    for rival in rivals:
        _, err = rival.communicate()
        assert rival.returncode == 0, err
    with Outbox.open(path, content_root=root) as box:
        assert box.recovered.nothing
        assert box.last_seq == 240
        assert (root / path_of("same")).read_text() == box.event(240).payload["body"]


def test_a_publisher_that_dies_before_its_rename_stands_in_nobodys_way(tmp_path: Path, start: Start) -> None:
    """Another generator that is open already publishes the next version; the last to commit wins."""
    path, root = tmp_path / "outbox.db", tmp_path / "content"
    with Outbox.open(path, content_root=root) as box:
        publish(box, "same", "first\n")
        victim = start(SUPPORT / "rival.py", path, root, "same", 1, OUTBOX_FAILPOINT="unit.committed")
        victim.communicate()
        assert victim.returncode == -signal.SIGKILL
        assert (root / path_of("same")).read_text() == "first\n"
        publish(box, "same", "third\n")
    with Outbox.open(path, content_root=root) as box:
        assert box.last_seq == 3
        assert box.recovered.conflicts == box.recovered.lost == box.recovered.published == ()
        assert (root / path_of("same")).read_text() == "third\n"


@pytest.fixture
def stopped_holder(tmp_path: Path, start: Start) -> "subprocess.Popen[str]":
    """A process that was stopped (Ctrl-Z, a debugger) while it held the writer gate of outbox.db."""
    Outbox.open(tmp_path / "outbox.db").close()
    script = (
        "import os, signal, sys; from pathlib import Path; from outbox import Outbox\n"
        "box = Outbox.open(Path(sys.argv[1]))\n"
        "with box.gate.held():\n"
        "    print('held', flush=True); os.kill(os.getpid(), signal.SIGSTOP)\n"
        "box.close()\n"
    )
    process = start("-c", script, tmp_path / "outbox.db")
    assert process.stdout.readline() == "held\n"
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    return process


def test_a_stopped_holder_of_the_gate_is_named_within_the_patience(
    tmp_path: Path, stopped_holder: "subprocess.Popen[str]"
) -> None:
    """A writer gives up after its patience, keeps nothing, and says which process holds it up."""
    with Outbox.open(tmp_path / "outbox.db", patience_seconds=0.3) as box:
        with pytest.raises(OutboxBusy, match=rf"process {stopped_holder.pid} has held"):
            box.append(lesson("a"))
        assert box.last_seq == 0
        stopped_holder.send_signal(signal.SIGCONT)
        stopped_holder.communicate()
        assert box.append(lesson("a")).appended[0].seq == 1


def test_status_answers_while_a_writer_is_stopped_in_the_gate(
    tmp_path: Path, stopped_holder: "subprocess.Popen[str]"
) -> None:
    """Readers need no gate: the operator sees how things stand at once."""
    answer = subprocess.run(
        [PYTHON, "-m", "outbox", "status", "--json"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "OUTBOX_PATH": str(tmp_path / "outbox.db")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["last_seq"] == 0


def test_a_lock_that_arrives_after_the_patience_is_not_kept(
    tmp_path: Path, stopped_holder: "subprocess.Popen[str]"
) -> None:
    """Who gave up does not block the others when its turn comes at last."""
    with Outbox.open(tmp_path / "outbox.db", patience_seconds=0.1) as impatient:
        for _ in range(3):
            with pytest.raises(OutboxBusy):
                impatient.append(lesson("a"))
        stopped_holder.send_signal(signal.SIGCONT)
        stopped_holder.communicate()
        with Outbox.open(tmp_path / "outbox.db", patience_seconds=10) as other:
            assert other.append(lesson("b")).appended[0].seq == 1
        assert impatient.append(lesson("a")).appended[0].seq == 2
