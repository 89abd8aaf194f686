"""`generate score`."""

import json
import sys
from pathlib import Path

import click

_CHECK_DID_NOT_HOLD = 4


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
def score(folder: Path, *, as_json: bool) -> None:
    """Score the lessons of FOLDER: GPS frame (30) and Didática Lendária (100, pass 70).

    A course passes when 80 % of its lessons pass both; exit code 4 if it does not.

    \b
    Example:
      generate score outputs/courses/meu-curso
    """
    from generators.errors import NotACourse, UnreadableFile  # noqa: PLC0415 - help must answer at once
    from generators.given_path import must_exist  # noqa: PLC0415
    from generators.scorers import CourseScore, score_lesson  # noqa: PLC0415
    from generators.textfile import read_text_file  # noqa: PLC0415

    must_exist(folder)
    paths = [folder] if folder.is_file() else sorted(_lessons(folder))
    scored = []
    for path in paths:
        try:
            scored.append(score_lesson(path.name, read_text_file(path).text))
        except UnreadableFile as exc:
            click.echo(f"skipped: {exc}", err=True)
    if not scored:
        raise NotACourse(folder, "holds no lessons to score; give a course folder with lessons/*.md")
    course = CourseScore(lessons=tuple(scored))
    if as_json:
        result = {"passed": course.passed, "passing": course.passing, "lessons": [item.as_dict() for item in scored]}
        click.echo(json.dumps(result, ensure_ascii=False))
    else:
        for item in scored:
            lacks = "; ".join(item.missing)
            click.echo(
                f"{'pass' if item.passed else 'FAIL'}  GPS {item.gps.total:>2}/30  "
                f"didactics {item.didactics.total:>3}/100  {item.name}" + (f"  ({lacks})" if lacks else "")
            )
        click.echo(
            f"{course.passing} of {len(scored)} lessons pass; the course {'passes' if course.passed else 'fails'}"
        )
    if not course.passed:
        sys.exit(_CHECK_DID_NOT_HOLD)


def _lessons(folder: Path) -> list[Path]:
    inner = folder / "lessons"
    return [path for path in (inner if inner.is_dir() else folder).rglob("*.md") if path.is_file()]
