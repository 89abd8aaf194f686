import sqlite3
from pathlib import Path

import pytest

from outbox import ConfigurationError, ContractError, Outbox
from outbox.catalogue import ContentUpserted


def test_another_programs_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    """OUTBOX_PATH may point anywhere; nothing is written to a file that is not an outbox."""
    path = tmp_path / "browser.db"
    foreign = sqlite3.connect(path)
    foreign.execute("create table bookmarks (url text)")
    foreign.commit()
    foreign.close()
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="another program"):
        Outbox.open(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("path", ["/etc/passwd", "../out.md", "a/../../b.md", "a/.."])
def test_a_file_path_that_leaves_the_root_is_refused_at_append(tmp_path: Path, path: str) -> None:
    """Nobody downstream has to check it again."""
    with Outbox.open(tmp_path / "o.db") as box, pytest.raises(ContractError, match="file_path"):
        box.append(ContentUpserted(slug="a--b", title="x", content_type="course_lesson", file_path=path))


@pytest.mark.parametrize("path", ["a.md", "a/b..c.md", "..a/b", "Módulo 1/aula [1] & 2%.md"])
def test_odd_but_honest_file_paths_are_taken(tmp_path: Path, path: str) -> None:
    """Real folders have spaces, accents, dots and brackets."""
    with Outbox.open(tmp_path / "o.db") as box:
        result = box.append(ContentUpserted(slug="a--b", title="x", content_type="course_lesson", file_path=path))
        assert result.appended[0].payload["file_path"] == path
