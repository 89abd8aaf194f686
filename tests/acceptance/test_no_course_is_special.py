"""No name, title or slug of the real courses stands in the code: what is read there is understood, not recognised.

The folders are not part of this repository: they are looked for beside it. Without them the test is reported as
skipped, with the place where they were looked for.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from generators.languages import fold

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = (REPOSITORY.parent / "shared").resolve()  # it may be a link
COURSES = SHARED / "data" / "courses"
TRUTH = SHARED / "data" / "truth"
PACKAGES = ("generators", "outbox", "worker", "migrations")

# "Introdução" or "Próximos Passos" are words of any course; three words in a row are somebody's title.
_FEWEST_WORDS = 3

pytestmark = pytest.mark.skipif(not TRUTH.is_dir(), reason=f"no real courses at {COURSES}")


def _words(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", fold(text)))


def _texts(value: Any) -> Iterator[str]:
    """What was read as titles, slugs and names anywhere in the truth about briefs and curricula."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in {"title", "slug", "instructor", "persona", "first", "last"}:
                yield from _strings(item)
            else:
                yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _names() -> set[str]:
    stated = [
        text
        for name in ("truth_briefs.yaml", "truth_curricula.yaml", "truth_courses.yaml")
        for text in _texts(yaml.safe_load((TRUTH / name).read_text("utf-8")))
    ]
    with (TRUTH / "truth_lessons.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            stated += [row["title"], Path(row["path"]).stem]
    long = {_words(text) for text in stated if len(_words(text).split()) >= _FEWEST_WORDS}
    slugs = {folder.name for folder in COURSES.iterdir()} | {str(s) for s in stated if re.fullmatch(r"[\w]+-[\w-]+", s)}
    return long | slugs


def _code() -> Iterator[tuple[Path, str]]:
    for package in PACKAGES:
        for path in sorted((REPOSITORY / package).rglob("*")):
            if path.is_file() and path.suffix in {".py", ".yaml", ".json", ".sql", ".md"}:
                yield path.relative_to(REPOSITORY), path.read_text("utf-8")


def test_no_course_title_or_slug_stands_in_the_code() -> None:
    """Code that knew the samples would say nothing about other courses."""
    names = _names()
    assert len(names) > 150
    found = []
    for path, text in _code():
        words, lowered = f" {_words(text)} ", fold(text)
        found += [
            f"{path}: {name}" for name in names if (f" {name} " in words if " " in name else fold(name) in lowered)
        ]
    assert found == []
