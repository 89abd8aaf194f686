import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generators.publishing import Minds, import_folders
from outbox import Event, Outbox

COURSES = Path(__file__).parents[1] / "data" / "courses"
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db", content_root=tmp_path / "root") as opened:
        yield opened


def _copy(tmp_path: Path, name: str = "cozinha-de-barco", place: str = "acervo") -> Path:
    folder = tmp_path / place / name
    shutil.copytree(COURSES / "cozinha-de-barco", folder)
    return folder


def _events(box: Outbox) -> list[Event]:
    found: list[Event] = []
    while events := box.read(after=found[-1].seq if found else 0):
        found += events
    return found


def _contents(box: Outbox) -> dict[str, dict[str, Any]]:
    return {event.payload["slug"]: event.payload for event in _events(box) if event.type == "content.upserted"}


def _import(box: Outbox, *folders: Path, root: Path | None = None, minds: Minds | None = None) -> list[Any]:
    done = import_folders(folders, box, content_root=root or Path("/nirgends"), minds=minds)
    return list(done.courses)


def _generate(
    tmp_path: Path, *arguments: str | Path, limit_bytes: int | None = None
) -> subprocess.CompletedProcess[str]:
    def confine() -> None:
        if limit_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    environment = {
        "OUTBOX_PATH": str(tmp_path / "outbox.db"),
        "CONTENT_ROOT": str(tmp_path / "root"),
        "PATH": "/usr/bin:/bin",
    }
    return subprocess.run(
        [sys.executable, "-m", "generators", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env=environment,
        preexec_fn=confine,
    )


def test_a_course_becomes_a_project_with_its_tree(box: Outbox, tmp_path: Path) -> None:
    """Project, audience, outline, modules and lessons arrive in an order in which each can be applied."""
    folder = _copy(tmp_path)
    (course,) = _import(box, folder)
    assert (course.project, course.modules, course.lessons) == ("cozinha-de-barco", 2, 3)
    assert course.missing == ("1.2 A lista de bordo",)
    types = [event.type for event in _events(box)]
    assert types[:3] == ["audience.upserted", "project.upserted", "content.upserted"]
    contents = _contents(box)
    tree = {
        slug: (c["content_type"], c["parent"], c.get("sequence_order"))
        for slug, c in contents.items()
        if c["content_type"].startswith("course_")
    }
    outline = "cozinha-de-barco--outline"
    assert tree == {
        outline: ("course_outline", None, None),
        "cozinha-de-barco--modulo-1": ("course_module", outline, 1),
        "cozinha-de-barco--1-1-guardar-sem-geladeira": ("course_lesson", "cozinha-de-barco--modulo-1", 1),
        "cozinha-de-barco--modulo-2": ("course_module", outline, 2),
        "cozinha-de-barco--2-1-duas-bocas-tres-panelas-v2": ("course_lesson", "cozinha-de-barco--modulo-2", 1),
        "cozinha-de-barco--bonus-pao-de-frigideira": ("course_lesson", outline, 4),
    }
    kinds = {c["metadata"].get("kind"): c["content_type"] for c in contents.values() if "kind" in c["metadata"]}
    assert kinds == {
        "assessment": "other",
        "resource": "other",
        "transcript": "raw_source",
        "brief": "other",
        "curriculum": "other",
    }


def test_lessons_carry_text_place_and_origin(box: Outbox, tmp_path: Path) -> None:
    """Text is decoded, newlines stay; the curriculum adds what it knows; the origin names file, hash and encoding."""
    _import(box, _copy(tmp_path))
    contents = _contents(box)
    first = contents["cozinha-de-barco--1-1-guardar-sem-geladeira"]
    assert first["body"].startswith("# Aula 1.1: Guardar sem geladeira 🧅\r\n")
    assert first["file_path"] == "cozinha-de-barco/lessons/1.1-guardar-sem-geladeira.md"
    assert first["metadata"]["bloom_level"] == "apply"
    assert (first["metadata"]["lesson_id"], first["metadata"]["duration_minutes"]) == ("1.1", 20)
    second = contents["cozinha-de-barco--2-1-duas-bocas-tres-panelas-v2"]
    assert "água, pressão" in second["body"]
    assert second["metadata"]["source"]["encoding"] == "cp1252"
    known = {(file.path, file.sha256) for file in box.files()}
    assert (second["file_path"], second["metadata"]["source"]["sha256"]) in known


def test_tags_and_minds_are_linked(box: Outbox, tmp_path: Path) -> None:
    """Tags are unique whatever their case; minds are linked where they are configured and a persona is named."""
    _import(box, _copy(tmp_path), minds=Minds(creator="dono", persona="marina-salles"))
    events = _events(box)
    assert [event.payload["tag"] for event in events if event.type == "content.tagged"] == ["navegação", "cozinha"]
    project = next(event.payload for event in events if event.type == "project.upserted")
    assert (project["creator_mind"], project["persona_mind"]) == ("dono", "marina-salles")
    links = [(e.payload["mind"], e.payload["role"]) for e in events if e.type == "content.mind_linked"]
    assert links == [("dono", "creator"), ("marina-salles", "author")]


def test_minds_that_are_not_configured_are_never_linked(box: Outbox, tmp_path: Path) -> None:
    """A mind that the database does not know parks the event: a persona that a brief names is metadata until then."""
    _import(box, _copy(tmp_path))
    events = _events(box)
    project = next(event.payload for event in events if event.type == "project.upserted")
    assert not {"creator_mind", "persona_mind"} & project.keys()
    assert project["metadata"]["voice"]["persona"] == "Marina Salles"
    assert not [event for event in events if event.type == "content.mind_linked"]


def test_the_audience_of_the_brief_is_the_projects(box: Outbox, tmp_path: Path) -> None:
    """Who the course is for is a profile of its own, and the project points at it."""
    _import(box, _copy(tmp_path))
    first, second = _events(box)[:2]
    assert first.type == "audience.upserted"
    assert second.payload["target_audience"] == first.payload["slug"]
    assert first.payload["psychographics"]["dores"]


def test_a_brief_without_an_audience_makes_no_profile(box: Outbox, tmp_path: Path) -> None:
    """Nothing is invented: where nobody is described, the project has no audience."""
    folder = tmp_path / "acervo" / "sem-publico"
    folder.mkdir(parents=True)
    (folder / "COURSE-BRIEF.md").write_text("# Curso: Vela para todos\n\n**Título:** Vela para todos\n", "utf-8")
    _import(box, folder)
    assert "audience.upserted" not in [event.type for event in _events(box)]
    project = next(event.payload for event in _events(box) if event.type == "project.upserted")
    assert "target_audience" not in project


def test_a_second_import_appends_nothing_from_wherever_it_is_started(box: Outbox, tmp_path: Path) -> None:
    """The same folder says the same, given by itself or in its container."""
    folder = _copy(tmp_path)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    _import(box, folder)
    seq = box.last_seq
    (again,) = _import(box, folder.parent)
    assert (again.appended, box.last_seq) == (0, seq)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_paths_below_the_content_root_are_relative_to_it(box: Outbox, tmp_path: Path) -> None:
    """A course that lies where courses are published keeps the path of a published one."""
    _import(box, _copy(tmp_path / "root", place="courses"), root=tmp_path / "root")
    assert _contents(box)["cozinha-de-barco--bonus-pao-de-frigideira"]["file_path"].startswith(
        "courses/cozinha-de-barco/lessons/"
    )


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("together", [True, False])
def test_a_stated_slug_belongs_to_the_folder_of_that_name(
    box: Outbox, tmp_path: Path, order: int, *, together: bool
) -> None:
    """Of two folders that state one slug, the other takes its folder's, in whatever order they are imported."""
    folders = [_copy(tmp_path), _copy(tmp_path, "segunda-edicao")][::order]
    done = _import(box, *folders) if together else [course for folder in folders for course in _import(box, folder)]
    assert {course.folder.name: course.project for course in done} == {
        "cozinha-de-barco": "cozinha-de-barco",
        "segunda-edicao": "segunda-edicao",
    }
    warned = {course.folder.name for course in done if any("states the slug" in warning for warning in course.warnings)}
    assert warned == {"segunda-edicao"}
    seq = box.last_seq
    _import(box, *folders[::-1])
    assert box.last_seq == seq
    assert len(_contents(box)) == 2 * len([c for c in _contents(box) if c.startswith("cozinha-de-barco--")])


def test_courses_in_folders_of_one_name_stay_apart(box: Outbox, tmp_path: Path) -> None:
    """Another course in a folder of the same name gets a slug of its own; a new title of a course does not."""
    first, other = _copy(tmp_path, "curso", "a"), _copy(tmp_path, "curso", "b")
    for name in ("COURSE-BRIEF.md", "curriculum.yaml"):
        (first / name).write_text((first / name).read_text().replace("cozinha-de-barco", "curso"))
        text = (other / name).read_text().replace("cozinha-de-barco", "curso")
        (other / name).write_text(text.replace("Cozinha de Barco", "Oficina de Velas"))
    (one,), (two,) = _import(box, first), _import(box, other)
    assert one.project == "curso"
    assert two.project.startswith("curso-")
    seq = box.last_seq
    assert [course.project for course in _import(box, other, first)] == ["curso", two.project]
    assert box.last_seq == seq
    brief = first / "COURSE-BRIEF.md"
    brief.write_text(brief.read_text().replace("Comer Bem", "Comer Melhor"))
    (renamed,) = _import(box, first)
    assert renamed.project == "curso"


def test_the_same_name_in_several_modules_loses_no_lesson(box: Outbox, tmp_path: Path) -> None:
    """Slugs are a function of the place; files that differ only in spelling get a hash of theirs."""
    folder = tmp_path / "curso-x"
    for name in ("modulo-1/intro.md", "modulo-2/intro.md", "1.1-a b.md", "1.1-a_b.md", "modulo-3/1.1-a-b.md"):
        path = folder / "lessons" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# Aula: {name}\n")
    _import(box, folder)
    lessons = [c for c in _contents(box).values() if c["content_type"] == "course_lesson"]
    assert len({lesson["slug"] for lesson in lessons}) == len(lessons) == 5
    seq = box.last_seq
    _import(box, folder)
    assert box.last_seq == seq


def test_broken_files_are_named_and_the_rest_is_imported(tmp_path: Path) -> None:
    """A binary lesson, broken YAML and an empty folder cost only themselves; the exit code says that something is missing."""
    broken = _copy(tmp_path, "quebrado")
    (broken / "lessons" / "1.3-binaria.md").write_bytes(b"\0\1\2")
    (broken / "curriculum.yaml").write_text("modules: [")
    good = _copy(tmp_path, "inteiro")
    (tmp_path / "acervo" / "vazio").mkdir()
    done = _generate(tmp_path, "import", broken, tmp_path / "acervo" / "vazio", tmp_path / "nada", good, "--json")
    assert done.returncode == 1
    summary = json.loads(done.stdout)
    assert [(c["project"], c["lessons"]) for c in summary["courses"]] == [("inteiro", 3), ("quebrado", 3)]
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    for word in ("1.3-binaria.md", "curriculum.yaml", "vazio", "nada"):
        assert sum(word in line for line in errors) == 1, word
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_one_line_and_nothing_is_half_written(tmp_path: Path) -> None:
    """What does not fit is not there at all; with room again the import completes."""
    folder = _copy(tmp_path)
    (folder / "resources" / "grande.md").write_text("linha comprida\n" * 60_000)
    full = _generate(tmp_path, "import", folder, limit_bytes=600_000)
    assert full.returncode == 1
    assert [line for line in full.stderr.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in full.stderr
    with Outbox.open(tmp_path / "outbox.db") as box:
        assert box.last_seq == 0
    assert _generate(tmp_path, "import", folder).returncode == 0


def test_inspect_prints_what_was_read_and_names_what_was_not(tmp_path: Path) -> None:
    """`inspect` answers for every path given; unreadable ones carry an error and exit code 1."""
    good = COURSES / "cozinha-de-barco"
    for kind, path in (("brief", good / "COURSE-BRIEF.md"), ("curriculum", good / "curriculum.yaml"), ("course", good)):
        done = _generate(tmp_path, "inspect", kind, path, "--json")
        assert done.returncode == 0, done.stderr
        values = json.loads(done.stdout)[str(path)]
        assert values["title"] == "Cozinha de Barco: Comer Bem com Duas Bocas"
        bad = _generate(tmp_path, "inspect", kind, path, tmp_path / "nada.yaml", "--json")
        assert bad.returncode == 1
        assert "error" in json.loads(bad.stdout)[str(tmp_path / "nada.yaml")]
        assert _generate(tmp_path, "inspect", kind, path).stdout.startswith(str(path))
