"""A stream that loses what it cannot write: nobody's work waits for a log, and nothing is lost in silence."""

import fcntl
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from outbox.terminal import Lossy

SMALLEST_PIPE_BYTES = 4096


@pytest.fixture(autouse=True)
def _counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lossy, "lost", 0)


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIO]]:
    """The end that reads, and a stream on the one that writes."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, SMALLEST_PIPE_BYTES)
    stream = os.fdopen(writer, "w", encoding="utf-8")
    yield reader, stream
    stream.close()


def test_what_can_be_written_arrives_at_once(pipe: tuple[int, TextIO]) -> None:
    """Unbuffered, so nothing is left to fail when the process ends."""
    reader, stream = pipe
    Lossy(stream).write("ação\n")
    assert os.read(reader, 100).decode() == "ação\n"
    assert Lossy.lost == 0
    os.close(reader)


def test_a_reader_that_went_away_costs_lines_and_no_error(pipe: tuple[int, TextIO]) -> None:
    reader, stream = pipe
    os.close(reader)
    for _ in range(3):
        Lossy(stream).write("line\n")
    assert Lossy.lost == 3


def test_a_reader_that_has_stopped_is_waited_for_once(
    pipe: tuple[int, TextIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it finds whole lines when it reads again: one that was torn begins anew."""
    monkeypatch.setattr("outbox.terminal._SLOWEST_READER_SECONDS", 0.05)
    reader, stream = pipe
    log = Lossy(stream)
    for number in range(200):
        log.write(f"{number} {'x' * 90}\n")
    assert Lossy.lost > 100
    said = b""
    os.set_blocking(reader, False)
    while len(part := _read(reader)) > 0:
        said += part
    log.write("again\n")
    said += _read(reader)
    lines = said.decode().splitlines()
    assert lines[-1] == "again"
    assert all(len(line.split()[-1]) == 90 for line in lines[:-2])
    os.close(reader)


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, 65536)
    except BlockingIOError:
        return b""


def test_a_full_disk_costs_lines_and_no_error() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        log = Lossy(full)
        log.write("one\ntwo\n")
        log.flush()
        assert Lossy.lost == 2


def test_no_stream_at_all_is_counted_too() -> None:
    """It was closed before the process began."""
    log = Lossy(None)
    log.write("line\n")
    assert (Lossy.lost, log.isatty(), log.encoding) == (1, False, "utf-8")


def test_a_stream_that_was_closed_meanwhile_costs_lines_and_no_error() -> None:
    closed = io.StringIO()
    log = Lossy(closed)
    log.write("kept\n")
    closed.close()
    log.write("line\n")
    assert (Lossy.lost, log.isatty()) == (1, False)


def test_what_the_locale_cannot_show_is_replaced(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w", encoding="ascii", errors="backslashreplace") as stream:
        Lossy(stream).write("ção\n")
    assert (tmp_path / "log").read_text() == "\\xe7\\xe3o\n"
    assert Lossy.lost == 0
