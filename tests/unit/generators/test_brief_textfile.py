import os
from pathlib import Path

import pytest

from generators.errors import BinaryFile, MissingPath, OversizedFile, UnreadableFile
from generators.reading.text import MAX_FILE_BYTES, decode_file, read_text_file

TEXT = "# Aula 1.1: Introdução à Ação\n\nVocê não está só: é aqui que a lição começa — “sério”.\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "mac_roman", "utf-16"])
def test_portuguese_is_decoded_right_in_every_encoding_met(encoding: str) -> None:
    """Single-byte encodings are told apart by which of them makes Portuguese of the bytes."""
    file = decode_file(Path("aula.md"), TEXT.encode(encoding))
    assert (file.text, file.encoding) == (TEXT, encoding)


def test_a_file_of_two_encodings_is_decoded_line_by_line() -> None:
    """A line appended by an old editor does not spoil the UTF-8 around it."""
    data = "Ação em UTF-8 🎯\n".encode() + "Lição em cp1252\n".encode("cp1252")
    file = decode_file(Path("aula.md"), data)
    assert file.text == "Ação em UTF-8 🎯\nLição em cp1252\n"
    assert file.encoding == "utf-8+cp1252"


@pytest.mark.parametrize(
    ("data", "newline"),
    [(b"a\nb\n", "lf"), (b"a\r\nb\r\n", "crlf"), (b"a\rb", "cr"), (b"a\r\nb\n", "mixed"), (b"a", "none")],
)
def test_line_ends_are_told(data: bytes, newline: str) -> None:
    """Line ends are kept in the text and named beside it."""
    file = decode_file(Path("a.md"), data)
    assert (file.newline, file.text.encode()) == (newline, data)


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0\0", b"ab\0cd", bytes(range(1, 32)) * 9, b"\xff\xfe\x00"])
def test_binary_files_are_refused(data: bytes) -> None:
    """A picture or archive is named as what it is, and what to do with it is said."""
    with pytest.raises(BinaryFile, match=r"x\.md"):
        decode_file(Path("x.md"), data)


def test_files_that_cannot_be_read_are_typed_errors(tmp_path: Path) -> None:
    """Missing, too large, a folder, a pipe: each is one line with the path and never hangs."""
    (tmp_path / "big.md").write_bytes(b"a" * (MAX_FILE_BYTES + 1))
    os.mkfifo(tmp_path / "pipe.md")
    with pytest.raises(MissingPath):
        read_text_file(tmp_path / "none.md")
    with pytest.raises(OversizedFile):
        read_text_file(tmp_path / "big.md")
    for path in (tmp_path, tmp_path / "pipe.md", Path("a\0b")):
        with pytest.raises(UnreadableFile):
            read_text_file(path)
