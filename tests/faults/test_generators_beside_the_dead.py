"""A generator is as quick beside a dead worker and a dead database as without any: it takes the very same steps."""

import subprocess
import sys
from pathlib import Path

import pytest

from outbox import Outbox
from tests.support.fault_proxy import FaultProxy
from tests.support.make_outbox import filled
from tests.support.postgres import Database
from tests.support.processes import ROOT, environment, until, worker
from tests.support.rows import applied_seq

# Every statement, file, lock and socket of three units, with what is random or counted left out.
STEPS = """
import re, sys
from outbox import Outbox
from tests.support.make_outbox import lesson

steps = []
with Outbox.open(sys.argv[1], content_root=sys.argv[2]) as box:
    sys.addaudithook(lambda name, _: steps.append(name) if name.split(".")[0] in {"open", "os", "fcntl", "socket", "sqlite3", "time"} else None)
    box.connection.set_trace_callback(lambda sql: steps.append(re.sub(r"'[^']*'|[0-9]+", "?", sql)))
    for number in (501, 502, 503):
        with box.unit() as unit:
            unit.write(f"aula-{number}.md", b"# Aula")
            unit.append(lesson(number))
    ended, steps = steps, []
print("\\n".join(ended))
"""


def steps_of_a_generator(outbox: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", STEPS, str(outbox), str(outbox.parent / "content")],
        env=environment(outbox, None, PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.fixture
def beside_the_dead(database: Database, tmp_path: Path) -> Path:
    """An outbox whose worker was killed in the middle of a batch, when its database had fallen silent."""
    path = tmp_path / "served" / "outbox.db"
    path.parent.mkdir()
    with filled(path, 60) as box:
        appended = box.last_seq
    with FaultProxy(database.worker_dsn) as proxy:

        def falls_silent(request: bytes) -> bool:
            proxy.plan.black_hole |= b"aula-40" in request
            return proxy.plan.black_hole

        proxy.plan.cut_request = falls_silent
        env = environment(path, proxy.dsn, OUTBOX_BATCH_EVENTS="5")
        with worker("run", "--quiet", env=env, cwd=tmp_path) as process:
            until(lambda: proxy.plan.black_hole, what="a batch that gets no answer")
            process.kill()
            process.wait()
    assert 0 < applied_seq(database.dsn) < appended
    return path


def test_a_generator_takes_the_same_steps_with_worker_and_database_dead(beside_the_dead: Path, tmp_path: Path) -> None:
    """Nothing that it does depends on who delivers, or whether anybody does; and no step is a socket."""
    alone = tmp_path / "alone" / "outbox.db"
    alone.parent.mkdir()
    filled(alone, 60).close()
    expected = steps_of_a_generator(alone)
    assert steps_of_a_generator(beside_the_dead) == expected
    assert sum(step.lower().startswith("commit") for step in expected) == 3
    assert not [step for step in expected if step.startswith("socket")]
    with Outbox.open(beside_the_dead) as box:
        assert [event.payload["slug"][-3:] for event in box.tail(limit=3)] == ["501", "502", "503"]
