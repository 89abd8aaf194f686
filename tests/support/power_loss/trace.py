"""A record, made by disk_trace.c, of everything that processes did to the files below one directory."""

import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("disk_trace.c")
_HEADER = struct.Struct("<IIIIQq")


@dataclass(frozen=True, slots=True)
class Step:
    """One call that succeeded.

    Attributes:
        op: c(reate), d(irectory made), w(rite), t(runcate), s(ync of a file), S(ync of a directory), r(ename),
            l(ink), u(nlink), x: a call whose effect the replay does not know.
        path: relative to the root, of the name that it was about; "" where an inode says it.
        inode: of the file.
        at: offset of a write, size of a truncation.
        data: the bytes of a write.
        other: the second name of a rename or link; what was called for an x.
    """

    op: str
    path: str
    inode: int
    at: int
    data: bytes
    other: str


def library(directory: Path) -> Path:
    """Build the library to preload, once a session.

    A machine without a C compiler is told so, loudly: it runs none of this.
    """
    built = directory / "disk_trace.so"
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("NOT RUN: the power losses need a C compiler (cc) to build the library that records the disk")
    subprocess.run(
        [compiler, "-Wall", "-Werror", "-O1", "-shared", "-fPIC", "-pthread", "-o", built, SOURCE], check=True
    )
    return built


def environment(built: Path, root: Path, record: Path) -> dict[str, str]:
    """What to set for a process that is to be recorded."""
    return {"LD_PRELOAD": str(built), "DISK_TRACE_ROOT": str(root), "DISK_TRACE_FILE": str(record)}


def steps(record: Path, root: Path) -> Iterator[Step]:
    """Yield what was recorded, in order."""
    raw = record.read_bytes()
    position = 0
    while position < len(raw):
        op, first, second, _, inode, at = _HEADER.unpack_from(raw, position)
        position += _HEADER.size
        one, two = raw[position : position + first], raw[position + first : position + first + second]
        position += first + second
        kind = chr(op)
        if kind == "w":
            yield Step(kind, "", inode, at, one, "")
        else:
            other = two.decode() if kind == "x" else _relative(two, root)
            yield Step(kind, _relative(one, root), inode, at, b"", other)


def _relative(path: bytes, root: Path) -> str:
    name = path.decode()
    assert "/../" not in name, name
    assert "/./" not in name, name
    return name.removeprefix(str(root)).strip("/")
