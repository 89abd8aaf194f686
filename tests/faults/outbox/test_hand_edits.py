"""A file that a person changed is theirs until they say otherwise."""

from pathlib import Path

import pytest

from outbox import FileConflict, Outbox
from tests.support.lessons import lesson, path_of, publish


@pytest.fixture
def box(tmp_path: Path):  # noqa: ANN201 - an open outbox
    with Outbox.open(tmp_path / "outbox.db", content_root=tmp_path / "content") as opened:
        yield opened


def test_a_published_file_may_be_published_again(box: Outbox) -> None:
    """Nobody changed it since: the next version takes its place."""
    publish(box, "a", "one\n")
    publish(box, "a", "two\n")
    assert (box.path.parent / "content" / path_of("a")).read_text() == "two\n"


@pytest.mark.parametrize("published", [True, False])
def test_a_file_changed_by_hand_is_kept(box: Outbox, published: bool) -> None:  # noqa: FBT001
    """Neither file nor event of the unit is kept, and the message says how to go on."""
    if published:
        publish(box, "a", "one\n")
    before = box.last_seq
    mine = box.path.parent / "content" / path_of("a")
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text("mine\n")
    with pytest.raises(FileConflict, match="generate sync"):
        publish(box, "a", "two\n")
    assert mine.read_text() == "mine\n"
    assert box.last_seq == before


def test_a_file_changed_while_its_unit_was_under_way_is_kept(box: Outbox) -> None:
    """A unit may take minutes; what a person saves meanwhile is seen at the commit."""
    publish(box, "a", "one\n")
    mine = box.path.parent / "content" / path_of("a")
    with pytest.raises(FileConflict), box.unit() as unit:  # noqa: PT012 - the unit is what fails
        unit.write(path_of("a"), b"two\n")
        unit.append(lesson("a", "two\n"))
        mine.write_text("mine\n")
    assert mine.read_text() == "mine\n"
    assert box.last_seq == 1


def test_a_file_that_vanished_while_its_unit_was_under_way_is_published(box: Outbox) -> None:
    """The same bytes were in place when the unit began, so nothing was staged; they are written all the same."""
    publish(box, "a", "one\n")
    place = box.path.parent / "content" / path_of("a")
    with box.unit() as unit:
        unit.write(path_of("a"), b"one\n")
        place.unlink()
    assert place.read_text() == "one\n"


def test_overwriting_is_possible_where_it_is_asked_for(box: Outbox) -> None:
    """`overwrite` is a decision of the caller, for one file."""
    publish(box, "a", "one\n")
    mine = box.path.parent / "content" / path_of("a")
    mine.write_text("mine\n")
    with box.unit() as unit:
        unit.write(path_of("a"), b"two\n", overwrite=True)
    assert mine.read_text() == "two\n"
