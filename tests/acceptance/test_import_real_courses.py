"""The readers and the import on real course folders, held against what a careful person reads in them.

The folders are not part of this repository: they are looked for beside it. Without them these tests are reported as
skipped, with the place where they were looked for.
"""

import csv
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from generators.publishing import import_folders
from generators.reading.brief import read_brief
from generators.reading.course import find_courses, read_course
from outbox import Outbox

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = (REPOSITORY.parent / "shared").resolve()  # it may be a link
COURSES = SHARED / "data" / "courses"
TRUTH = SHARED / "data" / "truth"
TOOLS = SHARED / "tools"

pytestmark = pytest.mark.skipif(not COURSES.is_dir(), reason=f"no real courses at {COURSES}")


def _truth(name: str) -> Any:
    return yaml.safe_load((TRUTH / name).read_text(encoding="utf-8"))


def _lesson_truth() -> dict[str, dict[str, str]]:
    with (TRUTH / "truth_lessons.csv").open(encoding="utf-8", newline="") as stream:
        return {row["path"]: row for row in csv.DictReader(stream)}


def _lessons(course: str) -> dict[str, Any]:
    return {f"{course}/{lesson.relative}": lesson for lesson in read_course(COURSES / course).lessons}


def _course_names() -> list[str]:
    return [entry["path"] for entry in _truth("truth_courses.yaml")["courses"]] if COURSES.is_dir() else []


def test_every_course_in_the_container_folder_is_found() -> None:
    """A container folder yields its courses, those in a folder of their own included, and nothing else."""
    assert sorted(str(path.relative_to(COURSES)) for path in find_courses(COURSES)) == sorted(_course_names())


@pytest.mark.parametrize("name", _course_names())
def test_counts_per_folder_agree_with_the_truth(name: str) -> None:
    """Lessons, modules, transcripts, encodings and repeated numbers are those a careful person counts."""
    truth = next(entry for entry in _truth("truth_courses.yaml")["courses"] if entry["path"] == name)
    course = read_course(COURSES / name)
    pairs = Counter(lesson.number.label for lesson in course.lessons if lesson.number.is_pair)
    got = {
        "lesson_files": len(course.lessons),
        "modules_on_disk": sum(module.number is not None for module in course.modules),
        "repeated_numbers": sorted(label for label, count in pairs.items() if label and count > 1),
        "lessons_not_utf8": sorted(
            f"{lesson.relative} ({lesson.file.encoding})"
            for lesson in course.lessons
            if not lesson.file.encoding.startswith("utf-8")
        ),
        "lessons_crlf": sum(lesson.file.newline == "crlf" for lesson in course.lessons),
        "lessons_with_frontmatter": sum(bool(lesson.head) for lesson in course.lessons),
        "transcripts": sum(material.kind == "transcript" for material in course.materials),
    }
    if truth["brief"] is None:
        assert course.brief is None
    else:
        assert course.brief_file is not None
        assert str(course.brief_file.relative) == truth["brief"]
    assert got == {key: truth[key] for key in got}


def test_lessons_have_the_right_number_and_title() -> None:
    """At least 98 of 100 lessons are found with number and title; encodings and newlines are all right."""
    truth = _lesson_truth()
    found = {path: lesson for name in _course_names() for path, lesson in _lessons(name).items()}
    right = 0
    for path, row in truth.items():
        lesson = found.get(path)
        if lesson is None:
            continue
        number = ("BONUS", "") if lesson.number.bonus else (str(lesson.number.module), str(lesson.number.lesson))
        right += (number, lesson.title) == ((row["module"], row["number"]), row["title"])
        assert (lesson.file.encoding, lesson.file.newline) == (row["encoding"], row["newline"]), path
    assert right >= 0.98 * len(truth)


def test_no_look_alike_is_taken_for_a_lesson() -> None:
    """Scripts, overviews of modules, glossaries and reports are not lessons, however much they look like some."""
    found = {path for name in _course_names() for path in _lessons(name)}
    assert found <= _lesson_truth().keys()


def test_import_takes_every_lesson_and_a_second_one_appends_nothing(tmp_path: Path) -> None:
    """No lesson is lost to a slug that another has too; what is in the log already is no news."""
    with Outbox.open(tmp_path / "outbox.db", content_root=tmp_path / "root") as box:
        first = import_folders([COURSES], box, content_root=tmp_path / "root")
        after_first = box.last_seq
        second = import_folders(sorted(COURSES.iterdir(), reverse=True), box, content_root=tmp_path / "root")
        contents = []
        while events := box.read(after=contents[-1].seq if contents else 0, event_type="content.upserted"):
            contents += events
        assert box.last_seq == after_first
    lessons = [event for event in contents if event.payload["content_type"] == "course_lesson"]
    assert first.is_complete
    assert len({event.payload["slug"] for event in lessons}) == len(lessons) == len(_lesson_truth())
    assert sum(course.appended for course in second.courses) == 0
    assert {event.payload["file_path"] for event in lessons} == {
        path.removeprefix(f"{Path(path).parts[0]}/") if path.startswith(tuple(_nested())) else path
        for path in _lesson_truth()
    }


def _nested() -> set[str]:
    return {f"{Path(name).parts[0]}/" for name in _course_names() if len(Path(name).parts) > 1}


def _score(tool: str, truth: str, kind: str, paths: list[str], tmp_path: Path) -> str:
    command = [sys.executable, "-m", "generators", "inspect", kind, "--json", *(str(COURSES / p) for p in paths)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)
    results = {str(Path(path).relative_to(COURSES)): values for path, values in json.loads(shown.stdout).items()}
    (tmp_path / "results.json").write_text(json.dumps(results), encoding="utf-8")
    scored = subprocess.run(
        [sys.executable, str(TOOLS / tool), str(TRUTH / truth), str(tmp_path / "results.json")],
        capture_output=True,
        text=True,
        check=True,
    )
    return scored.stdout


def _total(table: str) -> int:
    line = next(line for line in table.splitlines() if line.startswith("| **total**"))
    return int(line.rsplit("**", 2)[1].partition("/")[0])


def test_the_brief_scorer_gives_38_of_40_and_nothing_is_invented(tmp_path: Path) -> None:
    """What briefs state is read, what they do not state is null."""
    paths = [entry["path"] for entry in _truth("truth_briefs.yaml")["briefs"]]
    table = _score("score_briefs.py", "truth_briefs.yaml", "brief", paths, tmp_path)
    assert _total(table) >= 38
    assert "invented values for absent fields: 0; crashes: 0/" in table


def test_the_curriculum_scorer_gives_41_of_42(tmp_path: Path) -> None:
    """Every shape of curriculum comes down to the same modules, lessons and minutes."""
    paths = [entry["path"] for entry in _truth("truth_curricula.yaml")["curricula"]]
    assert _total(_score("score_curricula.py", "truth_curricula.yaml", "curriculum", paths, tmp_path)) >= 41


def test_outlines_of_real_briefs_are_read_whole() -> None:
    """Where a brief lists its lessons, the outline has as many as the truth counts."""
    for entry in _truth("truth_briefs.yaml")["briefs"]:
        truth = entry["fields"]["lessons"]
        if truth and truth["listed"]:
            brief = read_brief(COURSES / entry["path"])
            assert sum(len(module.lessons) for module in brief.outline) == truth["listed"], entry["path"]
