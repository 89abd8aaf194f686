"""The edge where text becomes bytes on stdout and stderr: no terminal obeys what somebody wrote into a row or a file.

Every command writes through one `Screen` for each stream. It spells out what a terminal would act upon or hide: escape
sequences, the other C0 and C1 controls, bidirectional and zero-width ones, and whatever the locale cannot show. The
spelling is JSON's own (``\\u001b``), so that a JSON document that passes through is the same document. Colours and
cursor movements of ours go around it (`obeyed`, `console`, `echo_marked`), never together with text of others.
"""

from __future__ import annotations

import codecs
import os
import re
import select
import shutil
import sys
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

from outbox import host

if TYPE_CHECKING:
    from rich.console import Console

_LEAST_ROOM = 24  # columns: a narrower one would hold a word a line
_STEP = 4  # columns that a text is indented by if it begins on a line of its own

# Categories Cc (but for tab and newline), Cf, Cs, Zl and Zp of Unicode, and the letters that have no shape.
_OBEYED = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_EMOJI = "\u2600-\u27bf\ufe0f\U0001f000-\U0001faff"
# A joiner between two emoji makes one picture of them; anywhere else it hides.
_UNSAFE = re.compile(f"[{_OBEYED}]|(?<![{_EMOJI}])\u200d|\u200d(?![{_EMOJI}])")
_ERRORS = "outbox.visible"
_SLOWEST_READER_SECONDS = 1.0
_PIECE_BYTES = getattr(select, "PIPE_BUF", 512)  # a pipe that has room at all has room for so much


def shown(text: str) -> str:
    """Return the text with every character that a terminal would obey, hide or reorder by spelled out."""
    return _UNSAFE.sub(lambda found: _spelled(found[0]), text)


def one_line(text: object) -> str:
    """Return it on one line: a line break in a value of somebody's must not begin a line of ours."""
    return str(text).replace("\r\n", "\n").replace("\n", "\\n").replace("\t", "\\t")


def _spelled(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _not_in_this_locale(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)  # noqa: S101 - it is registered for writing alone
    return "".join(map(_spelled, error.object[error.start : error.end])), error.end


class Lossy:
    """A text stream for a process whose work is not what it prints: what cannot be written is dropped, and counted.

    A reader that went away, a full disk, a terminal that was closed, no stream at all: writing never raises. A reader
    that has stopped reading is waited for once, for a second, and no more until it reads again. Nothing is buffered, so
    nothing is left to fail when the process ends.

    Args:
        stream: where the text goes; None for nowhere.

    Attributes:
        lost: how many lines were dropped by this process, on any stream.
    """

    lost = 0

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._patience_seconds = _SLOWEST_READER_SECONDS
        self._torn = False
        try:
            self._fd: int | None = stream.fileno() if stream is not None else None
        except (OSError, ValueError, AttributeError):  # a stream of a test's
            self._fd = None

    def write(self, text: str) -> int:
        """Write the text, or drop the rest of it."""
        try:
            if self._fd is not None:
                self._put(self._fd, text)
            elif self._stream is not None:
                self._stream.write(text)
                self._stream.flush()
            else:
                Lossy.lost += text.count("\n")
        except (OSError, ValueError):  # ValueError: the stream was closed
            Lossy.lost += max(1, text.count("\n"))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each of them."""
        for one in lines:
            self.write(one)

    def flush(self) -> None:
        """Do nothing: nothing is kept back."""

    def isatty(self) -> bool:
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:
            return False

    @property
    def encoding(self) -> str:
        return getattr(self._stream, "encoding", None) or "utf-8"

    @property
    def errors(self) -> str:
        return getattr(self._stream, "errors", None) or "backslashreplace"

    def __getattr__(self, name: str) -> Any:
        if name == "buffer" or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._stream, name)

    def _put(self, fd: int, text: str) -> None:
        data = (b"\n" if self._torn else b"") + text.encode(self.encoding, self.errors)
        self._torn = False
        begun = False
        while data:
            if not host.has_room(fd, self._patience_seconds):
                self._patience_seconds = 0.0
                self._torn = begun
                raise BlockingIOError
            data = data[os.write(fd, data[:_PIECE_BYTES]) :]
            begun = True
        self._patience_seconds = _SLOWEST_READER_SECONDS


class Screen:
    """A text stream that writes what it is given visibly.

    It has no `buffer`: click would write around it where the locale is plain ASCII.

    Args:
        stream: where the text goes.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str | bytes) -> int:
        """Write the text; what is unsafe in it is spelled out. Click writes what a shell completes as UTF-8 bytes.

        Raises:
            TypeError: for no bytes at all. Click asks so whether this is a stream of bytes, and would encode all text
                itself, with question marks where the locale lacks a character.
        """
        if text == b"":
            raise TypeError("a Screen is a stream of text")
        self.stream.write(shown(text.decode("utf-8", "replace") if isinstance(text, bytes) else text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each of them."""
        for one in lines:
            self.write(one)

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":
            raise AttributeError(name)
        return getattr(self.stream, name)


def secure_streams(*, lossy: bool = False) -> None:
    """Put a `Screen` before stdout and stderr of this process, once.

    A remark that cannot be written is dropped (see `Lossy`), whatever the command: what it did is done.

    Args:
        lossy: the same for results; for commands whose work is not what they print.
    """
    codecs.register_error(_ERRORS, _not_in_this_locale)
    _fill_standard_descriptors()
    for name, droppable in (("stdout", lossy), ("stderr", True)):
        stream = getattr(sys, name)
        if isinstance(stream, Screen) or (stream is None and not droppable):  # no such stream: a daemon's
            continue
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_ERRORS)
        setattr(sys, name, Screen(cast("TextIO", Lossy(stream)) if droppable else stream))


def _fill_standard_descriptors() -> None:
    """Put nothing where a standard stream was closed: the next file to be opened would take its place and its text."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free: this one


def obeyed(stream: TextIO) -> TextIO:
    """Return the stream behind its screen, for text of ours alone."""
    return stream.stream if isinstance(stream, Screen) else stream


def echo_marked(mark: str, colour: str, text: str, *, bold: bool = False) -> None:
    """Print a word of ours, in colour on a terminal, and a text of anybody's behind it."""
    click.echo(click.style(mark, fg=colour, bold=bold), nl=False, file=obeyed(sys.stdout))
    click.echo(text)


def beside(head: str, text: str) -> str:
    """Put a text behind its head; break it between its words where the terminal ends, and go on below its beginning.

    A terminal breaks words; a pipe gets one line. Where there is hardly room behind the head, the text begins on the
    next line. A word that is longer than the terminal stays whole.

    Args:
        head: without line ends; may be blank.
        text: without line ends.
    """
    if not sys.stdout.isatty():
        return head + text
    columns = shutil.get_terminal_size().columns
    room = columns - len(head)
    if len(text) <= room:
        return head + text
    indent = len(head)
    if room < max(_LEAST_ROOM, *map(len, text.split(" "))):
        head, indent = f"{head.rstrip()}\n{'':<{_STEP}}" if head.strip() else " " * _STEP, _STEP
    lines = textwrap.wrap(text, max(columns - indent, 1), break_long_words=False, break_on_hyphens=False)
    return head + f"\n{'':<{indent}}".join(lines)


def console(*, err: bool = False, **settings: Any) -> Console:
    """Return a rich console: styles are obeyed, the texts in them are shown."""
    # Imported here: a pipe does not pay for it.
    from rich.console import Console, ConsoleOptions, RenderableType  # noqa: PLC0415
    from rich.segment import Segment  # noqa: PLC0415

    class _Console(Console):
        def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                yield segment if segment.control else Segment(shown(segment.text), segment.style)

    return cast("Console", _Console(file=obeyed(sys.stderr if err else sys.stdout), **settings))
