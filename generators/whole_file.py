"""Files that a person decides about are replaced whole, and the new one is on the disk before anything relies on it.

A draft that a power loss tore might still be read, as a shorter course than the one that was planned.
"""

import os
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file; a crash or a power loss leaves the old one or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
