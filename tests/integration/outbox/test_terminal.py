"""No terminal obeys what somebody wrote into a row, a file name or a reason."""

import io
import json
import os
import pty
import re
import subprocess
import sys
import termios
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog

import generators.cli
import outbox.cli
from outbox import Outbox
from outbox import catalogue as c
from outbox.ops.steering import pause
from outbox.terminal import Screen, console, secure_streams, shown
from tests.support.lessons import PROJECT_ROOT, PYTHON
from tests.support.parked import put_parked
from worker.logs import configure_logs, get_log

# Title bar, clear screen, C1's CSI, carriage return, backspace, bidi override, isolates, zero width, tags, soft hyphen.
EVIL = "a\x1b]0;owned\x07b\x1b[2Jc\x9b31md\re\x08f\u202eg\u2066h\u200bi\ufeffj\U000e0041k\xadl\x7fm\u2028n\u200fo\u0085p\u061cq"
UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\U000e0000-\U000e007f]"
)

Main = Callable[[], None]
Command = Callable[..., tuple[str, str]]


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OUTBOX_PATH", str(tmp_path / "outbox.db"))
    monkeypatch.setenv("CONTENT_ROOT", str(tmp_path))

    def run(main: Main, *arguments: str, encoding: str = "utf-8", terminal: bool = False) -> tuple[str, str]:
        kind = Terminal if terminal else io.TextIOWrapper
        streams = [kind(io.BytesIO(), encoding=encoding) for _ in range(2)]
        monkeypatch.setattr(sys, "stdout", streams[0])
        monkeypatch.setattr(sys, "stderr", streams[1])
        monkeypatch.setattr(sys, "argv", ["command", *arguments])
        with pytest.raises(SystemExit):
            main()
        for stream in streams:
            stream.flush()
        monkeypatch.undo()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("OUTBOX_PATH", str(tmp_path / "outbox.db"))
        monkeypatch.setenv("CONTENT_ROOT", str(tmp_path))
        return tuple(stream.buffer.getvalue().decode(encoding) for stream in streams)  # type: ignore[attr-defined,return-value]

    return run


@pytest.fixture
def poisoned(tmp_path: Path) -> Path:
    """An outbox in which every text that somebody may write is hostile."""
    with Outbox.open(tmp_path / "outbox.db") as box:
        with box.unit() as unit:
            unit.append(c.ProjectUpserted(slug="curso", name=EVIL))
            unit.append(
                c.ContentUpserted(slug="curso--a", title=EVIL, content_type="other", project="curso", body=EVIL)
            )
        put_parked(box, box.event(2), reason=EVIL + "\n  99999  parked  forged", sqlstate="P0001")
        box.relay.outage_began(EVIL)
        box.relay.set_state("blocked", last_error=EVIL)
        pause(box, EVIL)
    return tmp_path


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("status",), ("status", "--json"), ("events",), ("events", "--json"), ("show", "2"), ("show", "2", "--json"),
        ("parked", "list"), ("parked", "list", "--json"), ("parked", "show", "2"), ("parked", "show", "2", "--json"),
        ("outages",), ("outages", "--json"), ("export",), ("check",), ("pause", "--reason", EVIL),
        ("parked", "edit", "2", "--reason", EVIL, "--set", "title=" + json.dumps(EVIL + "!")),
        ("parked", "discard", "2", "--reason", EVIL), (EVIL,), ("show", EVIL), ("status", f"--{EVIL}"),
        ("recover",), ("backup", f"/nowhere/{EVIL}"), ("recover", "--salvage", f"/nowhere/{EVIL}"),
    ],
    ids=lambda arguments: ascii(arguments)[:30],
)  # fmt: skip
def test_no_command_writes_what_a_terminal_obeys(
    command: Command, poisoned: Path, arguments: tuple[str, ...], encoding: str
) -> None:
    """In a list, a detail, a difference, an error or JSON, and in every locale."""
    for text in command(outbox.cli.main, *arguments, encoding=encoding):
        assert not UNSAFE.search(text), ascii(UNSAFE.search(text))
        assert "\n  99999" not in text


@pytest.mark.parametrize(
    "arguments", [("import", "{folder}"), ("inspect", "brief", "{folder}"), ("inspect", "course", "{folder}", "--json"),
                  ("sync", "{folder}"), ("score", "{folder}"), ("course", "{folder}/brief.md"), ("brief", "{folder}/none")]
)  # fmt: skip
def test_no_generator_writes_a_file_name_raw(command: Command, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Names of folders and files are somebody's text as well."""
    folder = tmp_path / EVIL.replace("/", "")
    (folder / "lessons").mkdir(parents=True)
    (folder / "lessons" / f"1.1-{EVIL.replace('/', '')}.md").write_text(f"# {EVIL}\n\ntext\n")
    (folder / "brief.md").write_text(f"# {EVIL}\n")
    for text in command(generators.cli.main, *(one.format(folder=folder) for one in arguments)):
        assert not UNSAFE.search(text), ascii(UNSAFE.search(text))


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_json_carries_the_same_data(command: Command, poisoned: Path, encoding: str) -> None:
    """What is spelled out on the screen is JSON's own spelling: the document is valid and says the same."""
    found = json.loads(command(outbox.cli.main, "show", "2", "--json", encoding=encoding)[0])
    assert (found["payload"]["title"], found["payload"]["body"]) == (EVIL, EVIL)
    exported = command(outbox.cli.main, "export", encoding=encoding)[0].splitlines()
    assert [json.loads(row)["payload"].get("title") for row in exported] == [None, EVIL]
    (parked,) = json.loads(command(outbox.cli.main, "parked", "list", "--json", encoding=encoding)[0])
    assert parked["reason"].startswith(EVIL)


def test_a_terminal_gets_colours_of_ours_alone(poisoned: Path) -> None:
    """On a real terminal: styles are obeyed, texts are shown."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (50, 400))
    env = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT), "OUTBOX_PATH": str(poisoned / "outbox.db"), "TERM": "xterm"}
    subprocess.run([PYTHON, "-m", "outbox", "status"], stdout=theirs, stderr=theirs, env=env, check=True)
    os.close(theirs)
    text = b""
    while chunk := _read(ours):
        text += chunk
    os.close(ours)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text.decode()).replace("\r\n", "\n")
    assert "\x1b[" in text.decode()
    assert "\\u001b]0;owned" in plain
    assert not UNSAFE.search(plain)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side is closed
        return b""


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipe"])
def test_the_log_shows_what_it_quotes(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> None:
    """Values, lists, and the words of an exception with its traceback."""
    stream = (Terminal if terminal else io.TextIOWrapper)(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stderr", stream)
    secure_streams()
    configure_logs()
    try:
        try:
            int(EVIL)
        except ValueError:
            get_log().exception("relay.test", reason=EVIL, many=[EVIL, {"key": EVIL}], path=Path(EVIL), line="a\nb")
    finally:
        structlog.reset_defaults()
    stream.flush()
    text = stream.buffer.getvalue().decode()  # type: ignore[attr-defined]
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert not UNSAFE.search(plain), ascii(UNSAFE.search(plain))
    assert "\\u001b]0;owned" in plain
    assert "\nb" not in plain
    if not terminal:
        assert json.loads(text)["reason"] == EVIL


def test_ordinary_text_is_left_alone() -> None:
    """Portuguese, other scripts, pictures made of several, tabs and line ends."""
    text = "ação – “pão” 🍞 👩‍💻 👨‍👩‍👧 ❤️ 日本語 עברית العربية हिन्दी\n\tcol\n"
    assert shown(text) == text


def test_every_character_that_formats_or_controls_is_spelled_out() -> None:
    """Held against Python's own table of Unicode; what is unknown to it today cannot be a control of a terminal."""
    raw = [
        point
        for point in range(sys.maxunicode + 1)
        if unicodedata.category(chr(point)) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and chr(point) not in "\t\n"
        if shown(chr(point)) == chr(point)
    ]
    assert raw == []
    assert json.loads(f'"{shown(chr(0xE0041))}"') == chr(0xE0041)


def test_a_console_shows_texts_and_obeys_styles() -> None:
    """Whatever rich draws: a line, a table, a progress bar's description."""
    screen = console(force_terminal=True, width=300)
    with screen.capture() as captured:
        screen.print(f"[bold]x[/bold]{EVIL}")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", captured.get())
    assert "\x1b[1m" in captured.get()
    assert not UNSAFE.search(plain), ascii(UNSAFE.search(plain))


def test_a_stream_is_secured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second call, and a process without a stream, change nothing."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", None)
    secure_streams()
    first = sys.stdout
    secure_streams()
    assert sys.stdout is first
    assert isinstance(first, Screen)
    first.writelines(["a\x1b", "b\n"])
    assert first.stream.getvalue() == "a\\u001bb\n"
