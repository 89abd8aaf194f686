"""Small payloads and boxes for the tests of the outbox."""

import datetime as dt
import sys
from pathlib import Path

from outbox import Outbox
from outbox import catalogue as c

PYTHON = sys.executable
PROJECT_ROOT = Path(__file__).resolve().parents[2]


class SetClock:
    """A clock that a test sets."""

    def __init__(self, now: dt.datetime | None = None) -> None:
        self.time = now or dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)

    def now(self) -> dt.datetime:
        return self.time

    def move(self, **by: float) -> None:
        self.time += dt.timedelta(**by)


def path_of(name: str) -> str:
    return f"courses/curso-x/lessons/{name}.md"


def lesson(name: str, body: str = "# Aula\n", **fields: object) -> c.ContentUpserted:
    return c.ContentUpserted(
        slug=f"curso-x--{name}",
        title=f"Aula {name}",
        content_type="course_lesson",
        body=body,
        file_path=path_of(name),
        **fields,
    )


def publish(box: Outbox, name: str, body: str = "# Aula\n") -> None:
    with box.unit() as unit:
        unit.write(path_of(name), body.encode())
        unit.append(lesson(name, body))


def staged_files(root: Path) -> list[Path]:
    """What still lies in staging: temp files, of whatever owner."""
    return [path for path in (root / ".outbox-staging").rglob("*") if path.is_file() and path.name != "owner.lock"]
