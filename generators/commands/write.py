"""`generate write`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from generators.commands.writing import chosen_writer, used_in_words, watched, writing_options

_STATE = ".state"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@writing_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def write(folder: Path, *, writer: str | None, sources: tuple[Path, ...], as_json: bool, **model: Any) -> None:
    """Write the lessons that the curriculum of FOLDER lists and the folder lacks.

    The course may be of any layout; what is there stays as it is. FOLDER lies below CONTENT_ROOT.

    \b
    Example:
      generate write outputs/courses/meu-curso --sources gravacoes/
    """
    from generators.making.missing_lessons import MissingLessons  # noqa: PLC0415 - heavy; help must answer at once
    from outbox import Outbox, OutboxSettings  # noqa: PLC0415

    settings = OutboxSettings.from_env()
    with Outbox.open(
        settings.outbox_path, content_root=settings.content_root, payload_limit_bytes=settings.payload_limit_bytes
    ) as box:
        missing = MissingLessons(box, settings, folder, sources)
        chosen = chosen_writer(writer or "offline", folder / _STATE / "model", **model)
        cost = chosen.estimate(len(missing.lessons), sum(facts.lesson.minutes or 0 for facts in missing.lessons))
        if cost.tokens and missing.lessons:
            click.echo(f"writing {len(missing.lessons)} lessons with “{chosen.name}”: {cost.note}", err=True)
        with watched(chosen, len(missing.lessons)) as done:
            outcome = missing.write(chosen, done)
    for skipped in outcome.skipped_sources:
        click.echo(f"skipped source: {skipped}", err=True)
    for lesson, reason in outcome.failed.items():
        click.echo(f"failed: lesson {lesson}: {reason}", err=True)
    if as_json:
        click.echo(json.dumps({**asdict(outcome), "model": chosen.used()}, ensure_ascii=False))
    else:
        text = f"{folder}: {len(outcome.written)} lessons written, {outcome.events} events appended"
        text += f"; {outcome.gaps} gaps for the author, marked ✍️" if outcome.gaps else ""
        text += used_in_words(chosen.used())
        click.echo(text if outcome.written or outcome.failed else f"{folder}: no lesson is missing")
    if outcome.failed:
        sys.exit(1)
