"""`outbox import`: what was exported comes back as news where it is news, however often, whatever became of it."""

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from outbox import Outbox
from outbox import catalogue as c
from outbox.operating import resolve
from tests.support.lessons import PROJECT_ROOT, SetClock, lesson, path_of, publish
from tests.support.make_outbox import lesson as course_lesson
from tests.support.make_outbox import project
from tests.support.postgres import Database
from tests.support.processes import environment, worker


def outbox(path: Path, *arguments: object, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", "outbox", *map(str, arguments)],
        env=environment(path, None, PYTHONPATH=str(PROJECT_ROOT)),
        cwd=path.parent.parent,
        input=stdin,
        capture_output=True,
        check=False,
    )


def exported(path: Path, *arguments: str) -> bytes:
    done = outbox(path, "export", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def taken_in(path: Path, export: bytes) -> dict[str, Any]:
    done = outbox(path, "import", "-", "--json", stdin=export)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def said(path: Path) -> list[tuple[str, Any]]:
    with Outbox.open(path) as box:
        return [(event.type, event.payload) for event in box.read(limit=10_000)]


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    return tmp_path / "a" / "outbox.db", tmp_path / "b" / "outbox.db"


def test_an_export_tells_how_many_events_were_decided_about(paths: tuple[Path, Path]) -> None:
    """What an operator edited or discarded would take effect as it was appended: nobody is to find that out later."""
    with Outbox.open(paths[0]) as box:
        box.append(*(c.ContentUpserted(slug=f"p--{one}", title=one, content_type="other") for one in "abc"))
        for seq in (1, 2, 3):
            resolve.set_aside(box, seq, "not now")
        resolve.edit(box, 1, {**box.event(1).payload, "title": "better"}, "a better title")
        resolve.discard(box, 2, "no use")
    assert b"warning: 3 of these events were edited, discarded or set aside" in outbox(paths[0], "export").stderr
    with Outbox.open(paths[1]) as box:
        box.append(c.ContentUpserted(slug="p--a", title="a", content_type="other"))
    assert b"warning" not in outbox(paths[1], "export").stderr


def test_an_exported_log_is_taken_into_a_fresh_outbox_once(paths: tuple[Path, Path]) -> None:
    """Every event, in order, with its time; the second time nothing, also where a state went back and forth."""
    old, new = paths
    clock = SetClock()
    with Outbox.open(old, clock=clock) as box:
        for title in ("one", "two", "one"):
            box.append(lesson("a", title), lesson("b", title), c.ContentFidelityScored(slug="curso-x--a", score=0.5))
            clock.move(minutes=1)
        box.append(c.ContentTagged(slug="curso-x--a", tag="pão"), c.ContentDeleted(slug="curso-x--b"))
        times = [event.occurred_at for event in box.read()]
    export = exported(old)
    done = taken_in(new, export)
    assert (done["appended"], done["here"], done["older_events"], done["failures"]) == (11, 0, 0, [])
    assert said(new) == said(old)
    with Outbox.open(new) as box:
        assert [event.occurred_at for event in box.read()] == times
    again = taken_in(new, export)
    assert (again["appended"], again["here"]) == (0, 11)
    assert taken_in(new, gzip.compress(export))["appended"] == 0
    assert taken_in(new, b"\xef\xbb\xbf" + export.replace(b"\n", b"\r\n"))["appended"] == 0  # saved by an editor


def test_of_a_clone_only_what_it_said_itself_is_taken_in_and_only_where_it_is_newer(paths: tuple[Path, Path]) -> None:
    """What both logs have is here; where the original said something later, the clone's word is older, and told."""
    old, clone = paths
    clock = SetClock()
    with Outbox.open(old, clock=clock) as box:
        box.append(lesson("a", "first"), lesson("b", "first"), lesson("c", "first"))
        box.checkpoint()
    shutil.copy(old, clone)
    with Outbox.open(clone, clock=clock) as box:
        clock.move(minutes=1)
        box.append(lesson("a", "of the clone"), lesson("b", "of the clone"), lesson("new", "of the clone"))
    with Outbox.open(old, clock=clock) as box:
        clock.move(minutes=1)
        box.append(lesson("a", "of the original"), lesson("c", "of the original"))
    done = taken_in(old, exported(clone))
    assert (done["here"], done["appended"], done["older_events"]) == (3, 2, 1)
    assert "curso-x--a" in done["older"][0]
    newest = {payload["slug"]: payload["body"] for _, payload in said(old)}
    assert newest == {
        "curso-x--a": "of the original",
        "curso-x--b": "of the clone",
        "curso-x--c": "of the original",
        "curso-x--new": "of the clone",
    }


def test_lines_that_cannot_be_read_are_told_and_the_others_taken_in(paths: tuple[Path, Path]) -> None:
    """Cut off, no JSON, of a type or version that nobody knows, against its contract: each with its number."""
    old, new = paths
    with Outbox.open(old) as box:
        box.append(*(lesson(name) for name in "abcd"))
    lines = exported(old).splitlines()
    lines[1] = json.dumps({**json.loads(lines[1]), "type": "content.painted"}).encode()
    lines[2] = json.dumps({**json.loads(lines[2]), "version": 99}).encode()
    broken = json.loads(lines[3])
    broken["payload"]["slug"] = "Not A Slug"
    lines[3] = json.dumps(broken).encode()
    done = outbox(new, "import", "-", stdin=b"\n".join([*lines, b'{"seq": 5, "eve', b"", b"[1]"]))
    assert done.returncode == 1
    told = done.stderr.decode()
    assert [f"line {number}:" in told for number in range(1, 9)] == [False, True, True, True, True, False, True, False]
    assert "Traceback" not in told
    assert [payload["slug"] for _, payload in said(new)] == ["curso-x--a"]


def changed(line: bytes, **fields: Any) -> bytes:
    return json.dumps({**json.loads(line), **fields}).encode()


CHANGED: dict[str, Any] = {
    "another payload": lambda line: line.replace(b"Aula b", b"Aula x"),
    "another hash": lambda line: changed(line, payload_sha256="0" * 64),
    "no hash": lambda line: line.replace(b"payload_sha256", b"payload_md5"),
    "another aggregate": lambda line: changed(line, aggregate_id="00000000-0000-5000-8000-000000000000"),
    "another kind of aggregate": lambda line: changed(line, aggregate_type="project"),
    "another type": lambda line: changed(line, type="content.deleted"),
    "no id": lambda line: changed(line, event_id="nope"),
    "an id of another kind": lambda line: changed(line, event_id="00000000-0000-4000-8000-000000000000"),
    "a seq beyond every log": lambda line: changed(line, seq=10**30),
    "a seq that is a text": lambda line: changed(line, seq="2"),
    "a version that is a text": lambda line: changed(line, version="1"),
    "a time before all others": lambda line: changed(line, occurred_at="0001-01-01T00:00:00+14:00"),
    "a time without a zone": lambda line: changed(line, occurred_at="2026-01-01T00:00:00"),
    "a payload that is a text": lambda line: changed(line, payload="{}"),
    "not a number": lambda line: line.replace(b'"payload": {', b'"payload": {"order": NaN, '),
    "half of it": lambda line: line[: len(line) // 2],
    "a byte that is not UTF-8": lambda line: line.replace(b"Aula b", b"Aula \xe3"),
    "a NUL in front": lambda line: b"\0" + line,
}


@pytest.mark.parametrize("what", CHANGED)
def test_a_line_that_is_not_as_it_was_exported_is_told_and_left_out(what: str, paths: tuple[Path, Path]) -> None:
    """Its payload does not fit its hash, it does not fit its ids, or it is cut off; the others are taken in."""
    old, new = paths
    with Outbox.open(old) as box:
        box.append(*(lesson(name, f"Aula {name}") for name in "abc"))
    lines = exported(old).splitlines()
    lines[1] = CHANGED[what](lines[1])
    done = outbox(new, "import", "-", stdin=b"\n".join(lines))
    assert done.returncode == 1
    told = done.stderr.decode()
    assert (told.count("line 2: "), told.count("error"), "Traceback" in told) == (1, 1, False)
    assert [payload["slug"] for _, payload in said(new)] == ["curso-x--a", "curso-x--c"]
    again = outbox(new, "import", "-", stdin=exported(old))  # once it is mended
    assert again.returncode == 0
    assert sorted(payload["slug"] for _, payload in said(new)) == ["curso-x--a", "curso-x--b", "curso-x--c"]


def test_a_line_that_both_logs_have_is_compared_as_well(paths: tuple[Path, Path]) -> None:
    """It was changed since: that is told, though there is nothing to append; also where it was taken in before."""
    old, new = paths
    with Outbox.open(old) as box:
        box.append(*(lesson(name, f"Aula {name}") for name in "abc"))
    export = exported(old)
    taken_in(new, export)
    line = json.loads(export.splitlines()[1])
    line["payload"]["title"] = "another"
    raw = json.dumps(line["payload"], ensure_ascii=False, separators=(",", ":")).encode()
    line["payload_sha256"] = hashlib.sha256(raw).hexdigest()
    for path in (old, new):
        lines = export.splitlines()
        lines[1] = json.dumps(line).encode()
        done = outbox(path, "import", "-", stdin=b"\n".join(lines))
        assert (done.returncode, b"line 2: " in done.stderr) == (1, True)
        assert len(said(path)) == 3


def _doubled(lines: list[bytes]) -> bytes:
    return b"\n".join([lines[0], changed(lines[1], event_id=json.loads(lines[0])["event_id"]), lines[2]])


REFUSED_FILES: dict[str, Any] = {
    "backwards": lambda lines: b"\n".join(lines[::-1]),
    "two after one another": lambda lines: b"\n".join(lines + lines),
    "two events with one id": _doubled,
    "UTF-16": lambda lines: b"\n".join(lines).decode().encode("utf-16"),
    "cut off while it was compressed": lambda lines: gzip.compress(b"\n".join(lines))[:-9],
    "damaged while it was compressed": lambda lines: gzip.compress(b"\n".join(lines))[:-40] + bytes(40),
}


@pytest.mark.parametrize("what", REFUSED_FILES)
def test_a_file_that_is_no_log_from_beginning_to_end_is_refused_as_a_whole(what: str, paths: tuple[Path, Path]) -> None:
    """What is news could not be told: nothing is appended, and one line says why."""
    old, new = paths
    with Outbox.open(old) as box:
        box.append(*(lesson(name, f"Aula {name}") for name in "abc"))
    done = outbox(new, "import", "-", stdin=REFUSED_FILES[what](exported(old).splitlines()))
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"nothing was taken in" in done.stderr
    assert said(new) == []


def test_every_number_that_a_payload_may_hold_keeps_its_hash(paths: tuple[Path, Path]) -> None:
    """They are written as they were: no line that is as it was exported is taken for another."""
    old, new = paths
    numbers = [
        0.1,
        1.0,
        -0.0,
        1e22,
        6.02214076e23,
        5e-324,
        1.7976931348623157e308,
        2**63 - 1,
        -(2**63 - 1),
        1e16,
        0.0001,
    ]
    texts = ["\u2028", "\x7f", "\x1f\t", "é", "e\u0301", "😀", '"\\/']
    with Outbox.open(old) as box:
        metadata = {"z": numbers, "a": {text: text for text in texts}, "": None}
        box.append(lesson("a"), c.ContentMetadataMerged(slug="curso-x--a", metadata=metadata))
    assert taken_in(new, exported(old))["appended"] == 2
    assert said(new) == said(old)


def test_the_files_come_along_where_the_export_carries_them(paths: tuple[Path, Path]) -> None:
    """Those that are as they were published; what somebody wrote here is kept, and told."""
    old, new = paths
    with Outbox.open(old, content_root=old.parent / "content") as box:
        for name in "abc":
            publish(box, name, f"text {name}")
    (old.parent / "content" / path_of("c")).write_text("à mão")
    (new.parent / "content" / path_of("b")).parent.mkdir(parents=True)
    (new.parent / "content" / path_of("b")).write_text("hers")
    export = exported(old, "--files")
    done = taken_in(new, export)
    assert (done["appended"], done["files"], done["kept"]) == (3, [path_of("a")], [path_of("b")])
    assert (new.parent / "content" / path_of("a")).read_text() == "text a"
    assert (new.parent / "content" / path_of("b")).read_text() == "hers"
    assert taken_in(new, export)["files"] == []


def test_a_person_is_told_what_came_in_and_what_was_left_out(paths: tuple[Path, Path]) -> None:
    """How many are news, which are older than what stands here, which files were published or kept."""
    old, new = paths
    clock = SetClock()
    with Outbox.open(old, content_root=old.parent / "content", clock=clock) as box:
        publish(box, "a", "# Aula\n\nold\n")
        publish(box, "b", "# Aula\n\nof both\n")
    export = exported(old, "--files")
    clock.move(minutes=1)
    with Outbox.open(new, content_root=new.parent / "content", clock=clock) as box:
        publish(box, "a", "# Aula\n\nnewer\n")
    (new.parent / "content" / path_of("a")).write_text("à mão")
    done = outbox(new, "import", "-", stdin=export)
    assert done.returncode == 0, done.stderr
    told = done.stdout.decode()
    assert "1 events appended\n0 are here already, 0 say what stands here\n" in told
    assert "1 are older than what stands here about the same thing, and were left out:\n" in told
    assert "curso-x--a" in told
    assert "1 files published\n" in told
    assert f"kept: {path_of('a')} was changed here" in told


@pytest.mark.parametrize("data", ["{not base64", "AAAA"])
def test_bytes_that_are_not_those_that_were_exported_are_not_published(data: str, paths: tuple[Path, Path]) -> None:
    """They are known by their hash."""
    record = {"file": "a.md", "sha256": "0" * 64, "data": data}
    done = outbox(paths[1], "import", "-", stdin=json.dumps(record).encode())
    assert done.returncode == 1
    assert b"line 1:" in done.stderr
    assert list(paths[1].parent.rglob("*.md")) == []


def test_what_was_taken_in_is_delivered_from_there(
    paths: tuple[Path, Path], database: Database, tmp_path: Path
) -> None:
    """Also to the database that had it from the outbox that is gone: every row once."""
    old, new = paths
    with Outbox.open(old) as box:
        box.append(*project(), *(course_lesson(number) for number in range(5)))
        last = box.last_seq
    for path in (old, new):
        if path == new:
            assert taken_in(new, exported(old))["appended"] == last
        with worker("drain", env=environment(path, database.worker_dsn), cwd=tmp_path) as process:
            _, errors = process.communicate()
            assert process.returncode == 0, errors
    with psycopg.connect(database.dsn) as connection:
        row = connection.execute("select count(*), count(distinct slug) from contents where slug like %s", ["%aula%"])
        assert row.fetchone() == (5, 5)
        seqs = connection.execute("select applied_seq from outbox.sources").fetchall()
    assert sorted(seqs) == [(last,), (last,)]
