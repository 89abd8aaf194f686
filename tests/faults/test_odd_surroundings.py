"""What other outboxes broke on, and this one goes through: odd databases, odd folders, an environment with nothing in it."""

import os
import socket
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from outbox import Outbox
from outbox import catalogue as c
from tests.support.postgres import Database
from tests.support.processes import DEADLINE_SECONDS, ROOT, until
from tests.support.relaying import NoWaiting, drain, relay
from worker import Ending

NOTICES = 60_000


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db") as box:
        yield box


def page(number: int) -> c.ContentUpserted:
    return c.ContentUpserted(slug=f"p--{number}", title=f"Aula {number}", content_type="other")


def delivered(database: Database) -> list[str]:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        return [str(slug) for (slug,) in connection.execute("select slug from contents order by slug")]


def standbys(database: Database, names: str) -> None:
    """Set which standbys have to confirm a commit before it returns."""
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        connection.execute(f"alter system set synchronous_standby_names = '{names}'".encode())
        connection.execute("select pg_reload_conf()")


def a_commit_waits(database: Database) -> bool:
    """Whether the server has come to wait for a standby; its processes hear of a setting one after the other."""
    with psycopg.connect(database.admin_dsn, autocommit=True) as watcher:
        commit = threading.Thread(target=commit_something, args=[database], daemon=True)
        commit.start()
        while commit.is_alive():
            asked = "select from pg_stat_activity where application_name = 'probe' and wait_event = 'SyncRep'"
            if watcher.execute(asked).fetchone() is not None:
                return True
            commit.join(0.02)
    return False


def commit_something(database: Database) -> None:
    with psycopg.connect(database.admin_dsn, autocommit=True, application_name="probe") as probe:
        probe.execute("create table probed (); drop table probed")


def test_a_synchronous_standby_that_is_dead_is_an_outage_and_doubles_nothing(box: Outbox, database: Database) -> None:
    """A commit is done and not confirmed; once nobody waits for the standby any more, the position tells what was."""
    box.append(page(1))
    drain(box, database.worker_dsn)
    box.append(*(page(number) for number in range(2, 6)))
    waker = NoWaiting()
    waker.on_sleep = lambda _seconds: standbys(database, "")
    standbys(database, "gone")
    try:
        until(lambda: a_commit_waits(database), what="a commit that waits for a standby")
        one = relay(box, database.worker_dsn, waker=waker, statement_timeout_ms=500, margin_seconds=1.0, max_events=2)
        assert one.run() is Ending.EMPTY
    finally:
        standbys(database, "")
    assert waker.slept
    assert delivered(database) == [f"p--{number}" for number in range(1, 6)]
    assert box.parked.count() == 0


def test_a_flood_of_notices_holds_nothing_up(box: Outbox, database: Database) -> None:
    """Megabytes of them, while a batch is on its way: they are read, or both sides would wait for ever."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(
            "create function chatter() returns trigger language plpgsql as $$ begin for n in 1..20000 loop "
            "raise notice 'lesson % is number % of many, and there is a lot to be said about it', new.slug, n; "
            "end loop; return new; end $$"
        )
        connection.execute("create trigger chatter before insert on contents for each row execute function chatter()")
    box.append(*(page(number) for number in range(NOTICES // 20_000)))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert len(delivered(database)) == NOTICES // 20_000
    assert box.parked.count() == 0


# Folders.

NAMES = (
    "1.2 fifty % off #1?.md", "1.3 it's \"quoted\".md", "1.4 pão 🍞.md", "1.5  two  blanks .md", "1.6 $(id) `id` ;.md",
    "1.7 " + "long " * 45 + ".md",
)  # fmt: skip


def generate(outbox: Path, *arguments: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    given = dict(os.environ) if env is None else env
    given |= {"OUTBOX_PATH": str(outbox), "CONTENT_ROOT": str(outbox.parent / "content")}
    return subprocess.run(
        [sys.executable, "-m", "generators", *(str(one) for one in arguments)],
        cwd=ROOT,
        env=given,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=DEADLINE_SECONDS,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def course(folder: Path, *names: str) -> Path:
    lessons = folder / "lessons"
    lessons.mkdir(parents=True)
    (folder / "COURSE-BRIEF.md").write_text("# Course Brief: Pão\n\n**Slug:** pao\n", "utf-8")
    for name in names:
        (lessons / name).write_text(f"# {name[:40]}\n\nFarinha, água e tempo, e mais nada além disso.\n", "utf-8")
    return folder


def slugs(outbox: Path) -> set[str]:
    with Outbox.open(outbox) as box:
        return {str(one.payload["slug"]) for one in box.read(after=0, limit=1000) if one.type == "content.upserted"}


def test_pipes_devices_and_sockets_among_a_course_are_not_read(tmp_path: Path) -> None:
    """A pipe would be waited for without end, a device read without end."""
    folder = course(tmp_path / "pao", "1.1 farinha.md")
    os.mkfifo(folder / "lessons" / "1.2 pipe.md")
    (folder / "lessons" / "1.3 zero.md").symlink_to("/dev/zero")
    (folder / "lessons" / "1.4 tty.md").symlink_to("/dev/tty")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(folder / "lessons" / "1.5 s.md"))
        ran = generate(tmp_path / "o" / "outbox.db", "import", folder)
    assert "Traceback" not in ran.stderr
    assert ran.returncode in {0, 1, 4}
    found = slugs(tmp_path / "o" / "outbox.db")
    assert [slug for slug in found if "farinha" in slug]
    assert not [slug for slug in found if any(word in slug for word in ("pipe", "zero", "tty"))]


def test_odd_file_names_are_imported_or_told_by_name(tmp_path: Path) -> None:
    """A name is no code, no path and no pattern; one that is not UTF-8, or ends a line, keeps out nobody else."""
    folder = course(tmp_path / "pao", "1.1 farinha.md", *NAMES)
    (folder / "lessons" / "1.8 new\nline.md").write_text("# Linha\n\nFarinha e água.\n", "utf-8")
    with open(os.fsencode(folder / "lessons") + b"/1.9 p\xe3o.md", "wb") as file:  # noqa: PTH123 - a name of bytes
        file.write(b"# Latim\n\nFarinha.\n")
    ran = generate(tmp_path / "o" / "outbox.db", "import", folder)
    assert "Traceback" not in ran.stderr
    found = slugs(tmp_path / "o" / "outbox.db")
    assert len([slug for slug in found if slug.startswith("pao--")]) >= 1 + len(NAMES)


def test_a_folder_whose_names_were_decomposed_meanwhile_is_the_same_course(tmp_path: Path) -> None:
    """A course that comes back from a Mac: not one lesson is new, and none is gone."""
    names = ("1.1 Lição de pão.md", "1.2 Água e força.md")
    folder = course(tmp_path / "pao", *(unicodedata.normalize("NFC", name) for name in names))
    outbox = tmp_path / "o" / "outbox.db"
    assert generate(outbox, "import", folder).returncode == 0
    before = slugs(outbox)
    for name in names:
        composed, decomposed = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
        (folder / "lessons" / composed).rename(folder / "lessons" / decomposed)
    assert generate(outbox, "import", folder).returncode == 0
    assert slugs(outbox) == before


# An environment as cron gives it.


def test_the_commands_need_nothing_of_a_terminals_environment(tmp_path: Path, database: Database) -> None:
    """No HOME, no LANG, no TERM, no USER; a PATH of two folders."""
    folder = course(tmp_path / "pao", "1.1 Lição de pão.md")
    outbox = tmp_path / "o" / "outbox.db"
    bare = {"PATH": "/usr/bin:/bin"}
    made = generate(outbox, "import", folder, env=dict(bare))
    assert (made.returncode, "Traceback" in made.stderr) == (0, False)
    given = {**bare, "OUTBOX_PATH": str(outbox), "CONTENT_ROOT": str(outbox.parent / "content")}
    given |= {"CREATOR_OS_DB_PERSIST": "true", "SUPABASE_DB_URL": database.worker_dsn}
    for command in (["outbox", "status"], ["worker", "drain"], ["worker", "verify"], ["outbox", "status", "--json"]):
        ran = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=given,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=DEADLINE_SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert (ran.returncode, "Traceback" in ran.stderr) == (0, False), (command, ran.stderr)
    assert len(delivered(database)) >= 1
