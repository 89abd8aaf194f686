"""`generate sync`."""

from pathlib import Path

import click

from outbox import Outbox, OutboxSettings
from outbox.command_line import EXIT_FAILED, print_json
from outbox.terminal import one_line


@click.command()
@click.argument("folders", metavar="[FOLDER...]", nargs=-1, type=click.Path(path_type=Path))
@click.option("--deletions", is_flag=True, help="Delete (softly) the contents whose files are gone.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def sync(ctx: click.Context, folders: tuple[Path, ...], *, deletions: bool, as_json: bool) -> None:
    """Take over what was changed by hand since it was published or imported.

    Without FOLDER, every course that the outbox knows. Only what changed becomes an event; files that are gone are
    reported, and their contents deleted (softly) with --deletions.

    \b
    Examples:
      generate sync
      generate sync outputs/courses/meu-curso --deletions
    """
    from generators.publishing import Minds  # noqa: PLC0415
    from generators.publishing.sync import sync as take_over  # noqa: PLC0415
    from generators.reading.text import must_exist  # noqa: PLC0415 - help must answer at once

    for folder in folders:
        must_exist(folder)
    settings = OutboxSettings.from_env()
    minds = Minds(creator=settings.creator_mind, persona=settings.persona_mind)
    with Outbox.open(
        settings.outbox_path, content_root=settings.content_root, payload_limit_bytes=settings.payload_limit_bytes
    ) as box:
        done = take_over(box, folders, content_root=settings.content_root, deletions=deletions, minds=minds)
    appended = sum(course.appended for course in done.imported.courses)
    if as_json:
        print_json(
            {
                "changed": [str(path) for path in done.changed],
                "gone": [str(path) for path in done.gone],
                "deleted": list(done.deleted),
                "appended": appended,
                "errors": [str(error) for error in done.imported.errors],
            }
        )
    else:
        for path in done.changed:
            click.echo(f"changed: {one_line(path)}")
        for path in done.gone:
            click.echo(
                f"gone: {one_line(path)}" + ("" if deletions else " (kept in the database; --deletions deletes it)")
            )
        click.echo(f"{appended} events appended, {len(done.deleted)} contents deleted")
    for course in done.imported.courses:
        for failure in course.failures:
            click.echo(f"error: {one_line(failure)}", err=True)
    for error in done.imported.errors:
        click.echo(f"error: {one_line(error)}", err=True)
    if not done.imported.is_complete:
        ctx.exit(EXIT_FAILED)
