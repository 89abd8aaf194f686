"""What other systems lack is hidden from Python: no `fcntl`, no signals but two, no directories that can be opened.

This shows that nothing of ours asks for what is missing, and that the locks of such a system do what they are for. It
is no Windows and no macOS: docs/systems.md says what was never tried there.
"""

import json
import os
import plistlib
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast
from xml.etree import ElementTree as ET

import pytest

from outbox import Outbox, host
from outbox.ops.check import run_checks
from tests.support.lessons import lesson, path_of
from tests.support.postgres import Database
from tests.support.processes import ROOT, environment
from tests.support.rows import applied_seq

ELSEWHERE = Path(__file__).parents[1] / "support" / "elsewhere"
EVERY_MODULE = """
import importlib, pkgutil, sys
def walk(name):
    module = importlib.import_module(name)
    for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
        if (name, found.name) != ("worker", "standin") and found.name != "__main__":
            walk(f"{name}.{found.name}")
for name in ("outbox", "worker", "generators"):
    walk(name)
print(len([name for name in sys.modules if name.split(".")[0] in {"outbox", "worker", "generators"}]))
"""


def there(*command: str, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python where those things are missing."""
    return subprocess.run(
        [sys.executable, *command], cwd=cwd, env=_env(env), capture_output=True, text=True, check=False
    )  # fmt: skip


def _env(more: dict[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, "USERNAME": "ana", "PYTHONPATH": os.pathsep.join([str(ELSEWHERE), str(ROOT)]), **(more or {})}


def _lines(result: subprocess.CompletedProcess[str], code: int = 0) -> Sequence[str]:
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    return result.stdout.splitlines()


def test_what_is_hidden_is_gone(tmp_path: Path) -> None:
    """Or the other tests show nothing."""
    found = there("-c", "import os, msvcrt; print(hasattr(os, 'pread'), hasattr(os, 'geteuid'))", cwd=tmp_path)
    assert _lines(found) == ["False False"]
    assert "No module named 'fcntl'" in there("-c", "import fcntl", cwd=tmp_path).stderr


def test_every_module_can_be_imported(tmp_path: Path) -> None:
    (count,) = _lines(there("-c", EVERY_MODULE, cwd=tmp_path))
    assert int(count) > 200


def test_a_course_is_made_and_delivered(tmp_path: Path, database: Database) -> None:
    """Generators, the commands of the outbox and the worker, from the first file to the rows."""
    env = environment(tmp_path / "outbox.db", database.worker_dsn, CONTENT_ROOT=str(tmp_path))
    brief = ROOT / "examples" / "briefs"
    made = there("-m", "generators", "course", str(min(brief.glob("*.md"))), "--approve", cwd=tmp_path, env=env)
    _lines(made)
    assert sorted(tmp_path.rglob("*.md"))
    with Outbox.open(tmp_path / "outbox.db") as box:
        last = box.last_seq
        assert [found for found in run_checks(box) if not found.ok] == []
    _lines(there("-m", "worker", "drain", "--quiet", cwd=tmp_path, env=env))
    assert applied_seq(database.dsn) == last > 0
    status = json.loads("".join(_lines(there("-m", "outbox", "status", "--json", cwd=tmp_path, env=env))))
    assert status["backlog"] == 0


def test_several_writers_take_turns(tmp_path: Path) -> None:
    """Each writes the same file again and again, in a process of its own; no event is lost, none is written twice."""
    rival = str(ROOT / "tests" / "support" / "rival.py")
    command = [sys.executable, rival, str(tmp_path / "outbox.db"), str(tmp_path), "a", "40"]
    writers = [subprocess.Popen(command, cwd=tmp_path, env=_env()) for _ in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    with Outbox.open(tmp_path / "outbox.db", content_root=tmp_path) as box:
        assert box.last_seq == 120
        assert [found for found in run_checks(box) if not found.ok] == []
        newest = box.event(120).payload["body"]
    assert (tmp_path / path_of("a")).read_text() == newest


def test_a_second_worker_is_refused(tmp_path: Path) -> None:
    """By the lock of its own file; with `flock` the outbox file itself is locked as well."""
    code = (
        "import sys; from pathlib import Path; from outbox import WorkerLock\n"
        f"lock = WorkerLock(Path({str(tmp_path / 'outbox.db')!r})); lock.acquire(); print('held', flush=True)\n"
        "sys.stdin.read()"
    )
    Outbox.open(tmp_path / "outbox.db").close()
    first = subprocess.Popen(
        [sys.executable, "-c", code], env=_env(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"
    second = there("-c", code, cwd=tmp_path)
    assert "WorkerRunning" in second.stderr
    first.kill()
    first.communicate()
    assert _lines(there("-c", code, cwd=tmp_path)) == ["held"]


def test_what_a_dead_generator_left_is_published_and_what_a_living_one_stages_is_left_alone(tmp_path: Path) -> None:
    publisher = str(ROOT / "tests" / "support" / "publisher.py")
    for number in range(3):
        process = subprocess.Popen(
            [sys.executable, publisher, str(tmp_path / "outbox.db"), str(tmp_path), f"p{number}", "10000"],
            env=_env(), cwd=tmp_path, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        said = [name for _ in range(5) for name in process.stdout.readline().split()]
        code = f"from outbox import Outbox; Outbox.open({str(tmp_path / 'outbox.db')!r}, content_root={str(tmp_path)!r}).close()"
        _lines(there("-c", code, cwd=tmp_path))  # beside the living one
        said += process.stdout.readline().split()
        process.send_signal(signal.SIGKILL)
        said += [name for line in process.communicate()[0].splitlines() for name in line.split()]
        _lines(there("-c", code, cwd=tmp_path))
        assert [name for name in said if not (tmp_path / path_of(name)).exists()] == []
    assert list((tmp_path / ".outbox-staging").glob("*/*.tmp")) == []


@pytest.mark.parametrize("refused", [False, True])
def test_bytes_are_flushed_through_the_cache_of_the_disk_where_fsync_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, refused: bool
) -> None:
    """F_FULLFSYNC of macOS; a file system that does not know it gets an fsync."""
    asked: list[str] = []

    real = host.fcntl.fcntl

    def fcntl(fd: int, command: int, *given: bytes) -> bytes | None:
        if given:  # a question about locks
            return cast("bytes", real(fd, command, *given))
        asked.append(f"fcntl {command}")
        if refused:
            raise OSError(45, "Operation not supported")
        return None

    monkeypatch.setattr(host, "FULL_SYNC", 51)
    monkeypatch.setattr(host.fcntl, "fcntl", fcntl)
    monkeypatch.setattr(os, "fsync", lambda _fd: asked.append("fsync"))
    with Outbox.open(tmp_path / "outbox.db", content_root=tmp_path) as box, box.unit() as unit:
        unit.append(lesson("a", "corpo\n"))
        unit.write(path_of("a"), b"corpo\n")
    assert "fcntl 51" in asked
    assert asked.count("fsync") == (asked.count("fcntl 51") if refused else 0)
    with Outbox.open(tmp_path / "outbox.db") as box:
        assert box.connection.execute("pragma fullfsync").fetchone() == (1,)


def test_the_doctor_says_what_is_weaker(tmp_path: Path) -> None:
    env = environment(tmp_path / "outbox.db", "postgresql://localhost:1/none")
    found = json.loads(there("-m", "worker", "doctor", "--json", cwd=tmp_path, env=env).stdout)
    weaker = [one["found"] for one in found if one["check"] == "system"]
    assert [line.split(" ")[0] for line in weaker] == ["locks", "names"]


def test_the_samples_for_services_start_the_worker() -> None:
    """Launchd's is read as launchd would; the task's settings that a service rests on are there."""
    plist = plistlib.loads((ROOT / "examples/launchd/org.creatoros.outbox-worker.plist").read_bytes())
    assert plist["ProgramArguments"][1:] == ["run"]
    assert plist["KeepAlive"] is plist["RunAtLoad"] is True
    assert oct(plist["Umask"]) == "0o77"
    task = ET.parse(ROOT / "examples/windows/outbox-worker.xml").getroot()  # noqa: S314 - ours
    space = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
    assert str(task.findtext(f".//{space}Arguments")).endswith(" run")
    assert task.findtext(f".//{space}ExecutionTimeLimit") == "PT0S"
