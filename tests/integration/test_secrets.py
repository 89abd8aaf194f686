"""No password, connection string or payload reaches a log line, an error, a status, a row, a traceback or `--json`."""

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from outbox import Outbox
from tests.support.fault_proxy import FaultProxy
from tests.support.make_outbox import got_in, lesson, project
from tests.support.postgres import Database
from tests.support.processes import ROOT, environment

PASSWORD = "s3cret-pässwörd"
ENCODED = quote(PASSWORD)
PAYLOAD = "palavra-marcada"
MARKS = (PASSWORD, ENCODED, PAYLOAD, "s3cret")
COMMANDS = (
    ("drain", "--patience", "0.1", "--json"),
    ("verify", "--json"),
    ("replay", "--all"),
    ("doctor", "--json"),
    ("migrate", "status"),
    ("migrate", "check", "--json"),
)
# Something in the midst of the relay fails in a way that nobody foresaw, and its message says everything it knows.
UNFORESEEN = """
import sys
import {module}
from worker.cli import main
def choke(*values, **more):
    try:
        raise KeyError(repr((values, more)))
    except KeyError as exc:
        raise RuntimeError(f"{secret} {{values}}") from exc
{module}.{name} = choke
sys.argv[0] = "worker"
main()
"""


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    path = tmp_path / "outbox.db"
    with Outbox.open(path) as box:
        box.append(*project(), lesson(1, body=f"a body: {PAYLOAD}"))
    return path


# One process for all commands: importing takes longer than most of them.
ONE_AFTER_THE_OTHER = """
import sys
from worker.cli import main
for command in {commands}:
    sys.argv = ["worker", *command]
    try:
        main()
    except SystemExit as exc:
        print("exit", exc.code, *command, flush=True)
"""


def run(outbox: Path, url: str, *command: str, code: str | None = None) -> tuple[int, str]:
    """The exit code, and all that was said."""
    python = ["-c", code] if code else ["-m", "worker"]
    done = subprocess.run(
        [sys.executable, *python, *command],
        env={**environment(outbox, url, SUPABASE_MIGRATE_DB_URL=url), "PYTHONPATH": str(ROOT)},
        cwd=outbox.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def left_behind(outbox: Path, database: Database | None = None) -> str:
    """All that the worker wrote down: everything but the events themselves."""
    with Outbox.open(outbox) as box:
        tables = [row[0] for row in box.connection.execute("select name from sqlite_master where type = 'table'")]
        told = str([list(box.connection.execute(f"select * from {name}")) for name in tables if name != "events"])
        told += json.dumps([row.as_dict() for row in box.parked.list()])
    status = subprocess.run(
        [sys.executable, "-m", "outbox", "status", "--json"],
        env={**environment(outbox, None), "PYTHONPATH": str(ROOT)},
        cwd=outbox.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    told += status.stdout + status.stderr
    if database is not None:
        with psycopg.connect(database.dsn) as connection:
            for table in ("parked", "sources", "removed_links"):
                told += str(connection.execute(f"select * from outbox.{table}").fetchall())
    return told


def assert_silent(told: str) -> None:
    for mark in MARKS:
        assert mark not in told, told[max(0, told.index(mark) - 300) : told.index(mark) + 100]


@pytest.mark.parametrize(
    "fault",
    ["wrong password", "refused", "DNS", "no TLS", "bad port", "bad host", "not encoded", "bad option", "bad escape"],
)
def test_no_command_tells_the_connection_string_whatever_is_wrong_with_it(
    fault: str, outbox: Path, database: Database
) -> None:
    """Every command that reads it, the doctor and the migrations included."""
    host = database.worker_dsn.partition("@")[2]
    url = {
        "wrong password": f"postgresql://outbox_worker:{ENCODED}@{host}",
        "refused": f"postgresql://outbox_worker:{ENCODED}@127.0.0.1:1/postgres",
        "DNS": f"postgresql://outbox_worker:{ENCODED}@no-such-host.invalid/postgres",
        "no TLS": f"postgresql://outbox_worker:{ENCODED}@{host.replace('disable', 'require')}",
        "bad port": f"postgresql://outbox_worker:{ENCODED}@127.0.0.1:port{ENCODED}/postgres",
        "bad host": f"postgresql://u:{ENCODED}@[bad/x",
        "not encoded": f"postgresql://u:pa:{PASSWORD}/{PASSWORD}#@127.0.0.1:5432/{PASSWORD}@x",
        "bad option": f"postgresql://u:{ENCODED}@127.0.0.1:1/x?{ENCODED}=1&sslmode={ENCODED}",
        "bad escape": f"postgresql://u:%zz{PASSWORD}@127.0.0.1:1/x",
    }[fault]
    _, told = run(outbox, url, code=ONE_AFTER_THE_OTHER.format(commands=COMMANDS))
    assert len(re.findall("^exit [1345] ", told, re.MULTILINE)) == len(COMMANDS), told
    assert "worker.crashed" not in told
    assert "Traceback" not in told
    assert_silent(told + left_behind(outbox))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("worker.apply.projection", "fold"),
        ("worker.apply.projection", "send_rows"),
        ("worker.run.relay", "greet"),
        ("worker.run.runtime", "connect"),
    ],
)
def test_an_exception_that_nobody_foresaw_tells_its_place_and_kind_and_no_more(
    module: str, name: str, outbox: Path, database: Database
) -> None:
    """Raised inside the relay, from a cause that quotes its arguments; then the next worker finds everything in order."""
    code = UNFORESEEN.format(module=module, name=name, secret=PASSWORD)
    for command in (("drain",), ("run",)):
        exit_code, told = run(outbox, database.worker_dsn, *command, code=code)
        assert exit_code == 1
        assert "worker.crashed" in told
        assert "RuntimeError from KeyError" in told
        assert "choke" in told
        assert "Traceback" not in told
        assert_silent(told + left_behind(outbox, database))
        assert database.worker_dsn not in told
    assert run(outbox, database.worker_dsn, "drain")[0] == 0


@pytest.mark.parametrize("fault", ["check", "trigger", "unique", "undecodable", "missing table", "lost connection"])
def test_no_payload_is_told_whatever_the_database_says_about_it(fault: str, outbox: Path, database: Database) -> None:
    """Its messages quote rows: a DETAIL with the failing row, a trigger that says what it was given."""
    url = database.worker_dsn
    with psycopg.connect(database.dsn, autocommit=True) as connection, Outbox.open(outbox) as box:
        match fault:
            case "check":
                connection.execute(
                    f"alter table contents add constraint no_marks check (content not like '%{PAYLOAD}%')"
                )
            case "trigger":
                connection.execute(
                    "create function quote_it() returns trigger language plpgsql as "
                    "'begin raise exception ''%'', new using detail = new.content, hint = new.content; end'"
                )
                connection.execute(
                    "create trigger quote_it before insert on contents for each row execute function quote_it()"
                )
            case "unique":
                connection.execute("create unique index one_body on contents (left(content, 100))")
                connection.execute(
                    "insert into contents (slug, title, content_type, content) values ('x', 'x', 'other', %s)",
                    [f"a body: {PAYLOAD}"],
                )
            case "undecodable":
                got_in(box, f'{{"slug": "p--x", "title": "{PAYLOAD}')
                got_in(box, f'{{"slug": "p--x", "title": "t", "content_type": "other", "sequence_order": "{PAYLOAD}"}}')
            case "missing table":
                connection.execute("alter table contents rename to elsewhere")
    with FaultProxy(url) as proxy:
        if fault == "lost connection":
            proxy.plan.cut_request = lambda chunk: PAYLOAD.encode() in chunk
            url = proxy.dsn
        commands = (("drain", "--patience", "0.5", "--timeout", "5"), ("verify", "--json"), ("doctor", "--json"))
        _, told = run(outbox, url, code=ONE_AFTER_THE_OTHER.format(commands=commands))
    assert told.count("exit ") >= len(commands)
    assert "Traceback" not in told
    told += left_behind(outbox, database)
    assert_silent(told)
    assert url.partition("@")[0] not in told
