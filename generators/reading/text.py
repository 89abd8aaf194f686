"""Reading a text file whose encoding nobody declared.

Course folders gather files from Windows and Macs of twenty years. UTF-8 is self-checking, so whatever decodes
as UTF-8 is UTF-8. What does not is a single-byte encoding, in which *every* byte sequence is valid: cp1252 and
Mac Roman can be told apart only by which of them turns the bytes into Portuguese. A file that two programs
wrote in turn may hold both UTF-8 and single-byte lines; it is decoded line by line.
"""

import hashlib
import os
import re
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from generators.errors import BinaryFile, MissingPath, OversizedFile, UnreadableFile

MAX_FILE_BYTES = 8 * 1024 * 1024
"""A day of transcript is under 1 MB; anything above this is not course text."""

Newline = Literal["lf", "crlf", "cr", "mixed", "none"]

# What one system has and the other lacks.
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)
_AS_BYTES = getattr(os, "O_BINARY", 0)
_PORTUGUESE = frozenset("áàâãéêíóôõúüçÁÀÂÃÉÊÍÓÔÕÚÜÇñÑ")
_TYPOGRAPHIC = frozenset("“”‘’–—…•ªº°§«»€©®™ ")
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_CONTROLS = bytes((*range(9), *range(0x0E, 0x1B), *range(0x1C, 0x20)))  # those that text does not hold
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MAX_CONTROL_SHARE = 0.05
_MAGIC = (b"\x89PNG", b"%PDF-", b"PK\x03\x04", b"GIF8", b"\xff\xd8\xff", b"\x7fELF", b"\xd0\xcf\x11\xe0", b"\x1f\x8b")
_BINARY = "is a binary file, not text; remove it or convert it to UTF-8 text"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFile:
    """A decoded file.

    Attributes:
        path: where it was read from.
        text: decoded, without a byte order mark, newlines as in the file.
        sha256: hex digest of the bytes of the file.
        encoding: Python's name of the encoding; "utf-8+cp1252" where lines differ.
        newline: which line ends the file uses.
        size_bytes: of the file.
        dropped: control characters that text does not hold and that were left out.
    """

    path: Path
    text: str
    sha256: str
    encoding: str
    newline: Newline
    size_bytes: int
    dropped: int = 0


def must_exist(path: Path) -> None:
    """Refuse a path from the command line that leads nowhere.

    Raises:
        MissingPath: there is no such file or folder, or no system takes such a name.
    """
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises OSError where the name is too long
        raise MissingPath(path)


def read_text_file(path: Path) -> TextFile:
    """Read and decode one file.

    Raises:
        MissingPath: there is no such file.
        OversizedFile: it is larger than `MAX_FILE_BYTES`.
        BinaryFile: it is not text.
        UnreadableFile: the system refuses to read it, or it is no regular file.
    """
    try:
        # Opened without blocking: a named pipe in a course folder must not hang an import.
        descriptor = os.open(path, os.O_RDONLY | _AT_ONCE | _AS_BYTES)
    except FileNotFoundError as exc:
        raise MissingPath(path) from exc
    except (OSError, ValueError) as exc:
        raise UnreadableFile(path, _system_reason(exc)) from exc
    try:
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableFile(path, "is not a regular file; give a text file")
            if status.st_size > MAX_FILE_BYTES:
                raise OversizedFile(path, _oversized(status.st_size))
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as exc:
        raise UnreadableFile(path, _system_reason(exc)) from exc
    return decode_file(path, data)


def decode_file(path: Path, data: bytes) -> TextFile:
    """Decode bytes that were read from `path`; same errors as `read_text_file`."""
    if len(data) > MAX_FILE_BYTES:
        raise OversizedFile(path, _oversized(len(data)))
    bare, dropped = _without_controls(path, data)
    text, encoding = _decode(path, bare)
    return TextFile(
        path=path,
        text=text,
        sha256=hashlib.sha256(data).hexdigest(),
        encoding=encoding,
        newline=newline_of(text),
        size_bytes=len(data),
        dropped=dropped,
    )


def newline_of(text: str) -> Newline:
    """Tell which line ends a text uses; "mixed" where it uses several."""
    crlf = text.count("\r\n")
    kinds: dict[Newline, int] = {"crlf": crlf, "lf": text.count("\n") - crlf, "cr": text.count("\r") - crlf}
    used: list[Newline] = [kind for kind, count in kinds.items() if count]
    if not used:
        return "none"
    return used[0] if len(used) == 1 else "mixed"


def _without_controls(path: Path, data: bytes) -> tuple[bytes, int]:
    """The bytes without stray control bytes: a program that cut emoji out of a text leaves such.

    Raises:
        BinaryFile: there are too many of them for a text, or the file begins as files of other kinds do.
    """
    if data.startswith(_UTF16_BOMS):
        return data, 0
    bare = data.translate(None, _CONTROLS)
    dropped = len(data) - len(bare)
    if data.startswith(_MAGIC) or dropped > len(data) * _MAX_CONTROL_SHARE:
        raise BinaryFile(path, _BINARY)
    return bare, dropped


def _decode(path: Path, data: bytes) -> tuple[str, str]:
    if data.startswith(_UTF16_BOMS):
        try:
            return _text_only(path, data.decode("utf-16")), "utf-16"
        except UnicodeDecodeError as exc:
            raise BinaryFile(path, "is not text (broken UTF-16); save it as UTF-8") from exc
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_legacy(path, data)
    if text.startswith("\ufeff"):
        return _text_only(path, text[1:]), "utf-8-sig"
    return _text_only(path, text), "utf-8"


def _decode_legacy(path: Path, data: bytes) -> tuple[str, str]:
    lines = data.split(b"\n")
    broken = [line for line in lines if not _is_utf8(line)]
    single_byte = _best_single_byte(b"\n".join(broken))
    # A multi-byte sequence that decodes as UTF-8 by chance is rare; several lines of them are UTF-8.
    multi_byte = any(not line.isascii() and _is_utf8(line) for line in lines)
    if not multi_byte:
        return _text_only(path, data.decode(single_byte, "replace")), single_byte
    decoded = [line.decode("utf-8" if _is_utf8(line) else single_byte, "replace") for line in lines]
    return _text_only(path, "\n".join(decoded).removeprefix("\ufeff")), f"utf-8+{single_byte}"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _best_single_byte(data: bytes) -> str:
    # cp1252 first: a tie (no letter outside ASCII that decides) goes to the more common one.
    return max(("cp1252", "mac_roman"), key=lambda name: _likeness(data.decode(name, "replace")))


def _likeness(text: str) -> int:
    """How much a text looks like Portuguese; only characters outside ASCII and their neighbours count."""
    score = 0
    for index, char in enumerate(text):
        if char.isascii():
            continue
        beside_letter = text[index - 1 : index].isalpha() or text[index + 1 : index + 2].isalpha()
        if char in _PORTUGUESE:
            # "çÃo" is the wrong decoding: inside a lower-case word an upper-case letter counts against it.
            odd_case = char.isupper() and text[index - 1 : index].islower()
            score += -3 if odd_case else (4 if beside_letter else 1)
        elif char in _TYPOGRAPHIC:
            score += 1
        elif char == "\ufffd" or unicodedata.category(char) == "Cc":
            score -= 8
        else:
            score -= 3 if beside_letter else 1
    return score


def _text_only(path: Path, text: str) -> str:
    bare = _CONTROL_CHARACTERS.sub("", text)
    if len(text) - len(bare) + text.count("\ufffd") > len(text) * _MAX_CONTROL_SHARE:
        raise BinaryFile(path, _BINARY)
    return bare


def _oversized(size_bytes: int) -> str:
    mebibytes = size_bytes / (1024 * 1024)
    limit = MAX_FILE_BYTES // (1024 * 1024)
    return f"is too large for course text ({mebibytes:.1f} MiB, the limit is {limit} MiB); split or remove it"


def _system_reason(exc: Exception) -> str:
    if isinstance(exc, IsADirectoryError):
        return "is a folder; give a file"
    said = exc.strerror if isinstance(exc, OSError) and exc.strerror else "not a valid path"
    return f"cannot be read ({said.lower()}); check its permissions"
