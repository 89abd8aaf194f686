"""`generate import`, `inspect` and `sync` as a person meets them: what they print, and what they exit with."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner, Result

from generators.cli import cli
from generators.errors import MissingPath, UnreadableFile
from generators.publishing import import_folders
from generators.reading.course import tree
from outbox import Outbox
from outbox.operating import resolve
from outbox.ops.prune import plan_prune, prune
from tests.support.lessons import SetClock, lesson, path_of
from tests.support.parked import put_parked

BRIEF = "# Course Brief: {title}\n\n**Slug:** {slug}\n"


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("OUTBOX_PATH", "CONTENT_ROOT", "CREATOR_MIND_ID", "PERSONA_MIND_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _generate(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def _course(folder: Path, *, slug: str = "pao", title: str = "Pão em Casa", **files: str | bytes) -> Path:
    folder.mkdir(parents=True)
    written: dict[str, str | bytes] = {"COURSE-BRIEF.md": BRIEF.format(title=title, slug=slug), **files}
    for name, text in written.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def _project(folder: Path) -> tuple[str, list[str]]:
    """The slug that an import of the folder gives, and what it says about the choice."""
    (course,) = json.loads(_generate("import", folder, "--json").stdout)["courses"]
    return course["project"], [warning for warning in course["warnings"] if "slug" in warning]


def test_people_are_told_what_was_imported_and_what_is_missing(tmp_path: Path) -> None:
    """One line a course on stdout, warnings on stderr; the second time nothing is news."""
    plan = "title: Pão\nmodules: [{number: 1, lessons: [{id: '1.1', title: Farinha}]}]\n"
    folder = _course(tmp_path / "acervo" / "pao", **{"curriculum.yaml": plan})
    first = _generate("import", folder)
    assert first.exit_code == 4
    assert "holds no lessons: 1 brief, 1 curriculum" in first.stderr
    assert first.stdout.startswith("pao: 0 modules, 0 lessons, 0 other files; ")
    assert "  1 lessons of the curriculum have no file: 1.1 Farinha" in first.stdout
    assert "warning: pao: COURSE-BRIEF.md: no duration is stated" in first.stderr
    assert "; 0 events appended, " in _generate("import", folder).stdout


def test_a_folder_without_a_lesson_says_what_it_holds_and_exits_with_4(tmp_path: Path) -> None:
    """Prompts and an unfilled form are no course: nothing is appended, each file can be explained."""
    folder = tmp_path / "prompts"
    for name in ("README.md", "design/writer.md", "templates/course/course-brief.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("# [Title]\n", encoding="utf-8")
    result = _generate("import", folder)
    assert (result.exit_code, result.stdout) == (4, "")
    assert "none of its 3 text files is a lesson (1 document, 1 index, 1 template)" in result.stderr
    shown = _generate("inspect", "course", folder, "--explain", "--json")
    (answer,) = json.loads(shown.stdout).values()
    assert {file["path"]: file["role"] for file in answer["files"]} == {
        "README.md": "index",
        "design/writer.md": "document",
        "templates/course/course-brief.md": "template",
    }
    assert all(file["why"] for file in answer["files"])


def test_quiet_says_only_what_failed(tmp_path: Path) -> None:
    """The broken file and the folder that is not there, each on a line of its own, and exit code 1."""
    folder = _course(tmp_path / "pao", **{"curriculum.yaml": "modules: ["})
    result = _generate("import", folder, tmp_path / "nada", "--quiet")
    assert (result.exit_code, result.stdout) == (1, "")
    broken, missing = result.stderr.splitlines()
    assert broken.startswith(f"error: {folder / 'curriculum.yaml'}: is not readable YAML")
    assert missing == f"error: {tmp_path / 'nada'}: there is no such file or folder; check the path"


def test_a_course_of_which_nothing_can_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    """Its reason is told; the other is imported."""
    _course(tmp_path / "acervo" / "bom", slug="bom")
    _course(tmp_path / "acervo" / "mau", **{"COURSE-BRIEF.md": b"\0\1"})
    result = _generate("import", tmp_path / "acervo")
    assert result.exit_code == 1
    assert result.stdout.startswith("bom: ")
    assert "error: " in result.stderr
    assert "mau/COURSE-BRIEF.md: is a binary file" in result.stderr


def test_a_lesson_too_large_for_an_event_is_left_out_and_named(tmp_path: Path) -> None:
    """The others of its course are imported; the line names the file and what to do."""
    folder = _course(tmp_path / "pao", **{"1.1-farinha.md": "# Aula 1.1: Farinha\n", "1.2-agua.md": "água " * 3000})
    with Outbox.open(tmp_path / "o.db", content_root=tmp_path / "root", payload_limit_bytes=10_000) as box:
        (course,) = import_folders([folder], box, content_root=tmp_path / "root").courses
        slugs = [event.payload["slug"] for event in box.read() if event.type == "content.upserted"]
    (failure,) = course.failures
    assert failure.startswith(f"{folder / '1.2-agua.md'}: cannot be taken into the outbox (")
    assert failure.endswith("; shorten or split it")
    assert "pao--1-1-farinha" in slugs
    assert "pao--1-2-agua" not in slugs


def test_a_stated_slug_that_nobody_else_states_is_the_projects(tmp_path: Path) -> None:
    """Neighbours that state nothing, or cannot be read, have no say."""
    folder = _course(tmp_path / "segunda-tentativa")
    _course(tmp_path / "a", **{"COURSE-BRIEF.md": b"\0\1", "curriculum.yaml": "modules: ["})
    _course(tmp_path / "b", **{"COURSE-BRIEF.md": "# Course Brief: Outro\n"})
    assert _project(folder) == ("pao", [])


@pytest.mark.parametrize("brief", [b"\0\1", b"# Course Brief: Outro\n"])
def test_a_neighbour_states_its_slug_in_its_curriculum_where_its_brief_does_not(tmp_path: Path, brief: bytes) -> None:
    """Then neither of the two has it, and each is told why."""
    folder = _course(tmp_path / "segunda-tentativa")
    plan = "slug: pao\nmodules: [{title: A, lessons: [B]}]\n"
    _course(tmp_path / "primeira", **{"COURSE-BRIEF.md": brief, "curriculum.yaml": plan})
    assert _project(folder) == (
        "segunda-tentativa",
        ["states the slug pao, as primeira does: imported as segunda-tentativa, after its folder"],
    )


def test_a_slug_that_another_course_has_in_the_log_is_not_taken(tmp_path: Path) -> None:
    """Imported from elsewhere, long ago: the new course goes by its folder, and by a hash where that is taken too."""
    assert _project(_course(tmp_path / "2024" / "pao"))[0] == "pao"
    assert _project(_course(tmp_path / "2025" / "massas", title="Massas")) == (
        "massas",
        ["the slug pao belongs to another course: imported as massas"],
    )
    slug, (warning,) = _project(_course(tmp_path / "2026" / "massas", title="Outras Massas"))
    assert slug.startswith("massas-")
    assert warning == f"the slug pao belongs to another course: imported as {slug}"


def test_a_neighbour_that_may_not_be_listed_has_no_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what it keeps to itself is not asked: the other neighbours are."""
    folder = _course(tmp_path / "acervo" / "segunda-tentativa")
    beside = [_course(tmp_path / "acervo" / name) for name in ("primeira", "terceira")]
    (beside[1] / "privado").mkdir()
    listing = tree._entries
    closed: list[Path] = []

    def refuse(place: Path) -> list[os.DirEntry[str]]:
        # Root may list everything, so the refusal is played.
        if place in closed:
            raise UnreadableFile(place, "cannot be listed (permission denied); check its permissions")
        return listing(place)

    monkeypatch.setattr(tree, "_entries", refuse)
    slugs = []
    for place in ([beside[0]], [beside[0], beside[1] / "privado"], [folder.parent]):
        closed[:] = place
        with Outbox.open(tmp_path / f"{len(slugs)}.db", content_root=tmp_path / "root") as box:
            (course,) = import_folders([folder], box, content_root=tmp_path / "root").courses
        slugs.append(course.project)
    assert slugs == ["segunda-tentativa", "pao", "pao"]


@pytest.fixture
def imported(tmp_path: Path) -> Iterator[Path]:
    folder = _course(
        tmp_path / "pao", **{"1.1-farinha.md": "# Aula 1.1: Farinha\n", "1.2-agua.md": "# Aula 1.2: Água\n"}
    )
    _course(tmp_path / "outro", slug="outro", title="Outro", **{"1.1-x.md": "# Aula 1.1: X\n"})
    assert _generate("import", folder, tmp_path / "outro").exit_code == 0
    return folder


def test_sync_looks_only_below_the_folders_that_were_named(imported: Path, tmp_path: Path) -> None:
    """A change in another course waits for its own turn."""
    (tmp_path / "outro" / "1.1-x.md").write_text("# Aula 1.1: Y\n")
    (imported / "1.1-farinha.md").write_text("# Aula 1.1: Farinhas\n")
    done = json.loads(_generate("sync", imported, "--json").stdout)
    assert done["changed"] == [str(imported / "1.1-farinha.md")]
    assert json.loads(_generate("sync", "--json").stdout)["changed"] == [str(tmp_path / "outro" / "1.1-x.md")]


def test_sync_deletes_the_content_that_an_imported_file_carried(imported: Path) -> None:
    """A brief carries a content as a lesson does; what carries none is forgotten without an event."""
    (imported / "1.2-agua.md").unlink()
    done = json.loads(_generate("sync", "--deletions", "--json").stdout)
    assert done["gone"] == [str(imported / "1.2-agua.md")]
    assert done["deleted"] == ["pao--1-2-agua"]
    assert json.loads(_generate("sync", "--json").stdout)["gone"] == []


def test_sync_deletes_a_content_whose_event_was_pruned(imported: Path, tmp_path: Path) -> None:
    """The outbox keeps in mind which content a file carries for as long as it knows the file."""
    with Outbox.open(tmp_path / ".outbox" / "outbox.db") as box:
        box.clock = SetClock(datetime.now(UTC) + timedelta(days=100))
        box.relay.remember_position(UUID(int=1), box.last_seq, box.event(box.last_seq).event_id)
        box.relay.remember_verified(UUID(int=1), box.last_seq)
        assert prune(box, plan_prune(box, keep_days=1)) == box.last_seq - 1
    (imported / "1.2-agua.md").unlink()
    result = _generate("sync", "--deletions")
    assert (result.exit_code, "1 contents deleted" in result.stdout) == (0, True)


def test_sync_forgets_a_file_that_carries_no_content(tmp_path: Path) -> None:
    """There is nothing to delete in the database; the file is told once."""
    with Outbox.open(tmp_path / ".outbox" / "outbox.db", content_root=tmp_path / "outputs") as box, box.unit() as unit:
        unit.write("notas.txt", b"nada")
    (tmp_path / "outputs" / "notas.txt").unlink()
    done = [json.loads(_generate("sync", "--deletions", "--json").stdout) for _ in range(2)]
    assert [(len(one["gone"]), one["deleted"]) for one in done] == [(1, []), (0, [])]


def test_a_file_that_an_earlier_event_carries_is_deleted_with_its_content(tmp_path: Path) -> None:
    """Event and file may come in units of their own, in either order of saying so again."""
    payload = lesson("a")
    with Outbox.open(tmp_path / ".outbox" / "outbox.db", content_root=tmp_path / "outputs") as box:
        box.append(payload)
        with box.unit() as unit:
            unit.write(path_of("a"), b"# Aula\n")
            unit.append(payload)
        assert unit.result.unchanged == 1
    (tmp_path / "outputs" / path_of("a")).unlink()
    done = json.loads(_generate("sync", "--deletions", "--json").stdout)
    assert done["deleted"] == [payload.slug]


def test_a_parked_lesson_of_an_imported_course_is_superseded_by_its_file(imported: Path, tmp_path: Path) -> None:
    """The file lies where it was imported from, not below CONTENT_ROOT."""
    (imported / "1.2-agua.md").write_text("# Aula 1.2: Água morna\n")
    with Outbox.open(tmp_path / ".outbox" / "outbox.db", content_root=tmp_path / "outputs") as box:
        (event,) = (event for event in box.read() if event.payload.get("slug") == "pao--1-2-agua")
        put_parked(box, event, reason="too cold")
        resolve.supersede(box, event.seq, "mended")
        row = box.parked.find(event.seq)
    assert row is not None
    assert json.loads(row.payload_json or "{}")["body"] == "# Aula 1.2: Água morna\n"


def test_sync_reports_the_files_of_a_course_that_is_gone_as_a_whole(imported: Path) -> None:
    """There is nothing left to read; every file of it is named."""
    for path in imported.iterdir():
        path.unlink()
    imported.rmdir()
    done = json.loads(_generate("sync", "--json").stdout)
    assert sorted(Path(path).name for path in done["gone"]) == ["1.1-farinha.md", "1.2-agua.md", "COURSE-BRIEF.md"]
    assert done["errors"] == []


def test_sync_says_what_it_could_not_read(imported: Path) -> None:
    """Exit code 1 and the file on stderr; people and programs alike."""
    (imported / "1.1-farinha.md").write_bytes(b"\0\1")
    result = _generate("sync")
    assert result.exit_code == 1
    assert f"error: {imported / '1.1-farinha.md'}: is a binary file" in result.stderr
    (imported / "1.2-agua.md").unlink()
    (imported / "COURSE-BRIEF.md").write_bytes(b"\0\1")
    result = _generate("sync", "--json")
    assert result.exit_code == 1
    assert len(json.loads(result.stdout)["errors"]) == 1


@pytest.mark.parametrize("command", [["import"], ["sync"], ["score"], ["inspect", "course"]])
def test_a_name_that_no_system_takes_is_a_missing_path(command: list[str]) -> None:
    """A pasted text in place of a path is one line, not a traceback."""
    result = _generate(*command, "n" * 300)
    said = str(result.exception) if isinstance(result.exception, MissingPath) else result.stderr
    assert "there is no such file or folder" in said
    assert result.exit_code != 0
