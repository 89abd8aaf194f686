"""`generate score`."""

import json
import sys
from contextlib import suppress
from pathlib import Path, PurePosixPath

import click

_CHECK_DID_NOT_HOLD = 4
_LESSONS = "lessons"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
def score(folder: Path, *, as_json: bool) -> None:
    """Judge the lessons of FOLDER: does each say something of its own?

    A lesson fails if its author has still to fill a gap, if it is not about its title, if there is nothing in it that
    could be checked (numbers, names, code, terms, citations), if half of it would fit a lesson on anything, if it
    repeats its neighbours or the brief, if it cites what is not there, or if it is in another language. The GPS frame
    (30) and Didática Lendária (100) are shown beside it and fail nobody. A course passes when 80 % of its lessons pass;
    exit code 4 if it does not.

    \b
    Example:
      generate score outputs/courses/meu-curso
    """
    from generators.errors import NotACourse, UnreadableFile  # noqa: PLC0415 - help must answer at once
    from generators.reading.text import must_exist, read_text_file  # noqa: PLC0415
    from generators.scorers import score_course  # noqa: PLC0415

    must_exist(folder)
    paths = [folder] if folder.is_file() else sorted(_lessons(folder))
    texts: dict[str, str] = {}
    for path in paths:
        try:
            texts[path.relative_to(folder).as_posix() if path != folder else path.name] = read_text_file(path).text
        except UnreadableFile as exc:
            click.echo(f"skipped: {exc}", err=True)
    if not texts:
        raise NotACourse(folder, "holds no lessons to score; give a course folder with lessons/*.md")
    whole = folder.parent if folder.name == _LESSONS else folder
    if whole.is_dir():
        there = [path.name for path in whole.rglob("*") if path.suffix]
        course = score_course(texts, about=_about(whole), citable=there)
    else:
        course = score_course(texts)
    if as_json:
        lessons = [item.as_dict() for item in course.lessons]
        result = {"passed": course.passed, "passing": course.passing, "lessons": lessons}
        click.echo(json.dumps(result, ensure_ascii=False))
    else:
        for item in course.lessons:
            lacks = "; ".join(item.missing)
            click.echo(
                f"{'pass' if item.passed else 'FAIL'}  {item.name}  (GPS {item.gps.total}/30, "
                f"didactics {item.didactics.total}/100)" + (f": {lacks}" if lacks else "")
            )
        verdict = "passes" if course.passed else "fails"
        click.echo(f"{course.passing} of {len(course.lessons)} lessons pass; the course {verdict}")
    if not course.passed:
        sys.exit(_CHECK_DID_NOT_HOLD)


def _lessons(folder: Path) -> list[Path]:
    inner = folder / _LESSONS
    return [path for path in (inner if inner.is_dir() else folder).rglob("*.md") if path.is_file()]


def _about(folder: Path) -> list[str]:
    """The brief and the outline of a course, as far as they can be read."""
    from generators.errors import GeneratorError  # noqa: PLC0415 - help must answer at once
    from generators.reading.course.documents import brief_candidates, is_outline  # noqa: PLC0415
    from generators.reading.text import read_text_file  # noqa: PLC0415

    names = tuple(PurePosixPath(path.name) for path in sorted(folder.glob("*.md")))
    found = []
    for name in dict.fromkeys([*brief_candidates(names), *filter(is_outline, names)]):
        with suppress(GeneratorError):
            found.append(read_text_file(folder / name).text)
    return found
