"""What should stand in the database is folded in bounded memory, however many aggregates the log speaks of."""

import resource
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from outbox import Outbox
from outbox import catalogue as c
from outbox.catalogue import active
from tests.support.make_outbox import PROJECT, filled, lesson
from worker.proof import kept
from worker.proof.expected import Expected, expected_of
from worker.proof.kept import Kept


@pytest.fixture
def entries() -> Iterator[Kept[Expected]]:
    found = Kept[Expected]()
    yield found
    found.close()


def everything(entries: Kept[Expected]) -> dict[str, Expected]:
    return {one.label: one for kind in active().aggregates for one in entries.of_kind(kind)}


def test_entries_that_were_moved_to_the_disk_are_what_they_would_be_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: Kept[Expected]
) -> None:
    """Patches and links that come when their row was moved away already are folded into it."""
    with filled(tmp_path / "outbox.db", 60) as box:
        for number in range(1, 61):
            box.append(c.ContentStatusChanged(slug=f"{PROJECT}--aula-{number}", status="published"))
        in_memory = Kept[Expected]()
        assert expected_of(box, box.last_seq, {7, 9}, into=in_memory) == box.last_seq
        monkeypatch.setattr(kept, "MOST", 5)
        few = Kept[Expected]()
        expected_of(box, box.last_seq, {7, 9}, into=few)
    assert everything(few) == everything(in_memory)
    assert len(everything(few)) == 63
    assert few.find("content", f"{PROJECT}--aula-1") == everything(in_memory)[f"content {PROJECT}--aula-1"]
    assert few.find("content", "nobody") is None
    few.close()


def peak(box: Outbox, entries: Kept[Expected]) -> int:
    """Bytes that Python held at most while a log was folded and walked through."""
    tracemalloc.start()
    expected_of(box, box.last_seq, set(), into=entries)
    assert sum(1 for _ in entries.of_kind("content")) == box.last_seq
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    entries.close()
    return most


def lessons(path: Path, count: int) -> Outbox:
    box = Outbox.open(path)
    for start in range(0, count, 500):
        box.append(*(lesson(number) for number in range(start, start + 500)))
    return box


def test_memory_does_not_grow_with_the_aggregates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times as many take no more."""
    monkeypatch.setattr(kept, "MOST", 100)
    monkeypatch.setattr("outbox.outbox.PAGE_EVENTS", 100)
    with lessons(tmp_path / "few.db", 1000) as few, lessons(tmp_path / "many.db", 4000) as many:
        assert peak(many, Kept[Expected]()) < 1.3 * peak(few, Kept[Expected]())


def test_without_room_on_the_disk_they_stay_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: Kept[Expected]
) -> None:
    """A verify is what somebody runs on a full disk; it needs memory then, and ends all the same."""
    monkeypatch.setattr(entries, "_most", 200)
    with lessons(tmp_path / "outbox.db", 4000) as box:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
        try:
            expected_of(box, box.last_seq, set(), into=entries)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    found = everything(entries)
    assert len(found) == 4000
    assert {one.last_seq for one in found.values()} == set(range(1, 4001))


def test_nothing_lies_in_the_temporary_directory_while_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: Kept[Expected]
) -> None:
    """A process that is killed leaves nothing behind."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(entries, "_most", 5)
    with filled(tmp_path / "outbox.db", 20) as box:
        expected_of(box, box.last_seq, set(), into=entries)
    assert list((tmp_path / "temporary").iterdir()) == []
    assert len(everything(entries)) == 23
