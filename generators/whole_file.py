"""Files that a person decides about are replaced whole, and the new one is on the disk before anything relies on it.

A draft that a power loss tore might still be read, as a shorter course than the one that was planned.
"""

from pathlib import Path

from outbox import host


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file; a crash or a power loss leaves the old one or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            host.flush(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    host.flush_names(path.parent)
