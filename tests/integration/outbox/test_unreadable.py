"""Whatever is wrong with the outbox file, and whichever command asks: one line that says what and what to do."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from generators.cli import main as generate
from outbox import Outbox
from outbox.cli import main as outbox
from tests.support.lessons import lesson
from tests.support.parked import put_parked
from tests.support.processes import ROOT, environment

COURSE = str(min(path for path in (ROOT / "tests" / "data" / "courses").iterdir() if path.is_dir()))
COMMANDS = (
    ("status",),
    ("status", "--json"),
    ("events",),
    ("show", "2"),
    ("parked", "list"),
    ("parked", "show", "2"),
    ("parked", "retry", "2"),
    ("outages",),
    ("pause",),
    ("check",),
    ("prune", "--dry-run"),
    ("export",),
)
Said = Callable[..., tuple[int, str, str]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "box" / "outbox.db"
    with Outbox.open(place) as box:
        box.append(lesson("a"), lesson("b"), lesson("c"))
        put_parked(box, box.event(2), reason="r")
        box.relay.outage_began("x")
        box.relay.set_state("stopped")
        box.checkpoint()
    return place


@pytest.fixture
def said(path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """Run a command in this process as its script does; exit code and both streams."""
    monkeypatch.setenv("OUTBOX_PATH", str(path))
    monkeypatch.setenv("CONTENT_ROOT", str(path.parent / "content"))

    def run(main: Callable[[], None], *arguments: str) -> tuple[int, str, str]:
        for name in ("stdout", "stderr"):
            monkeypatch.setattr(sys, name, getattr(sys, name))  # put back afterwards
        monkeypatch.setattr(sys, "argv", ["command", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def tables(path: Path) -> dict[str, int]:
    """Every table and index of an outbox, with the page where it begins."""
    connection = sqlite3.connect(path)
    rows = connection.execute("select name, rootpage from sqlite_master where rootpage > 0").fetchall()
    connection.close()
    return dict(rows)


@pytest.mark.parametrize("filler", [b"\xff", b"\0"], ids=["rubbish", "zeroes"])
def test_a_damaged_page_in_any_table_is_told_in_one_line_by_every_command(
    path: Path, said: Said, filler: bytes
) -> None:
    """What is in order is answered; what is not is named, with the way to save what can be read."""
    whole = path.read_bytes()
    size = int.from_bytes(whole[16:18], "big")
    for table, page in tables(path).items():
        damaged = bytearray(whole)
        damaged[(page - 1) * size : page * size] = filler * size
        for arguments in COMMANDS:
            path.write_bytes(damaged)
            code, printed, told = said(outbox, *arguments)
            assert code in {0, 1, 3, 4}, (table, arguments, told)
            lines = [line for line in told.splitlines() if line]
            assert len(lines) <= 1, (table, arguments, told)
            if code == 1 and not printed:
                assert "is damaged" in told, (table, arguments, told)
                assert "recover --salvage" in told


@pytest.mark.parametrize("table", ["parked", "outages", "worker"])
def test_a_damaged_table_is_told_to_whoever_reads_it(path: Path, said: Said, table: str) -> None:
    data = bytearray(path.read_bytes())
    size = int.from_bytes(data[16:18], "big")
    page = tables(path)[table]
    data[(page - 1) * size : page * size] = b"\xff" * size
    path.write_bytes(data)
    asked = {"parked": ("parked", "list"), "outages": ("outages",), "worker": ("status", "--json")}[table]
    code, _, told = said(outbox, *asked)
    assert (code, told.count("\n")) == (1, 1)
    assert "is damaged" in told


TURNED = {
    "a letter": "substr({0}, 1, length({0}) / 2) || '\x02' || substr({0}, length({0}) / 2 + 2)",
    "its type": "case typeof({0}) when 'integer' then 'x' else 7 end",
}


@pytest.mark.parametrize("turned", TURNED)
def test_a_value_that_was_turned_over_is_told_in_one_line_by_every_command(path: Path, said: Said, turned: str) -> None:
    """Of every column of every table: SQLite does not notice it, and it is no bug of ours."""
    whole = path.read_bytes()
    connection = sqlite3.connect(path)
    names = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
    columns = [(name, row[1]) for name in names for row in connection.execute(f"pragma table_info({name})")]
    connection.close()
    told_of = 0
    for table, column in columns:
        if table.startswith("sqlite_"):
            continue
        path.write_bytes(whole)
        connection = sqlite3.connect(path)
        for (trigger,) in connection.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            connection.execute(f"drop trigger {trigger}")
        connection.execute("pragma ignore_check_constraints = on")
        value = TURNED[turned].format(column)
        try:
            changed = connection.execute(f"update {table} set {column} = {value} where {column} is not null").rowcount
            connection.commit()
        except sqlite3.Error:  # a key cannot be of another type
            changed = 0
        connection.close()
        if not changed:
            continue
        damaged = path.read_bytes()
        for arguments in COMMANDS:
            path.write_bytes(damaged)
            code, _, told = said(outbox, *arguments)
            assert code in {0, 1, 3, 4}, (table, column, arguments, told)
            assert len([line for line in told.splitlines() if line]) <= 1, (table, column, arguments, told)
            told_of += "is damaged" in told
    assert told_of


def test_a_text_that_is_none_is_told_as_damage(path: Path, said: Said) -> None:
    """SQLite keeps it, and only Python notices."""
    connection = sqlite3.connect(path)
    connection.execute("update parked set reason = cast(x'ff' as text)")
    connection.commit()
    connection.close()
    code, _, told = said(outbox, "parked", "list")
    assert (code, told.count("\n")) == (1, 1)
    assert "cannot be decoded" in told


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_whoever_may_not_read_the_outbox_gets_one_line(path: Path) -> None:
    """Another user learns nothing of how things stand, and is not told that generation is unsafe."""
    for folder in (path.parent, *path.parents):
        if folder.stat().st_uid == 0 and folder.name.startswith(("test_", "pytest-")):
            folder.chmod(0o755)
    path.chmod(0o600)
    # All is imported as root: its Python may be out of the other user's reach.
    script = (
        "import importlib, os, pkgutil, outbox\n"
        "for one in pkgutil.walk_packages(outbox.__path__, 'outbox.'):\n"
        "    if not one.name.endswith('__main__'): importlib.import_module(one.name)\n"
        "from outbox.cli import main\n"
        "os.setuid(65534)\n"
        "main()\n"
    )
    for words in (["status"], ["status", "--json"], ["events"]):
        done = subprocess.run(
            [sys.executable, "-c", script, *words],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[3]), "OUTBOX_PATH": str(path)},
            capture_output=True, text=True, check=False, cwd="/",
        )  # fmt: skip
        assert done.returncode in {1, 3}, done.stderr
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1, done.stderr


def test_a_generator_tells_a_damaged_outbox_in_one_line(path: Path, said: Said) -> None:
    data = bytearray(path.read_bytes())
    size = int.from_bytes(data[16:18], "big")
    page = tables(path)["heads"]
    data[(page - 1) * size : page * size] = b"\xff" * size
    path.write_bytes(data)
    code, _, told = said(generate, "import", COURSE)
    assert code == 1
    assert "is damaged" in told.splitlines()[-1]


def test_a_bug_of_ours_is_not_taken_for_damage(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is asked, and is well."""

    def broken(*_: object, **__: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr("outbox.notes.parked.Parked.list", broken)
    with pytest.raises(ValueError, match="a bug"):
        said(outbox, "parked", "list")


@pytest.mark.parametrize(
    "arguments",
    [("outbox", "status"), ("outbox", "parked", "list"), ("generate", "import", COURSE), ("worker", "drain")],
    ids=lambda one: " ".join(one[:2]),
)
def test_somebody_elses_outbox_is_told_in_one_line(path: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Whoever may not read it learns which file it is, and no traceback."""
    prefix: list[str] = []
    if os.geteuid() == 0:  # root may do everything, unless it gives that up
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("NOT RUN: no setpriv")
        prefix = [setpriv, "--bounding-set", "-dac_override,-dac_read_search"]
        os.chown(path.parent, 12345, 12345)
    path.parent.chmod(0 if not prefix else 0o700)
    program = {"outbox": "outbox", "generate": "generators", "worker": "worker"}[arguments[0]]
    env = {**environment(path, "postgresql://u:p@127.0.0.1:1/x"), "PYTHONPATH": str(ROOT)}
    env["CONTENT_ROOT"] = str(tmp_path / "content")
    command = [*prefix, sys.executable, "-m", program, *arguments[1:]]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    path.parent.chmod(0o700)
    told = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("warning")]
    assert done.returncode in {1, 3}
    assert "Traceback" not in done.stderr
    assert any(str(path.parent) in line and "ermission" in line for line in told), told
    if arguments[1] != "status":
        assert len(told) == 1, told
