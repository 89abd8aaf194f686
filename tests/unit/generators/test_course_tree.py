import os
from pathlib import Path, PurePosixPath

import pytest

from generators.errors import MissingPath, UnreadableFile
from generators.reading.course import tree
from generators.reading.course.tree import MAX_DEPTH, text_files


def test_a_link_inside_the_folder_is_read_and_one_that_leads_out_is_not(tmp_path: Path) -> None:
    """Nobody's other files get into a course through a link; what was left out is said."""
    (tmp_path / "secret.md").write_text("outside")
    course = tmp_path / "curso"
    course.mkdir()
    (course / "a.md").write_text("inside")
    (course / "b.md").symlink_to("a.md")
    (course / "out.md").symlink_to(tmp_path / "secret.md")
    (course / "gone.md").symlink_to("nowhere.md")
    (course / "turning.md").symlink_to("turning.md")
    (course / "folder").symlink_to(tmp_path)
    found = text_files(course)
    assert found.files == (PurePosixPath("a.md"), PurePosixPath("b.md"))
    skipped = {line.split(":")[0] for line in found.skipped}
    assert skipped == {"out.md", "gone.md", "turning.md", "folder"}
    assert all("leads out of the course folder" in line for line in found.skipped)


def test_a_name_that_is_not_utf8_is_left_out_and_said(tmp_path: Path) -> None:
    """It could not be kept in an event; its readable part is shown."""
    (tmp_path / os.fsdecode(b"li\xe7ao.md")).write_text("x")
    (tmp_path / "a.md").write_text("x")
    found = text_files(tmp_path)
    assert found.files == (PurePosixPath("a.md"),)
    (line,) = found.skipped
    assert line.startswith("li\\udce7ao.md: a file name that is not UTF-8")


def test_folders_are_read_to_a_depth_and_no_further(tmp_path: Path) -> None:
    """The eighth level is read, the ninth is named."""
    deep = tmp_path
    for level in range(1, MAX_DEPTH + 2):
        deep /= f"n{level}"
        deep.mkdir()
        (deep / "a.md").write_text("x")
    found = text_files(tmp_path)
    assert len(found.files) == MAX_DEPTH
    (line,) = found.skipped
    assert f"n{MAX_DEPTH + 1}: folders deeper than {MAX_DEPTH} levels" in line


def test_a_folder_with_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody gave a home directory: said at once, not after an hour."""
    monkeypatch.setattr(tree, "MAX_FILES", 3)
    for number in range(3):
        (tmp_path / f"{number}.md").write_text("x")
    assert len(text_files(tmp_path).files) == 3
    (tmp_path / "3.md").write_text("x")
    with pytest.raises(UnreadableFile, match="holds more than 3 text files"):
        text_files(tmp_path)


def test_what_is_no_folder_is_refused_with_its_reason(tmp_path: Path) -> None:
    """Missing, a file, or a name that no system takes."""
    (tmp_path / "a.md").write_text("x")
    with pytest.raises(MissingPath):
        text_files(tmp_path / "gone")
    with pytest.raises(UnreadableFile, match="is a file, not a course folder"):
        text_files(tmp_path / "a.md")
    with pytest.raises(UnreadableFile, match="cannot be listed"):
        text_files(tmp_path / ("n" * 300))


def test_pictures_and_other_files_are_passed_over_in_silence(tmp_path: Path) -> None:
    """Only text makes a course; nobody needs to be told that a picture is none."""
    (tmp_path / "a.md").write_text("x")
    (tmp_path / "capa.png").write_bytes(b"\x89PNG")
    found = text_files(tmp_path)
    assert (found.files, found.skipped) == ((PurePosixPath("a.md"),), ())


def test_a_name_with_a_control_character_is_refused_by_name_and_the_rest_is_read(tmp_path: Path) -> None:
    """A line break would end a line of every list; the folder's other files are taken in."""
    (tmp_path / "1.1-a.md").write_text("# A")
    for name in ("1.2-b\nc.md", "1.3-\x1b[2Jd.md", "1.4-\x85e.md", "1.5-\u2028f.md", "1.6-\rg.md", "1.7-\th.md"):
        (tmp_path / name).write_text("# B")
    (tmp_path / "le\nssons").mkdir()
    (tmp_path / "le\nssons" / "2.1-x.md").write_text("# C")
    tree = text_files(tmp_path)
    assert [str(path) for path in tree.files] == ["1.1-a.md"]
    assert len(tree.skipped) == 7
    assert all("control character" in line and "\n" not in line and "\x1b" not in line for line in tree.skipped)
    assert any(line.startswith("1.2-b\\nc.md: ") for line in tree.skipped)
