"""A unit of work: all of it or nothing."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from outbox import ContractError, FileConflict, Outbox, StorageFull
from outbox import catalogue as c
from tests.support.lessons import lesson, path_of, publish, staged_files


def test_a_unit_publishes_its_files_with_its_events(box: Outbox, root: Path) -> None:
    """Both are there when it returns, and the file knows the event that carries it."""
    with box.unit() as unit:
        unit.write(path_of("a"), b"# Aula\n")
        unit.append(lesson("a"))
        unit.append(lesson("b"))
    assert (root / path_of("a")).read_bytes() == b"# Aula\n"
    assert [event.seq for event in unit.result.appended] == [1, 2]
    assert unit.result.written == (path_of("a"),)
    known = box.file(path_of("a"))
    assert known is not None
    assert (known.seq, known.bytes, known.base) == (1, 7, "")


def test_an_error_in_the_block_discards_everything_and_stays_itself(box: Outbox, root: Path) -> None:
    """Also an error of the system that has nothing to do with the outbox."""
    with pytest.raises(FileNotFoundError), box.unit() as unit:  # noqa: PT012 - the unit is what fails
        unit.write(path_of("a"), b"# Aula\n")
        unit.append(lesson("a"))
        Path("/no/such/file").read_bytes()
    assert box.last_seq == 0
    assert list(box.files()) == []
    assert staged_files(root) == []
    assert list(root.rglob("*.md")) == []


def test_a_broken_contract_discards_the_whole_unit(box: Outbox, root: Path) -> None:
    """The good event before the bad one is not kept either."""
    with pytest.raises(ContractError), box.unit() as unit:  # noqa: PT012 - the unit is what fails
        unit.write(path_of("a"), b"# Aula\n")
        unit.append(lesson("a"))
        unit.append(c.ContentUpserted(slug="x", title="", content_type="course_lesson"))
    assert box.last_seq == 0
    assert staged_files(root) == []


def test_a_broken_contract_that_the_caller_handles_leaves_the_rest(box: Outbox) -> None:
    """The caller decides what one bad payload means."""
    with box.unit() as unit:
        unit.append(lesson("a"))
        with pytest.raises(ContractError):
            unit.append(c.ContentFidelityScored(slug="x", score=7))
    assert box.last_seq == 1


def test_an_unchanged_file_is_not_written_again(box: Outbox, root: Path) -> None:
    """Neither the file nor its event: a re-run costs nothing and changes no time stamp."""
    publish(box, "a")
    before = (root / path_of("a")).stat()
    publish(box, "a")
    after = (root / path_of("a")).stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    assert box.last_seq == 1
    known = box.file(path_of("a"))
    assert known is not None
    assert known.seq == 1


def test_the_last_write_of_a_path_counts(box: Outbox, root: Path) -> None:
    """A unit may write a path twice."""
    with box.unit() as unit:
        unit.write("a.md", b"one")
        unit.write("a.md", b"two")
    assert (root / "a.md").read_bytes() == b"two"
    assert unit.result.written == ("a.md",)
    assert staged_files(root) == []


def test_an_empty_unit_is_nothing(box: Outbox) -> None:
    """No event, no file, no error."""
    with box.unit() as unit:
        pass
    assert unit.result.appended == ()
    assert box.last_seq == 0


def test_a_recorded_file_is_remembered_and_not_written(box: Outbox, root: Path) -> None:
    """What an importer read is known by its hash; an unchanged record writes nothing."""
    courses = str(root.parent / "courses")
    sha256 = by_hand(root.parent / "courses" / path_of("a"), "à mão")
    with box.unit() as unit:
        unit.record(path_of("a"), sha256, 12, base=courses)
        unit.append(lesson("a"))
    known = box.file(path_of("a"), base=courses)
    assert known is not None
    assert (known.seq, known.bytes, known.temp) == (1, 12, None)
    assert not (root / path_of("a")).exists()
    with box.unit() as unit:
        unit.record(path_of("a"), sha256, 12, base=courses)
        unit.append(lesson("a"))
    assert box.file(path_of("a"), base=courses) == known
    box.forget_file(path_of("a"), base=courses)
    assert box.file(path_of("a"), base=courses) is None


def by_hand(file: Path, text: str) -> str:
    """A person writes a file; returns its hash."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return hashlib.sha256(text.encode()).hexdigest()


def test_of_several_recorded_files_each_that_changed_is_remembered(box: Outbox, tmp_path: Path) -> None:
    """Also behind one that is known as it is; another folder's file of the same name is another file."""

    def record(base: Path, **texts: str) -> None:
        with box.unit() as unit:
            for name, text in texts.items():
                unit.record(path_of(name), by_hand(base / path_of(name), text), 12, base=str(base))

    def known() -> list[str]:
        files = (box.file(path_of(name), base=str(tmp_path / "x")) for name in "abc")
        return [file.sha256 for file in files if file is not None]

    record(tmp_path / "x", a="0", b="1")
    record(tmp_path / "x", a="0", b="2", c="3")
    assert known() == [hashlib.sha256(digit).hexdigest() for digit in (b"0", b"2", b"3")]
    record(tmp_path / "y", a="9")
    assert known()[0] == hashlib.sha256(b"0").hexdigest()


def test_a_file_that_changes_by_hand_behind_one_that_did_not_is_noticed_too(box: Outbox, root: Path) -> None:
    """Between the write and the end of the unit; the person's words stay, and nothing of the unit is there."""
    publish(box, "a")
    publish(box, "b")
    with pytest.raises(FileConflict, match="/b"), box.unit() as unit:  # noqa: PT012 - the unit is what fails
        unit.write(path_of("a"), b"new a")
        unit.write(path_of("b"), b"new b")
        (root / path_of("b")).write_bytes(b"by hand")
    assert (root / path_of("a")).read_bytes() == b"# Aula\n"
    assert (root / path_of("b")).read_bytes() == b"by hand"


def test_a_file_that_another_publisher_changed_meanwhile_is_no_persons_and_replaced(
    box: Outbox, root: Path, tmp_path: Path
) -> None:
    """The last one to commit wins, as it does with rows."""
    publish(box, "a")
    with Outbox.open(tmp_path / "box" / "outbox.db", content_root=root) as other, box.unit() as unit:
        unit.write(path_of("a"), b"ours")
        publish(other, "a", "theirs")
    assert (root / path_of("a")).read_bytes() == b"ours"


def test_the_limit_that_was_set_holds_for_every_event_of_a_unit(tmp_path: Path) -> None:
    with (
        Outbox.open(tmp_path / "small.db", payload_limit_bytes=1000) as small,
        pytest.raises(ContractError, match="limit is 1,000"),
        small.unit() as unit,
    ):
        unit.append(lesson("a", "x" * 1000))


def test_a_file_lies_where_it_was_recorded(box: Outbox, root: Path, tmp_path: Path) -> None:
    """Below the folder of its import, or below CONTENT_ROOT where it is ours or nobody's yet."""
    with box.unit() as unit:
        unit.record(path_of("b"), by_hand(tmp_path / path_of("b"), "à mão"), 12, base=str(tmp_path))
    assert box.place_of(path_of("b")) == tmp_path / path_of("b")
    publish(box, "a")
    assert box.place_of(path_of("a")) == root / path_of("a")
    assert box.place_of(path_of("c")) == root / path_of("c")


def test_a_unit_counts_what_was_no_news_and_a_file_knows_its_content(box: Outbox) -> None:
    """What the event names as its file is that content's from then on."""
    publish(box, "a")
    with box.unit() as unit:
        unit.append(lesson("a"))
        unit.append(lesson("b"))
    assert (len(unit.result.appended), unit.result.unchanged) == (1, 1)
    known = box.file(path_of("a"))
    assert known is not None
    assert known.slug == "curso-x--a"


def test_that_a_file_is_published_is_noted_with_the_next_unit(box: Outbox, tmp_path: Path) -> None:
    """It spares each unit an fsync; closing notes the last."""
    publish(box, "a")
    first = box.file(path_of("a"))
    assert first is not None
    assert first.temp is not None
    publish(box, "b")
    settled = box.file(path_of("a"))
    assert settled is not None
    assert settled.temp is None
    box.close()
    with Outbox.open(tmp_path / "box" / "outbox.db") as again:
        assert [file.temp for file in again.files()] == [None, None]


def test_two_units_at_once_in_one_process_do_not_mix(box: Outbox, root: Path) -> None:
    """The inner one is committed first; the outer one may still be given up."""
    with pytest.raises(ZeroDivisionError), box.unit() as outer:  # noqa: PT012 - the unit is what fails
        outer.write("outer.md", b"outer")
        outer.append(lesson("outer"))
        publish(box, "inner")
        raise ZeroDivisionError
    assert [event.payload["slug"] for event in box.read()] == ["curso-x--inner"]
    assert not (root / "outer.md").exists()


def test_a_new_file_in_the_place_of_one_that_was_moved_away(box: Outbox, root: Path) -> None:
    """A published file that is gone may be published again."""
    publish(box, "a")
    (root / path_of("a")).unlink()
    publish(box, "a")
    assert (root / path_of("a")).exists()
    assert box.last_seq == 1


def test_a_disk_that_fails_while_a_file_is_staged_leaves_nothing(
    box: Outbox, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No event, no half file, no staged rest; and the same unit works once there is room."""
    publish(box, "first")
    whole = os.write

    def short(fd: int, data: bytes) -> int:
        if len(data) > 10:
            return whole(fd, data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "write", short)
        with pytest.raises(StorageFull):
            publish(box, "a", "0123456789 and some more\n")
    assert box.last_seq == 1
    assert not (root / path_of("a")).exists()
    assert staged_files(root) == []
    publish(box, "a")
    assert (box.last_seq, staged_files(root)) == (2, [])


def test_a_file_that_this_outbox_never_published_is_not_replaced(box: Outbox, root: Path) -> None:
    """It was there before us: it is kept, the event with it discarded, and the error says what to do."""
    target = root / path_of("a")
    target.parent.mkdir(parents=True)
    target.write_bytes(b"by hand")
    with pytest.raises(FileConflict, match="move it away and run again"):
        publish(box, "a")
    assert (target.read_bytes(), box.last_seq) == (b"by hand", 0)
    with box.unit() as unit:
        unit.append(lesson("a"))
        unit.write(path_of("a"), b"generated", overwrite=True)
    assert (target.read_bytes(), box.last_seq) == (b"generated", 1)
