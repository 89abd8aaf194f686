import sqlite3
from pathlib import Path
from typing import Any

import pytest

from outbox import Outbox, StorageFailed
from outbox.catalogue import ContentUpserted


class LyingConnection:
    """Answers COMMIT with an I/O error, after committing or instead of it."""

    def __init__(self, connection: sqlite3.Connection, *, commits: bool) -> None:
        self._connection = connection
        self._commits = commits

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql == "commit":
            self._connection.execute("commit" if self._commits else "rollback")
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error
        return self._connection.execute(sql, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def publish(box: Outbox) -> int:
    text = "# Aula\n"
    with box.unit() as unit:
        unit.write("a.md", text.encode())
        unit.append(ContentUpserted(slug="a--b", title="x", content_type="course_lesson", body=text, file_path="a.md"))
    return len(unit.result.appended)


def test_an_error_in_reply_to_a_commit_that_happened_does_not_hide_it(tmp_path: Path) -> None:
    """The unit reports success, once, because its events are in the log."""
    with Outbox.open(tmp_path / "o.db", content_root=tmp_path / "c") as box:
        real = box.connection
        box.connection = LyingConnection(real, commits=True)
        assert publish(box) == 1
        box.connection = real
        assert box.last_seq == 1
        assert (tmp_path / "c" / "a.md").read_text() == "# Aula\n"
        assert publish(box) == 0  # said before: nothing is doubled


def test_an_error_in_reply_to_a_commit_that_did_not_happen_is_raised(tmp_path: Path) -> None:
    """Nothing of the unit exists, and the same unit goes through afterwards."""
    with Outbox.open(tmp_path / "o.db", content_root=tmp_path / "c") as box:
        real = box.connection
        box.connection = LyingConnection(real, commits=False)
        with pytest.raises(StorageFailed):
            publish(box)
        box.connection = real
        assert box.last_seq == 0
        assert not (tmp_path / "c" / "a.md").exists()
        assert publish(box) == 1
