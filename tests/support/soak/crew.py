"""The processes of a soak: generators in lanes, each replaced when it dies, and a worker that is started again."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from outbox import Outbox, OutboxPaths
from tests.support.processes import DEADLINE_SECONDS, ROOT, until

GENERATOR = Path(__file__).with_name("generator.py")
LANES = ("a", "b", "c")


class Told:
    """What the generators said, from threads that read them: a line counts once it is here."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.acknowledged: dict[str, dict[int, str]] = {}  # token -> seq -> event id
        self.units: Counter[str] = Counter()  # by life
        self.refused: Counter[str] = Counter()

    def listen(self, life: str, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                if line.endswith("\n"):  # else it was killed in the middle of saying it: not said
                    self._note(life, json.loads(line))

    def _note(self, life: str, fact: dict[str, Any]) -> None:
        with self._lock:
            if "refused" in fact:
                self.refused[life] += 1
            else:
                self.acknowledged[fact["token"]] = {int(seq): one for seq, one in fact["events"].items()}
                self.units[life] += 1

    @property
    def events(self) -> int:
        with self._lock:
            return sum(map(len, self.acknowledged.values()))

    def count(self, life: str | None = None) -> int:
        with self._lock:
            return self.units.total() if life is None else self.units[life]


class Crew:
    """Starts, kills and replaces."""

    def __init__(self, outbox: Path, env: Mapping[str, str], directory: Path) -> None:
        self.outbox, self._env, self._directory = outbox, {**env, "PYTHONPATH": str(ROOT)}, directory
        self.told = Told()
        self.lives: dict[str, str] = {}
        self._lanes: dict[str, subprocess.Popen[str]] = {}
        self._readers: list[threading.Thread] = []
        self._worker: subprocess.Popen[bytes] | None = None
        self.worker_ends: Counter[int] = Counter()

    def begin(self) -> None:
        for lane in LANES:
            self._be_born(lane, 1)
        self.tend()

    def _be_born(self, lane: str, life: int) -> None:
        self.lives[lane] = f"{lane}{life}"
        with (self._directory / "generators.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, GENERATOR, self.outbox, self._env["CONTENT_ROOT"], lane, str(life)],
                env=self._env,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._lanes[lane] = process
        reader = threading.Thread(target=self.told.listen, args=(self.lives[lane], process), daemon=True)
        reader.start()
        self._readers.append(reader)

    def tend(self) -> None:
        """What a supervisor does: a worker that ended is started again."""
        if self._worker is not None:
            ended = self._worker.poll()
            if ended is None:
                return
            self.worker_ends[ended] += 1
        with (self._directory / "worker.log").open("ab") as log:
            self._worker = subprocess.Popen(
                [sys.executable, "-m", "worker", "run", "--quiet"], env=self._env, stderr=log, stdout=log
            )

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition; meanwhile the worker is looked after, and no generator may end by itself."""

        def holds() -> bool:
            self.tend()
            for lane, process in self._lanes.items():
                assert process.poll() is None, f"generator {lane} ended with {process.returncode}: {self._log()}"
            return condition()

        until(holds, what=what)

    def until_more(self, units: int) -> None:
        """Wait until so many more units were acknowledged, whatever else is going on."""
        goal = self.told.count() + units
        self.until(lambda: self.told.count() >= goal, f"{units} more units")

    def kill_generator(self, lane: str) -> None:
        process = self._lanes[lane]
        process.send_signal(signal.SIGKILL)
        process.wait()
        self._be_born(lane, int(self.lives[lane].removeprefix(lane)) + 1)
        self.until(lambda: self.told.count(self.lives[lane]) > 0, f"a unit of {self.lives[lane]}")

    def refuse_room(self, lane: str) -> None:
        """The kernel lets no file of this generator grow beyond a few bytes, until it has noticed."""
        pid, life = self._lanes[lane].pid, self.lives[lane]
        soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        before = self.told.refused[life]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (512, hard))
        try:
            self.until(lambda: self.told.refused[life] > before, f"a refusal told by {life}")
        finally:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
        units = self.told.count(life)
        self.until(lambda: self.told.count(life) > units, f"a unit of {life} after the refusal")

    @property
    def worker(self) -> "subprocess.Popen[bytes]":
        assert self._worker is not None
        return self._worker

    def kill_worker(self) -> None:
        self.worker.send_signal(signal.SIGKILL)
        self.worker.wait()

    def stop_worker(self) -> "subprocess.Popen[bytes]":
        """SIGSTOP, at a moment when it is the worker of the outbox and does not hold the writer gate.

        Stopped with the gate in hand it would hold up every writer: they say so and give up, which is another story.
        """
        stopped = self._serving_worker()
        while True:
            stopped.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, stopped.pid, os.WSTOPPED | os.WNOWAIT)
            if not self._has_gate(stopped.pid):
                return stopped
            stopped.send_signal(signal.SIGCONT)

    def _serving_worker(self) -> "subprocess.Popen[bytes]":
        """The worker, once it has said that it serves the outbox: from then on it heeds signals."""
        with Outbox.open(self.outbox) as box:
            self.until(
                lambda: box.relay.report is not None and box.relay.report.pid == self.worker.pid, "a serving worker"
            )
        return self.worker

    def _has_gate(self, pid: int) -> bool:
        """By what the kernel says: whoever has just got the lock has not written its name into the file yet."""
        inode = OutboxPaths(self.outbox).gate.stat().st_ino
        held = (line.split() for line in Path("/proc/locks").read_text("ascii").splitlines())
        return any(
            kind == "FLOCK" and holder == str(pid) and file.endswith(f":{inode}")
            for _, kind, _, _, holder, file, *_ in held
        )

    def second_worker(self) -> int:
        """Start another one beside the first; returns how it ended."""
        command = [sys.executable, "-m", "worker", "run", "--quiet"]
        return subprocess.run(command, env=self._env, capture_output=True, check=False).returncode

    def end_generators(self) -> None:
        """Every lane finishes its unit and ends; all that was said is in."""
        for process in self._lanes.values():
            process.send_signal(signal.SIGTERM)
        for lane, process in self._lanes.items():
            assert process.wait() == 0, f"{lane}: {self._log()}"
        self._lanes.clear()
        for reader in self._readers:
            reader.join(DEADLINE_SECONDS)

    def end_worker(self) -> None:
        """SIGTERM: the batch in hand is finished."""
        ending = self._serving_worker()
        ending.send_signal(signal.SIGTERM)
        assert ending.wait() == 0, ending.returncode
        self._worker = None

    def kill_all(self) -> None:
        for process in (*self._lanes.values(), *([self._worker] if self._worker else [])):
            if process.poll() is None:
                os.kill(process.pid, signal.SIGCONT)
                process.kill()
                process.wait()

    def _log(self) -> str:
        return (self._directory / "generators.log").read_text()[-3000:]
