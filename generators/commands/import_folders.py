from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from outbox.command_line import EXIT_FAILED, EXIT_WORK_REMAINS, print_json
from outbox.terminal import one_line

if TYPE_CHECKING:
    from generators.publishing import Import, ImportedCourse


_EXPLAIN = "`generate inspect course FOLDER --explain` says what each file was taken for"


@click.command("import")
@click.argument("folders", metavar="FOLDER...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
@click.pass_context
def import_command(ctx: click.Context, folders: tuple[Path, ...], *, as_json: bool, quiet: bool) -> None:
    """Import existing course folders into the outbox.

    FOLDER is a course folder or holds some. Nothing on disk is changed; each course is taken over whole or not
    at all, and importing again appends only what is new. What cannot be read is named on stderr, the rest is
    imported, and the command exits with 1. A folder without a single lesson is named with what was seen in it,
    and the command exits with 4.

    Reads OUTBOX_PATH, CONTENT_ROOT, CREATOR_MIND_ID, PERSONA_MIND_ID.

    \b
    Examples:
      generate import outputs/courses
      generate import ~/cursos/um-curso ~/cursos/outro --json
    """
    # `--help` answers without the readers and the outbox.
    from generators.publishing import Minds, import_folders  # noqa: PLC0415
    from outbox import Outbox, OutboxSettings  # noqa: PLC0415

    settings = OutboxSettings.from_env()
    minds = Minds(creator=settings.creator_mind, persona=settings.persona_mind)
    with Outbox.open(
        settings.outbox_path,
        content_root=settings.content_root,
        payload_limit_bytes=settings.payload_limit_bytes,
    ) as box:
        show = None if as_json or quiet else _print_course
        done = import_folders(folders, box, content_root=settings.content_root, minds=minds, progress=show)
    if as_json:
        print_json(_summary(done))
    _print_messages(done, quiet=quiet)
    if done.is_broken:
        ctx.exit(EXIT_FAILED)
    if not all(course.lessons for course in done.courses) or done.errors:
        ctx.exit(EXIT_WORK_REMAINS)


def _print_messages(done: "Import", *, quiet: bool) -> None:
    for course in done.courses:
        for failure in course.failures:
            click.echo(f"error: {one_line(failure)}", err=True)
        if not quiet:
            for warning in course.warnings:
                click.echo(f"warning: {one_line(course.folder.name)}: {one_line(warning)}", err=True)
        if not course.lessons and not course.failures:
            click.echo(f"error: {one_line(course.folder)}: holds no lessons: {course.seen}; {_EXPLAIN}", err=True)
    for error in done.errors:
        click.echo(f"error: {one_line(error)}", err=True)


def _print_course(course: "ImportedCourse") -> None:
    counts = f"{course.modules} modules, {course.lessons} lessons, {course.materials} other files"
    news = f"{course.appended} events appended, {course.unchanged} unchanged"
    click.echo(f"{course.project}: {counts}; {news}")
    if course.missing:
        click.echo(f"  {len(course.missing)} lessons of the curriculum have no file: {', '.join(course.missing)}")


def _summary(done: "Import") -> dict[str, Any]:
    return {
        "courses": [
            {
                "folder": str(course.folder),
                "project": course.project,
                "modules": course.modules,
                "lessons": course.lessons,
                "other_files": course.materials,
                "appended": course.appended,
                "unchanged": course.unchanged,
                "missing_lessons": list(course.missing),
                "warnings": list(course.warnings),
                "errors": list(course.failures),
            }
            for course in done.courses
        ],
        "appended": sum(course.appended for course in done.courses),
        "unchanged": sum(course.unchanged for course in done.courses),
        "errors": [str(error) for error in done.errors],
    }
