"""The `outbox` command as an operator and a script see it: output, exit codes, keys of the contract."""

import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import termios
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from outbox import Outbox
from outbox.cli import _COMMANDS
from tests.support.lessons import PROJECT_ROOT, PYTHON, lesson, path_of, publish
from tests.support.make_outbox import got_in
from tests.support.parked import put_parked

Run = Callable[..., "subprocess.CompletedProcess[str]"]
HEAVY = ("sqlite_utils", "rich", "psycopg", "watchdog", "structlog", "dotenv", "yaml")
PARKED = ("list", "show", "retry", "edit", "discard", "supersede")


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "box" / "outbox.db", tmp_path / "content"


@pytest.fixture
def run(places: tuple[Path, Path]) -> Run:
    path, root = places
    ours = ("OUTBOX_", "CONTENT_ROOT", "CREATOR_", "PERSONA_", "SUPABASE_")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(ours)}

    def command(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [PYTHON, "-m", "outbox", *map(str, arguments)],
            cwd=path.parent.parent,
            env={
                **clean,
                "PYTHONPATH": str(PROJECT_ROOT),
                "OUTBOX_PATH": str(path),
                "CONTENT_ROOT": str(root),
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return command


@pytest.fixture
def filled(places: tuple[Path, Path]) -> Outbox:
    """Three lessons published; the second parked, the third's later version held behind nothing."""
    with Outbox.open(places[0], content_root=places[1]) as box:
        for name in ("a", "b", "c"):
            publish(box, name, f"# {name}\n")
        put_parked(box, box.event(2), reason="title too long", sqlstate="22001")
        yield box


def told(done: "subprocess.CompletedProcess[str]", code: int = 0) -> object:
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "command", [(), *((name,) for name in _COMMANDS), *(("parked", name) for name in PARKED)], ids=" ".join
)
def test_every_command_has_help_with_an_example(run: Run, command: tuple[str, ...]) -> None:
    """On stdout, with exit code 0, and without an outbox."""
    done = run(*command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage:" in done.stdout
    if command != ("parked",):
        assert "Example" in done.stdout


@pytest.mark.parametrize("arguments", [("--help",), ("status", "--help"), ("events", "--help"), ("parked", "--help")])
def test_help_imports_nothing_heavy(run: Run, arguments: tuple[str, ...]) -> None:
    """It has to answer in under 0.2 s."""
    script = (
        "import sys\nfrom outbox.cli import cli\n"
        f"cli.main({list(arguments)!r}, standalone_mode=False)\n"
        f"sys.stderr.write(' '.join(name for name in {HEAVY!r} if name in sys.modules))\n"
    )
    done = subprocess.run([PYTHON, "-c", script], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_without_an_outbox_a_command_says_what_to_set(run: Run, places: tuple[Path, Path]) -> None:
    """Exit code 3, one line on stderr, no file made."""
    for command in ("status", "events", "check", "outages"):
        done = run(command)
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr.startswith("error: no outbox at ")
        assert done.stderr.count("\n") == 1
    assert not places[0].parent.exists()


def test_a_wrong_setting_is_a_configuration_error(run: Run, tmp_path: Path) -> None:
    """Exit code 3, naming the variable."""
    done = run("status", OUTBOX_PATH=str(tmp_path))
    assert done.returncode == 3
    assert "OUTBOX_PATH" in done.stderr


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("status", "--nonsense"), ("show",), ("show", "x"), ("parked", "discard", "2")]
)
def test_a_wrong_command_line_is_a_usage_error(run: Run, filled: Outbox, arguments: tuple[str, ...]) -> None:
    """Exit code 2, the reason on stderr, nothing done."""
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage:" in done.stderr


def test_status_has_the_keys_of_the_contract(run: Run, filled: Outbox) -> None:
    """Scripts rely on them."""
    found = told(run("status", "--json"))
    assert found["outbox_id"] == str(filled.outbox_id)
    assert (found["last_seq"], found["applied_seq"], found["backlog"], found["parked"]) == (3, 0, 3, 1)
    assert found["oldest_pending_seconds"] >= 0
    assert found["bytes"] > 0
    assert found["worker"] == dict.fromkeys(found["worker"], None) | {"state": "stopped"}
    assert found["outage"] is None


def test_status_says_the_same_to_a_person(run: Run, filled: Outbox) -> None:
    """Whether it is safe, what waits, what needs a person."""
    done = run("status")
    assert (done.returncode, done.stderr) == (0, "")
    for words in ("safe", "3 events", "no worker runs", "outbox parked show 2"):
        assert words in done.stdout


def test_what_is_piped_is_plain_and_its_labels_never_change(run: Run, filled: Outbox) -> None:
    """No escape codes, and one line for each question, in the order in which it is asked."""
    text = run("status", TERM="xterm-256color", FORCE_COLOR="1").stdout
    assert "\x1b" not in text
    labels = [line.split("  ")[0] for line in text.splitlines() if not line.startswith(" ")]
    assert labels == ["generation", "wrong", "waiting", "draining", "done", "needs you", "outbox"]


def test_a_damaged_file_has_a_screen_of_its_own(run: Run, filled: Outbox, places: tuple[Path, Path]) -> None:
    """It says that generation is not safe and what saves the events; a script gets the error and the same exit code."""
    filled.close()
    places[0].write_bytes(b"not a database" * 1000)
    done = run("status")
    assert done.returncode == 1
    assert done.stdout.startswith("generation  NOT SAFE")
    assert "$ outbox recover --salvage" in done.stdout
    done = run("status", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "is damaged" in done.stderr


def test_events_are_listed_one_a_line(run: Run, filled: Outbox) -> None:
    """As JSON lines too, by seq, type and aggregate, without payloads."""
    lines = [json.loads(line) for line in run("events", "--json", "--after", 1, "--limit", 1).stdout.splitlines()]
    assert [line["seq"] for line in lines] == [2]
    assert "payload" not in lines[0]
    assert len(run("events").stdout.splitlines()) == 3
    assert run("events", "--type", "content.deleted").stdout == ""
    found = run("events", "--aggregate", filled.event(3).aggregate_id, "--json").stdout.splitlines()
    assert [json.loads(line)["seq"] for line in found] == [3]


def test_following_shows_what_is_there_and_what_comes(run: Run, filled: Outbox, places: tuple[Path, Path]) -> None:
    """Until interrupted."""
    process = subprocess.Popen(
        [PYTHON, "-u", "-m", "outbox", "events", "--follow", "--after", "2", "--json"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "OUTBOX_PATH": str(places[0])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert json.loads(process.stdout.readline())["seq"] == 3
        filled.append(lesson("new"))
        assert json.loads(process.stdout.readline())["seq"] == 4
        process.send_signal(2)
        _, err = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in err


def test_a_reader_of_the_output_may_go_away(run: Run, filled: Outbox, places: tuple[Path, Path]) -> None:
    """`outbox export | head -1` is no failure."""
    bash = shutil.which("bash")
    assert bash is not None
    for number in range(60):
        filled.append(lesson(f"n{number}", "x" * 20_000))
    done = subprocess.run(
        [bash, "-c", f"set -o pipefail; {PYTHON} -m outbox export | head -1 | cut -c1-8"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "OUTBOX_PATH": str(places[0])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_show_prints_the_whole_event(run: Run, filled: Outbox) -> None:
    """Payload and all; an unknown seq is exit code 1."""
    found = told(run("show", 1, "--json"))
    assert found["payload"]["body"] == "# a\n"
    assert found == filled.event(1).as_dict()
    assert "# a" in run("show", 1).stdout
    done = run("show", 99)
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize("text", ["{not json", "[]", "[" * 100_000], ids=["no JSON", "no object", "nested too deeply"])
def test_an_event_that_nobody_can_read_is_shown_as_it_is_and_can_be_decided_about(
    run: Run, filled: Outbox, text: str
) -> None:
    """Append refuses such a payload; one that got in all the same hides nothing, and is edited or discarded like any other."""
    seq = got_in(filled, text)
    put_parked(filled, filled.event(seq), reason="the payload is not JSON")
    shown = [] if text == "[]" else text
    for command in (("show", seq), ("parked", "show", seq)):
        assert told(run(*command, "--json"))["payload"] == shown
        assert text in run(*command).stdout
    assert str(filled.event(seq).aggregate_id) in run("events", "--type", "content.upserted").stdout
    assert json.loads(run("export").stdout.splitlines()[-1])["payload"] == shown
    refused = run("parked", "supersede", seq, "--reason", "its file is fine")
    assert (refused.returncode, refused.stderr) == (
        1,
        f"error: event {seq} carries no file: use `outbox parked edit {seq}`\n",
    )
    fields = ("slug", f"p--x{seq - 1}"), ("title", "Mended"), ("content_type", "other")
    mended = [part for name, value in fields for part in ("--set", f"{name}={json.dumps(value)}")]
    edited = run("parked", "edit", seq, *mended, "--reason", "written anew")
    assert edited.returncode == 0, edited.stderr
    assert '+"Mended"' in edited.stdout
    assert json.loads(filled.parked.find(seq).payload_json or "") == dict(fields)


def test_parked_events_are_listed_shown_and_resolved(run: Run, filled: Outbox) -> None:
    """Each decision is on record with its reason."""
    (row,) = told(run("parked", "list", "--json"))
    assert (row["seq"], row["state"], row["sqlstate"]) == (2, "parked", "22001")
    assert "title too long" in run("parked", "list").stdout
    shown = told(run("parked", "show", 2, "--json"))
    assert shown["payload"]["slug"] == "curso-x--b"
    assert shown["held_behind_it"] == []
    done = run("parked", "edit", 2, "--set", 'title="Curto"', "--reason", "was too long")
    assert done.returncode == 0, done.stderr
    assert "Curto" in done.stdout
    audit = told(run("parked", "show", 2, "--json"))["audit"]
    assert [(act["action"], act["reason"]) for act in audit] == [("edit", "was too long")]
    done = run("parked", "retry", 2)
    assert done.returncode == 1
    assert "already" in done.stderr
    assert run("parked", "retry", 1).returncode == 1


@pytest.mark.parametrize("decision", ["discard", "supersede"])
def test_a_parked_event_is_discarded_or_superseded_with_a_reason(run: Run, filled: Outbox, decision: str) -> None:
    """Superseding takes the file as it is now."""
    filled.place_of(path_of("b")).write_text("# repaired\n")
    done = run("parked", decision, 2, "--reason", "because")
    assert done.returncode == 0, done.stderr
    found = filled.parked.find(2)
    assert (found.state.value, found.resolution.value) == ("releasing", decision)
    if decision == "supersede":
        assert json.loads(found.payload_json)["body"] == "# repaired\n"


def test_outages_are_listed_newest_first(run: Run, filled: Outbox) -> None:
    """Cause and backlog."""
    assert told(run("outages", "--json")) == []
    for cause in ("refused", "timeout"):
        filled.relay.outage_began(cause)
        filled.relay.outage_ended()
    found = told(run("outages", "--json"))
    assert [row["cause"] for row in found] == ["timeout", "refused"]
    listed = run("outages").stdout
    assert "refused" in listed
    assert "┤" in listed
    assert "\x1b" not in listed
    assert "|" in run("outages", PYTHONIOENCODING="ascii").stdout
    assert "┤" not in run("outages", "--no-plot").stdout


def test_an_outage_tells_how_long_it_took_to_drain(run: Run, filled: Outbox) -> None:
    """When the database was back is not when the work was done."""
    filled.relay.outage_began("refused")
    assert "goes on" in run("outages").stdout
    filled.relay.outage_ended()
    assert "not drained yet: refused" in run("outages").stdout
    filled.relay.drained()
    assert re.search(r"backlog 3 -> 3, drained in \S+ ?\S*: refused", run("outages").stdout)


def test_a_pause_survives_and_is_taken_back(run: Run, filled: Outbox) -> None:
    """The worker waits; `status` says so."""
    assert run("pause", "--reason", "maintenance").returncode == 0
    assert filled.relay.paused
    found = told(run("status", "--json"))
    assert found["paused"] is True
    assert found["pause"]["reason"] == "maintenance"
    assert "maintenance" in run("status").stdout
    assert "was paused already" in run("pause").stderr
    assert run("resume").returncode == 0
    assert not filled.relay.paused


def test_recover_tells_what_it_did(run: Run, places: tuple[Path, Path]) -> None:
    """0 where all is mended, 4 where a file was changed by hand in between."""
    publisher = [PYTHON, PROJECT_ROOT / "tests/support/publisher.py", *places, "a", "3"]
    env = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT), "OUTBOX_FAILPOINT": "unit.committed"}
    assert subprocess.run(publisher, env=env, capture_output=True, check=False).returncode == -9
    mine = places[1] / path_of("a-0")
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text("mine")
    found = told(run("recover", "--json"), 4)
    assert found == {
        "published": [path_of("a-0-b")],
        "swept": 0,
        "conflicts": [path_of("a-0")],
        "lost": [],
        "blocked": [],
        "others": [],
        "parked": [],
    } | {"swept": found["swept"]}
    done = run("recover")
    assert (done.returncode, done.stdout) == (0, "nothing to recover\n")


def test_check_holds_or_exits_with_4(run: Run, filled: Outbox) -> None:
    """Each finding by name."""
    found = told(run("check", "--json"))
    assert all(row["ok"] for row in found)
    filled.connection.execute("delete from events where seq = 2")
    found = told(run("check", "--json"), 4)
    assert {row["check"] for row in found if not row["ok"]} >= {"seqs are contiguous"}
    assert "FAIL" in run("check").stdout


def test_a_damaged_outbox_is_refused_with_the_way_out_and_salvaged(
    run: Run, places: tuple[Path, Path], tmp_path: Path
) -> None:
    """`check` says so with exit code 4, reading fails with 1, and a new file takes what can be read."""
    with Outbox.open(places[0]) as box:
        for number in range(60):
            box.append(lesson(f"{number}", f"body {number} " * 400))
    raw = bytearray(places[0].read_bytes())
    at = raw.find(b"body 30 ") // 4096 * 4096
    raw[at : at + 4096] = b"\xff" * 4096
    places[0].write_bytes(raw)
    assert run("check").returncode == 4
    done = run("export")
    assert done.returncode == 1
    assert "recover --salvage" in done.stderr
    assert "Traceback" not in done.stderr
    found = told(run("recover", "--salvage", tmp_path / "new.db", "--json"), 4)
    assert found["events"] + len(found["lost"]) == 60
    said = run("recover", "--salvage", tmp_path / "again.db")
    assert said.returncode == 4
    assert said.stdout.splitlines() == [
        f"{found['events']} events saved to {tmp_path / 'again.db'}",
        f"{len(found['lost'])} could not be read: {', '.join(map(str, found['lost']))}",
    ]
    assert "`generate import`" in said.stderr
    assert f"set OUTBOX_PATH={tmp_path / 'again.db'}" in said.stderr
    there = run("recover", "--salvage", tmp_path / "again.db")
    assert (there.returncode, there.stdout) == (1, "")
    assert "exists: salvage into a new file" in there.stderr
    assert run("check", OUTBOX_PATH=str(tmp_path / "new.db")).returncode in {0, 4}


def test_prune_deletes_what_is_proven_and_nothing_else(run: Run, filled: Outbox) -> None:
    """A dry run says what would go."""
    assert told(run("prune", "--keep-days", 0, "--json"))["deleted"] == 0
    destination = uuid.uuid4()
    filled.relay.remember_position(destination, 3, filled.event(3).event_id)
    filled.relay.remember_verified(destination, 3)
    dry = told(run("prune", "--keep-days", 0, "--dry-run", "--json"))
    assert (dry["events"], dry["deleted"], filled.event(1).seq) == (1, 0, 1)
    assert told(run("prune", "--keep-days", 0, "--json"))["deleted"] == 1  # the second one is parked
    assert [event.seq for event in filled.read()] == [2, 3]


def test_backup_and_export_hold_the_whole_log(run: Run, filled: Outbox, tmp_path: Path) -> None:
    """The copy never overwrites; the export is one JSON object a line."""
    assert run("backup", tmp_path / "copy.db").returncode == 0
    assert told(run("status", "--json", OUTBOX_PATH=str(tmp_path / "copy.db")))["last_seq"] == 3
    done = run("backup", tmp_path / "copy.db")
    assert done.returncode == 1
    assert "never overwrites" in done.stderr
    lines = [json.loads(line) for line in run("export").stdout.splitlines()]
    assert lines == [event.as_dict() for event in filled.read()]
    assert run("export", "--after", 2, "--output", tmp_path / "x.jsonl").returncode == 0
    assert len((tmp_path / "x.jsonl").read_text().splitlines()) == 1


def test_a_person_reads_the_same_as_a_script(run: Run, filled: Outbox, places: tuple[Path, Path]) -> None:
    """Every reading command answers in words too, on stdout."""
    filled.relay.outage_began("connection refused")
    assert "the database was away: connection refused" in run("status").stdout
    filled.relay.outage_ended()
    filled.relay.pause()
    assert "paused for" in run("status").stdout
    assert "22001" in run("parked", "show", 2).stdout
    assert "0 events would go" in run("prune", "--dry-run").stdout
    assert "0 events deleted" in run("prune").stdout
    assert run("check").stdout.count("ok  ") >= 6
    assert "nothing to recover" in run("recover").stdout
    filled.close()
    fresh = places[0].with_name("fresh.db")
    Outbox.open(fresh).close()
    empty = {"OUTBOX_PATH": str(fresh)}
    assert run("parked", "list", **empty).stderr == "nothing is parked\n"
    assert run("outages", **empty).stderr == "no outage so far\n"
    assert "everything is delivered" in run("status", **empty).stdout


def test_recover_has_little_to_say_where_all_is_well(run: Run, filled: Outbox) -> None:
    done = run("recover")
    assert (done.returncode, done.stdout) == (0, "nothing to recover\n")


def test_recover_keeps_what_a_person_wrote_and_sweeps_what_nobody_names(run: Run, places: tuple[Path, Path]) -> None:
    """A file that a person put in the place of one that was to be published is kept: exit 4, and how to go on."""

    def dies_at(failpoint: str, prefix: str) -> None:
        publisher = [PYTHON, PROJECT_ROOT / "tests/support/publisher.py", *places, prefix, "1"]
        env = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT), "OUTBOX_FAILPOINT": failpoint}
        assert subprocess.run(publisher, env=env, capture_output=True, check=False).returncode == -9

    dies_at("unit.committed", "a")
    mine = places[1] / path_of("a-0")
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text("by hand")
    done = run("recover")
    assert done.returncode == 4
    assert done.stdout.splitlines() == [
        f"published  {path_of('a-0-b')}",
        "swept      1 staged files that no event names",
        f"conflict   {path_of('a-0')}: changed by hand since, kept; `generate sync` takes the change over",
    ]
    assert mine.read_text() == "by hand"
    dies_at("unit.staged", "b")
    done = run("recover")
    assert (done.returncode, done.stdout) == (0, "swept      2 staged files that no event names\n")


def test_recover_says_what_became_of_each_file(run: Run, places: tuple[Path, Path]) -> None:
    """Published, swept, lost, blocked: one line each."""
    publisher = [PYTHON, PROJECT_ROOT / "tests/support/publisher.py", *places, "a", "3", "pictures"]
    env = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT), "OUTBOX_FAILPOINT": "unit.committed"}
    assert subprocess.run(publisher, env=env, capture_output=True, check=False).returncode == -9
    for staged in (places[1] / ".outbox-staging").glob("*/*.tmp"):
        if b"PNG" in staged.read_bytes():
            staged.unlink()
    (places[1] / path_of("a-0")).mkdir(parents=True)
    done = run("recover")
    assert done.returncode == 4
    words = [line.split()[0] for line in done.stdout.splitlines()]
    assert words == ["published", "lost", "lost", "blocked"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--set", "title"), "FIELD=VALUE"),
        (("--set", "title={"), "is not JSON"),
        (("--file", "-"), "is not JSON"),
        (("--set", 'title=""'), "$.title"),
        (("--set", 'slug="other"'), "another aggregate"),
    ],
)
def test_an_edit_that_makes_no_sense_changes_nothing(
    run: Run, filled: Outbox, arguments: tuple[str, ...], why: str
) -> None:
    """The event stays parked, and the message says what is wrong."""
    done = run("parked", "edit", 2, *arguments, "--reason", "r")
    assert done.returncode in {1, 2}
    assert why in done.stderr
    assert filled.parked.find(2).state.value == "parked"


def test_a_parked_event_is_edited_in_the_editor(run: Run, filled: Outbox, tmp_path: Path) -> None:
    """Without --set and --file; an editor that is left without a change leaves the event parked."""
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/Aula b/Aula B/' \"$1\"\n")
    editor.chmod(0o700)
    done = run("parked", "edit", 2, "--reason", "r", EDITOR="true", VISUAL="true")
    assert (done.returncode, "stays parked" in done.stderr) == (2, True)
    done = run("parked", "edit", 2, "--reason", "r", EDITOR=str(editor), VISUAL=str(editor))
    assert done.returncode == 0, done.stderr
    assert json.loads(filled.parked.find(2).payload_json)["title"] == "Aula B"


def test_status_can_be_watched_through_a_pipe(run: Run, filled: Outbox, places: tuple[Path, Path]) -> None:
    """One object a line; Ctrl-C ends it without a traceback."""
    process = subprocess.Popen(
        [PYTHON, "-u", "-m", "outbox", "status", "--watch", "--json"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "OUTBOX_PATH": str(places[0])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert json.loads(process.stdout.readline())["last_seq"] == 3
        process.send_signal(2)
        _, err = process.communicate()
    assert "Traceback" not in err


def test_status_can_be_watched_through_a_pipe_by_a_person(run: Run, filled: Outbox, places: tuple[Path, Path]) -> None:
    """Without --json one short line at each look."""
    process = subprocess.Popen(
        [PYTHON, "-u", "-m", "outbox", "status", "--watch"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "OUTBOX_PATH": str(places[0])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert re.fullmatch(r"\d\d:\d\d:\d\d \w+ backlog=3 parked=1\n", process.stdout.readline())
        process.send_signal(2)
        process.communicate()


def on_a_terminal(path: Path, *arguments: str) -> str:
    """What a command shows on a terminal of 70 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 70, 0, 0))
    process = subprocess.Popen(
        [PYTHON, "-m", "outbox", *arguments],
        cwd=PROJECT_ROOT,
        env={**os.environ, "OUTBOX_PATH": str(path), "TERM": "xterm", "NO_COLOR": "1", "PAGER": "cat"},
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # Linux says so when nobody holds the other end any more
        while more := os.read(ours, 65536):
            shown += more
    os.close(ours)
    assert process.wait() == 0
    return shown.decode()


def test_on_a_terminal_a_check_shows_how_far_it_is(filled: Outbox, places: tuple[Path, Path]) -> None:
    """Hashing a large log takes minutes; the findings stand on lines of their own."""
    filled.append(*(lesson(f"more-{number}") for number in range(1000)))
    lines = on_a_terminal(places[0], "check").splitlines()
    assert "1,000 events hashed" in lines
    assert "ok    seqs are contiguous" in lines


def test_on_a_terminal_a_page_of_the_documentation_is_laid_out(places: tuple[Path, Path]) -> None:
    """Headings and code without their marks, through the pager of the person."""
    shown = on_a_terminal(places[0], "docs", "runbook#disk-full")
    assert "Disk full" in shown
    assert "### " not in shown
    assert "`" not in shown


def test_on_a_terminal_the_status_is_drawn_once(filled: Outbox, places: tuple[Path, Path]) -> None:
    """The same answers as through a pipe, within the width of the window."""
    text = on_a_terminal(places[0], "status")
    assert "outbox parked show 2" in text
    assert "safe: 3 events in the log" in text
    assert max(len(line) for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()) <= 70


def test_a_full_disk_under_what_is_written_out_is_told_in_one_line(run: Run, filled: Outbox) -> None:
    """The log is only read: whoever exports to a full disk has lost nothing."""
    filled.append(*(lesson(f"{number}", "long " * 1000) for number in range(5)))
    done = run("export", "--output", "/dev/full")
    assert done.returncode == 1
    assert done.stderr == (
        "error: no space left on the disk: what is in the outbox stays; free some room and run again\n"
    )


def test_status_is_watched_on_a_terminal_until_it_is_interrupted(
    run: Run, filled: Outbox, places: tuple[Path, Path]
) -> None:
    """It draws in place, within the width, and follows what changes."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 60, 0, 0))
    process = subprocess.Popen(
        [PYTHON, "-m", "outbox", "status", "--watch"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "OUTBOX_PATH": str(places[0]), "TERM": "xterm-256color"},
        stdout=child,
        stderr=child,
    )
    os.close(child)
    shown = b""

    def until_shown(words: bytes) -> None:
        nonlocal shown
        while words not in shown:
            shown += os.read(parent, 65536)  # the test's own time limit ends a wait that is in vain

    with process:
        until_shown(b"$ outbox parked show 2")
        filled.relay.pause()
        until_shown(b"$ outbox resume")
        process.send_signal(2)
        with suppress(OSError):  # the terminal is gone with the process
            while more := os.read(parent, 65536):
                shown += more
    os.close(parent)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert "\x1b[" in shown.decode()
    assert max(len(line) for line in re.split(r"[\r\n]+", text)) <= 60
    assert "Traceback" not in text
