"""What a person does to a file of a unit that has returned stays, whoever dies later, and whatever reads it meanwhile."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from generators.publishing import import_folders
from generators.publishing.sync import sync
from outbox import FileMoved, Outbox
from tests.faults.outbox.conftest import Start
from tests.support.lessons import PROJECT_ROOT, lesson, path_of, publish, staged_files

PUBLISHER = PROJECT_ROOT / "tests" / "support" / "publisher.py"
Places = tuple[Path, Path]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return tmp_path / "box" / "outbox.db", tmp_path / "content"


def killed_after_it_returned(start: Start, places: Places, *, prefix: str = "a") -> None:
    """A generator publishes one unit, is told that it is safe, and is killed before it does anything else."""
    process = start(PUBLISHER, *places, prefix, 1, OUTBOX_FAILPOINT="unit.returned")
    process.communicate()
    assert process.returncode == -9


def delete(file: Path) -> None:
    file.unlink()


def rename(file: Path) -> None:
    file.rename(file.with_name("renamed.md"))


def take_back(file: Path) -> None:
    file.write_text("# Aula a-0, as it was\n")


def empty(file: Path) -> None:
    file.write_text("")


def replace_by_a_link(file: Path) -> None:
    other = file.with_name("other.md")
    file.rename(other)
    file.symlink_to(other.name)


@pytest.mark.parametrize("hand", [delete, rename, take_back, empty, replace_by_a_link])
def test_what_was_done_by_hand_is_kept_when_the_generator_is_killed_later(
    hand: Callable[[Path], None], places: Places, start: Start
) -> None:
    """Deleted, renamed, taken back to the version before, emptied: it is the person's from when the unit returned."""
    path, root = places
    with Outbox.open(path, content_root=root) as box:
        publish(box, "a-0", "# Aula a-0, as it was\n")
    killed_after_it_returned(start, places)
    file = root / path_of("a-0")
    hand(file)
    before = file.read_bytes() if file.exists() else None
    with Outbox.open(path, content_root=root) as box:
        assert box.recovered.published == ()
        assert (file.read_bytes() if file.exists() else None) == before
        assert staged_files(root) == []
        known = box.file(path_of("a-0"))
        assert known is not None
        assert known.temp is None


def test_a_unit_that_had_not_returned_is_still_finished(places: Places, start: Start) -> None:
    """The second unit of a process is killed between commit and rename: the first one's notes do not speak for it."""
    process = start(PUBLISHER, *places, "a", 2, OUTBOX_FAILPOINT="unit.committed:2")
    process.communicate()
    path, root = places
    (root / path_of("a-0")).unlink()
    with Outbox.open(path, content_root=root) as box:
        assert box.recovered.published == (path_of("a-1"),)
    assert not (root / path_of("a-0")).exists()


def test_a_generator_that_closes_on_a_full_disk_leaves_word_that_its_units_had_returned(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot note it in the log; what a person deletes afterwards is not published again all the same."""
    path, root = places

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    box = Outbox.open(path, content_root=root)
    publish(box, "a")
    monkeypatch.setattr("outbox.outbox.known_files.settle", full)
    box.close()
    monkeypatch.undo()
    (root / path_of("a")).unlink()
    with Outbox.open(path, content_root=root) as later:
        assert later.recovered.published == ()
    assert not (root / path_of("a")).exists()
    assert list((root / ".outbox-staging").iterdir()) == []


def test_of_two_units_at_once_the_one_that_returns_first_speaks_for_itself_alone(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outer one stages first and commits last; dying then, it is finished although later files are published."""
    path, root = places

    class Died(BaseException):
        pass

    def die(point: str) -> None:
        if point == "unit.committed":
            raise Died

    with Outbox.open(path, content_root=root) as box:
        with pytest.raises(Died), box.unit() as outer:  # noqa: PT012 - the unit is what fails
            outer.write("a.bin", b"outer")
            with box.unit() as inner:
                inner.write("b.bin", b"inner")
            monkeypatch.setattr("outbox.files.publish.reach", die)
        monkeypatch.undo()
        assert box.recover().published == ("a.bin",)


def read(root: Path, name: str) -> tuple[str, str, int]:
    data = (root / path_of(name)).read_bytes()
    return path_of(name), hashlib.sha256(data).hexdigest(), len(data)


@pytest.mark.parametrize("meanwhile", ["published", "typed", "deleted"])
def test_what_was_read_is_looked_at_again_before_it_is_said(meanwhile: str, places: Places) -> None:
    """A unit that says what a file said is refused where the file says something else by now: nothing is appended."""
    path, root = places
    with Outbox.open(path, content_root=root) as box, Outbox.open(path, content_root=root) as generator:
        publish(box, "a", "old")
        with pytest.raises(FileMoved), box.unit() as unit:  # noqa: PT012 - the unit is what fails
            unit.record(*read(root, "a"))
            unit.append(lesson("a", "old", status="reviewed"))
            if meanwhile == "published":
                publish(generator, "a", "new")
            elif meanwhile == "typed":
                (root / path_of("a")).write_text("à mão")
            else:
                (root / path_of("a")).unlink()
        assert [event.payload["body"] for event in box.read()] == (
            ["old", "new"] if meanwhile == "published" else ["old"]
        )


def test_what_was_read_before_a_dead_generators_newer_version_is_in_place_is_not_said(
    places: Places, start: Start
) -> None:
    """Committed, not renamed yet: the file still says the old text, and the log no longer does."""
    path, root = places
    with Outbox.open(path, content_root=root) as box:
        publish(box, "a-0", "old")
        killed = start(PUBLISHER, *places, "a", 1, OUTBOX_FAILPOINT="unit.committed")
        killed.communicate()
        with pytest.raises(FileMoved, match="outbox recover"), box.unit() as unit:
            unit.record(*read(root, "a-0"))
        assert path_of("a-0") in box.recover().published


COURSE = {
    "curriculum.yaml": "course:\n  title: Curso\nmodules:\n  - title: Um\n    lessons:\n      - title: Aula\n",
    "lessons/1.1-aula.md": "# Aula\n\nvelho\n",
}


@pytest.fixture
def course(places: Places) -> Path:
    folder = places[1] / "courses" / "curso"
    for name, text in COURSE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def newest(box: Outbox) -> str:
    texts = [e.payload["body"] for e in box.read() if (e.payload.get("file_path") or "").endswith("1.1-aula.md")]
    return str(texts[-1])


@pytest.mark.parametrize("command", ["sync", "import"])
def test_a_lesson_that_is_published_while_its_course_is_read_keeps_its_newest_text(
    command: str, places: Places, course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the file, in the log, and for the next writer, who meets no conflict."""
    path, root = places
    lesson_path = (course / "lessons" / "1.1-aula.md").relative_to(root).as_posix()
    with Outbox.open(path, content_root=root) as box, Outbox.open(path, content_root=root) as generator:
        import_folders([course], box, content_root=root)
        slug = next(e.payload["slug"] for e in box.read() if e.payload.get("file_path") == lesson_path)
        (course / "lessons" / "1.1-aula.md").write_text("# Aula\n\nà mão\n")
        texts = iter(["# Aula\n\nnovo\n", "# Aula\n\nmais novo\n"])
        from generators.publishing import importer  # noqa: PLC0415

        real = importer.CoursePayloads

        def beside(*args: object) -> object:
            text = next(texts, None)
            if text is not None:
                with generator.unit() as unit:
                    unit.write(lesson_path, text.encode(), overwrite=True)
                    unit.append(lesson("x").__class__(slug=slug, title="Aula", content_type="course_lesson",
                                                      body=text, file_path=lesson_path))  # fmt: skip
            return real(*args)

        monkeypatch.setattr(importer, "CoursePayloads", beside)
        if command == "sync":
            sync(box, [], content_root=root)
        else:
            import_folders([course], box, content_root=root)
        monkeypatch.undo()
        assert newest(box) == "# Aula\n\nmais novo\n" == (root / lesson_path).read_text()
        with generator.unit() as unit:  # and the next writer is told of no change by hand
            unit.write(lesson_path, b"# Aula\n\no seguinte\n")


def test_a_file_that_comes_back_while_deletions_are_taken_over_is_not_deleted(
    places: Places, course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was gone when sync looked; a generator published it again before the deletion was appended."""
    path, root = places
    file = course / "lessons" / "1.1-aula.md"
    with Outbox.open(path, content_root=root) as box:
        import_folders([course], box, content_root=root)
        text = file.read_text()
        file.unlink()
        real = box.unit

        def unit() -> object:
            file.write_text(text)
            return real()

        monkeypatch.setattr(box, "unit", unit)
        done = sync(box, [], content_root=root, deletions=True)
        assert done.deleted == ()
        assert not [event for event in box.read() if event.type == "content.deleted"]
