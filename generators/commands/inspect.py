"""`generate inspect`: what the readers make of a file, in a form that programs and people can check."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import click

from generators.commands.reading import brief_in, reader_option
from generators.errors import GeneratorError, NotACourse
from outbox.command_line import EXIT_FAILED, print_json

if TYPE_CHECKING:
    from generators.reading.course import Course, Verdict

_PATHS = click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON: {path: {...}}; unstated values are null.")


@click.group()
def inspect() -> None:
    """Show what was read in a brief, a curriculum or a course folder.

    \b
    Examples:
      generate inspect brief meu-curso/COURSE-BRIEF.md
      generate inspect curriculum meu-curso/curriculum.yaml --json
      generate inspect course meu-curso --json
    """


@inspect.command()
@_PATHS
@_JSON
@reader_option
@click.pass_context
def brief(ctx: click.Context, paths: tuple[Path, ...], *, as_json: bool, reader: str | None) -> None:
    """Show what course briefs state; null where they state nothing.

    With --reader, a model that the package `llm` knows is asked for the open fields only. What it says counts if it
    stands in the brief letter by letter; a warning names the line. Needs: pip install 'creatoros-outbox[llm]'.

    \b
    Examples:
      generate inspect brief meu-curso/COURSE-BRIEF.md --json
      generate inspect brief mensagem.txt --reader llm:gpt-4o-mini
    """
    if reader:
        from generators.reading.brief.model_reader import model_of  # noqa: PLC0415 - `--help` answers without the readers

        model_of(reader)  # an unknown one is said once, before the first file
    _report(ctx, {str(path): _guarded(partial(_brief, reader=reader), path) for path in paths}, as_json=as_json)


@inspect.command()
@_PATHS
@_JSON
@click.pass_context
def curriculum(ctx: click.Context, paths: tuple[Path, ...], *, as_json: bool) -> None:
    """Show modules, lessons and minutes of curriculum files.

    \b
    Example:
      generate inspect curriculum meu-curso/curriculum.yaml --json
    """
    _report(ctx, {str(path): _guarded(_curriculum, path) for path in paths}, as_json=as_json)


@inspect.command()
@_PATHS
@_JSON
@click.option("--explain", is_flag=True, help="Say for every file what it was taken for, and why.")
@click.pass_context
def course(ctx: click.Context, paths: tuple[Path, ...], *, as_json: bool, explain: bool) -> None:
    """Show modules and lessons found in course folders, or in folders that hold some.

    \b
    Examples:
      generate inspect course outputs/courses --json
      generate inspect course um-curso --explain
    """
    from generators.reading.course import explain_folder, find_courses  # noqa: PLC0415 - `--help` answers without the readers

    found: dict[str, dict[str, Any]] = {}
    for path in paths:
        try:
            places = find_courses(path)
        except GeneratorError as exc:
            found[str(path)] = {"error": str(exc)}
            if explain and isinstance(exc, NotACourse):
                found[str(path)]["files"] = _explained(explain_folder(path))
            continue
        for place in places:
            shown = path if place == path.resolve() else path / place.relative_to(path.resolve())
            found[str(shown)] = _guarded(_course_explained if explain else _course, place)
    _report(ctx, found, as_json=as_json)


def _guarded(read: Callable[[Path], dict[str, Any]], path: Path) -> dict[str, Any]:
    try:
        return read(path)
    except GeneratorError as exc:
        return {"error": str(exc)}


def _report(ctx: click.Context, found: dict[str, dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    for path, values in found.items():
        if "error" in values:
            click.echo(f"error: {values['error']}", err=True)
            if not as_json:
                for line in values.get("files", []):
                    click.echo(f"  {_shown(line)}")
        elif not as_json:
            click.echo(path)
            for key, value in values.items():
                click.echo(f"  {key}: {_shown(value)}")
    if any("error" in values for values in found.values()):
        ctx.exit(EXIT_FAILED)


def _shown(value: Any) -> str:
    if value is None or value == []:
        return "not stated"
    if isinstance(value, list):
        return "".join(f"\n    - {_shown(item)}" for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(item)}" for key, item in value.items())
    return str(value)


def _brief(path: Path, reader: str | None = None) -> dict[str, Any]:
    _, _, found = brief_in(path, reader)
    duration = found.duration_hours
    return {
        "title": found.title,
        "subtitle": found.subtitle,
        "slug": found.slug,
        "instructor": found.instructor,
        "duration_hours": list(duration) if isinstance(duration, tuple) else duration,
        "modules": found.modules,
        "lessons": found.lessons,
        "objectives": list(found.objectives),
        "level": found.level,
        "voice": {
            "mode": found.voice.mode,
            "persona": found.voice.persona,
            "persona_slug": found.voice.persona_slug,
            "tone": found.voice.tone,
        },
        "price": found.price,
        "currency": found.currency,
        "language": found.language,
        "outline": [
            {
                "number": module.number,
                "title": module.title,
                "lessons": len(module.lessons),
                "minutes": module.minutes,
                "lesson_titles": [lesson.title for lesson in module.lessons],
            }
            for module in found.outline
        ],
        "complete": not found.errors,
        "warnings": [{"line": warning.line, "message": warning.message} for warning in found.warnings],
    }


def _curriculum(path: Path) -> dict[str, Any]:
    from generators.reading.curriculum import read_curriculum  # noqa: PLC0415 - `--help` answers without the readers

    found = read_curriculum(path)
    return {
        "title": found.title,
        "slug": found.slug,
        "modules": [
            {
                "title": module.title,
                "lessons": module.lesson_count,
                "minutes": module.minutes,
                "first": module.lessons[0].title if module.lessons else None,
                "last": module.lessons[-1].title if module.lessons else None,
            }
            for module in found.modules
        ],
        "total_minutes": found.total_minutes,
        "warnings": [{"line": warning.line, "message": warning.message} for warning in found.warnings],
    }


def _explained(verdicts: "Mapping[PurePosixPath, Verdict]") -> list[dict[str, str]]:
    return [
        {"path": path.as_posix(), "role": verdict.role, "why": verdict.why}
        for path, verdict in sorted(verdicts.items())
    ]


def _course_explained(folder: Path) -> dict[str, Any]:
    from generators.reading.course import read_course  # noqa: PLC0415 - `--help` answers without the readers

    found = read_course(folder)
    return {**_course_values(found), "files": _explained(found.verdicts)}


def _course(folder: Path) -> dict[str, Any]:
    from generators.reading.course import read_course  # noqa: PLC0415 - `--help` answers without the readers

    return _course_values(read_course(folder))


def _course_values(found: "Course") -> dict[str, Any]:
    return {
        "title": found.title,
        "slug": found.stated_slug,
        "order": found.order.as_posix() if found.order else None,
        "modules": [
            {
                "number": module.number,
                "title": module.title if module.key is not None else None,
                "lessons": [
                    {
                        "number": lesson.number.label,
                        "title": lesson.title,
                        "minutes": lesson.minutes,
                        "path": lesson.relative.as_posix(),
                        "encoding": lesson.file.encoding,
                        "dropped_bytes": lesson.file.dropped,
                        "newline": lesson.file.newline,
                    }
                    for lesson in module.lessons
                ],
            }
            for module in found.modules
        ],
        "missing_lessons": [f"{lesson.lesson_id} {lesson.title or ''}".strip() for lesson in found.missing],
        "other_files": [{"path": m.relative.as_posix(), "kind": m.kind} for m in found.materials],
        "warnings": list(found.warnings),
        "errors": [str(failure) for failure in found.failures],
    }
