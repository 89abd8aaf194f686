"""What recovery makes of what a crash, a power loss or a person left behind."""

import os
import time
from pathlib import Path

import pytest

from outbox import Outbox, Recovered
from tests.faults.outbox.conftest import Start
from tests.support.lessons import PROJECT_ROOT, lesson, path_of, publish, staged_files

PUBLISHER = PROJECT_ROOT / "tests" / "support" / "publisher.py"
Places = tuple[Path, Path]  # the outbox file and CONTENT_ROOT


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "box" / "outbox.db", tmp_path / "content"


def die(start: Start, places: Places, step: str, *more: str) -> None:
    process = start(PUBLISHER, *places, "a", 9, *more, OUTBOX_FAILPOINT=step)
    process.communicate()
    assert process.returncode == -9


def recovered(places: Places) -> Recovered:
    with Outbox.open(places[0], content_root=places[1]) as box:
        return box.recovered


@pytest.mark.parametrize(
    "found",
    [
        Recovered(published=("a",)),
        Recovered(swept=1),
        Recovered(conflicts=("a",)),
        Recovered(lost=("a",)),
        Recovered(blocked=("a",)),
    ],
    ids=["published", "swept", "conflict", "lost", "blocked"],
)
def test_whatever_recovery_found_is_something(found: Recovered) -> None:
    """A single kind of it is enough to be told."""
    assert not found.nothing
    assert Recovered().nothing


def test_a_committed_file_still_in_staging_is_published(places: Places, start: Start) -> None:
    """Roll forward: the staged file is there and named in the log."""
    die(start, places, "unit.committed")
    assert not (places[1] / path_of("a-0")).exists()
    found = recovered(places)
    assert set(found.published) == {path_of("a-0"), path_of("a-0-b")}
    assert (places[1] / path_of("a-0")).read_text() == "# Aula a-0\n"


def test_an_uncommitted_file_is_swept(places: Places, start: Start) -> None:
    """Roll back: nobody knows the file, so it goes."""
    die(start, places, "unit.before_commit")
    found = recovered(places)
    assert (found.published, found.swept) == ((), 2)
    assert list(places[1].rglob("*.md")) == []


def test_a_staged_file_that_a_power_loss_took_is_written_anew_from_its_event(places: Places, start: Start) -> None:
    """The event carries the body, so the log alone restores the file."""
    die(start, places, "unit.committed")
    for staged in staged_files(places[1]):
        staged.unlink()
    found = recovered(places)
    assert set(found.published) == {path_of("a-0"), path_of("a-0-b")}
    assert (places[1] / path_of("a-0-b")).read_text() == "# Aula a-0-b\n"


def test_a_staged_file_that_a_power_loss_cut_short_is_not_published(places: Places, start: Start) -> None:
    """What lies in staging is believed by its hash, never by its name."""
    die(start, places, "unit.committed")
    for staged in staged_files(places[1]):
        staged.write_bytes(staged.read_bytes()[:3])
    assert set(recovered(places).published) == {path_of("a-0"), path_of("a-0-b")}
    assert (places[1] / path_of("a-0")).read_text() == "# Aula a-0\n"


def test_a_lost_file_that_no_event_carries_is_reported(places: Places, start: Start) -> None:
    """Without its bytes anywhere there is nothing to restore: it is told, once."""
    die(start, places, "unit.committed", "pictures")
    for staged in staged_files(places[1]):
        staged.unlink()
    found = recovered(places)
    assert set(found.lost) == {"courses/curso-x/pictures/a-0.png", "courses/curso-x/pictures/a-0-b.png"}
    assert recovered(places).nothing


def test_a_file_edited_by_hand_between_crash_and_recovery_is_kept_and_told(places: Places, start: Start) -> None:
    """Recovery never overwrites a person's work."""
    die(start, places, "unit.committed")
    mine = places[1] / path_of("a-0")
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text("mine\n")
    found = recovered(places)
    assert found.conflicts == (path_of("a-0"),)
    assert found.published == (path_of("a-0-b"),)
    assert mine.read_text() == "mine\n"


def test_recovery_lets_the_files_of_a_living_process_be(places: Places) -> None:
    """What a unit in progress has staged belongs to it."""
    path, root = places
    with Outbox.open(path, content_root=root) as living, living.unit() as unit:
        unit.write(path_of("a"), b"# Aula\n")
        unit.append(lesson("a"))
        with Outbox.open(path, content_root=root) as other:
            assert other.recovered.nothing
            assert other.recover().nothing
        assert len(staged_files(root)) == 1
    assert (root / path_of("a")).read_bytes() == b"# Aula\n"


def test_recovery_needs_no_look_into_the_files_when_there_is_nothing_to_do(places: Places) -> None:
    """Opening an outbox after a clean end mends nothing."""
    with Outbox.open(places[0], content_root=places[1]) as box:
        publish(box, "a")
    assert recovered(places).nothing


def test_a_staging_directory_that_was_never_finished_is_swept_when_it_is_old(places: Places, start: Start) -> None:
    """A process that died before it owned its directory leaves an empty one, and it does not stay for ever."""
    die(start, places, "staging.nascent")
    (nascent,) = (places[1] / ".outbox-staging").iterdir()
    assert recovered(places).nothing
    assert nascent.exists()  # it may be in the making
    hours_ago = time.time() - 7200
    os.utime(nascent, (hours_ago, hours_ago))
    assert recovered(places).nothing
    assert not nascent.exists()


def test_a_removal_that_was_cut_short_is_finished(places: Places) -> None:
    """A staging directory loses its lock last, so one without a lock is empty and goes."""
    path, root = places
    Outbox.open(path, content_root=root).close()
    leftover = root / ".outbox-staging" / "1-dead"
    leftover.mkdir(parents=True)
    assert recovered(places).nothing
    assert not leftover.exists()


@pytest.mark.parametrize(("step", "published", "swept"), [("unit.committed", 2, 0), ("unit.before_commit", 0, 2)])
def test_a_staging_directory_whose_lock_a_power_loss_took_is_finished_like_any_other(
    step: str, published: int, swept: int, places: Places, start: Start
) -> None:
    """No owner outlives a power loss: what is named is published, what is not is swept."""
    die(start, places, step)
    (lock,) = places[1].glob(".outbox-staging/*/owner.lock")
    lock.unlink()
    found = recovered(places)
    assert (len(found.published), found.swept) == (published, swept)
    assert list((places[1] / ".outbox-staging").iterdir()) == []


def test_a_place_that_cannot_be_written_does_not_keep_the_outbox_shut(places: Places, start: Start) -> None:
    """One file that cannot be published is told at every start until it can; the others are published."""
    die(start, places, "unit.committed", "pictures")
    picture = places[1] / "courses/curso-x/pictures/a-0.png"
    picture.mkdir(parents=True)
    found = recovered(places)
    assert len(found.published) == 3
    assert found.blocked == ("courses/curso-x/pictures/a-0.png",)
    picture.rmdir()
    assert recovered(places).published == found.blocked
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert recovered(places).nothing


def test_ctrl_c_between_commit_and_rename_is_mended_like_a_crash(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interruption after the commit must not take the staged file away: it is not in any event."""
    path, root = places

    def interrupt(point: str) -> None:
        if point == "unit.committed":
            raise KeyboardInterrupt

    with Outbox.open(path, content_root=root) as box:
        monkeypatch.setattr("outbox.files.publish.reach", interrupt)
        with pytest.raises(KeyboardInterrupt), box.unit() as unit:
            unit.write("courses/a.png", b"\x89PNG")
        monkeypatch.undo()
        assert box.recover().published == ("courses/a.png",)
    assert (root / "courses" / "a.png").read_bytes() == b"\x89PNG"
