"""`generate course` and its steps."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generators.commands.reading import brief_in, reader_option
from generators.commands.writing import chosen_writer, used_in_words, watched, writing_options

if TYPE_CHECKING:
    from generators.making.run import CourseRun, Outcome

_brief = click.argument("brief", type=click.Path(path_type=Path))
_resume = click.option("--resume", is_flag=True, help="Go on where an interrupted run stopped.")
_approve = click.option("--approve", is_flag=True, help="Approve the curriculum without being asked.")
_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.command()
@_brief
@_approve
@_resume
@reader_option
@writing_options
@_json
def course(brief: Path, *, approve: bool, resume: bool, as_json: bool, **writing: Any) -> None:
    """Make a whole course from BRIEF: curriculum, approval, lessons, assessments.

    Works offline; what is published goes to CONTENT_ROOT and into the outbox (OUTBOX_PATH). Lessons are made of what
    the brief says and of sources: what lies in the course's folder, and what --sources names. What nobody said is
    marked as missing.

    \b
    Examples:
      generate course briefs/pao.md
      generate course briefs/pao.md --approve --sources notes/ --sources talk.vtt
      generate course briefs/pao.md --approve --resume
      generate course briefs/pao.md --approve --writer llm:gpt-4o-mini --price 0.15 0.60 --max-cost 2
    """

    def steps(run: "CourseRun") -> None:
        _draft(run, resume=resume)
        _approve_or_stop(run, approve=approve, resume=resume)
        _lessons(run, resume=resume)
        run.write_assessments()

    _run(brief, steps, as_json=as_json, **writing)


@click.command("brief")
@_brief
@reader_option
@_json
def check_brief(brief: Path, *, reader: str | None, as_json: bool) -> None:
    """Read BRIEF and say whether a course can be made from it.

    \b
    Example:
      generate brief briefs/pao.md
    """
    from generators.making.builder import build_curriculum  # noqa: PLC0415

    _, _, stated = brief_in(brief, reader)
    for warning in stated.warnings:
        click.echo(f"warning: {brief}: {warning.message}", err=True)
    built = build_curriculum(stated)
    for assumed in built.warnings:
        click.echo(f"warning: {assumed}", err=True)
    lessons = sum(1 for _ in built.curriculum.lessons)
    result = {"slug": built.curriculum.slug, "modules": len(built.curriculum.modules), "lessons": lessons}
    _print(result, f"{brief}: complete, {result['modules']} modules and {lessons} lessons", as_json=as_json)


@click.command()
@_brief
@_resume
@reader_option
@_json
def curriculum(brief: Path, *, resume: bool, reader: str | None, as_json: bool) -> None:
    """Draft the curriculum of BRIEF, for “generate approve”.

    \b
    Example:
      generate curriculum briefs/pao.md
    """
    _run(brief, lambda run: _draft(run, resume=resume), as_json=as_json, reader=reader)


@click.command()
@_brief
@_approve
@reader_option
@writing_options
@_json
def approve(brief: Path, *, approve: bool, as_json: bool, **writing: Any) -> None:
    """Show the drafted curriculum of BRIEF and ask for approval; publish it when approved.

    \b
    Example:
      generate approve briefs/pao.md
    """

    def steps(run: "CourseRun") -> None:
        _draft(run, resume=True)
        _approve_or_stop(run, approve=approve, resume=False)

    _run(brief, steps, as_json=as_json, **writing)


@click.command()
@_brief
@_resume
@reader_option
@writing_options
@_json
def lessons(brief: Path, *, resume: bool, as_json: bool, **writing: Any) -> None:
    """Write the lessons of the approved curriculum of BRIEF.

    \b
    Example:
      generate lessons briefs/pao.md --resume
    """
    _run(brief, lambda run: _lessons(run, resume=resume), as_json=as_json, **writing)


@click.command()
@_brief
@reader_option
@writing_options
@_json
def assessments(brief: Path, *, as_json: bool, **writing: Any) -> None:
    """Write the quizzes and the final project of the approved curriculum of BRIEF.

    With llm:MODEL, quizzes are the model's; without it, they are made of the terms that the sources define.

    \b
    Example:
      generate assessments briefs/pao.md
    """
    _run(brief, lambda run: run.write_assessments(), as_json=as_json, **writing)


def _run(
    brief: Path,
    steps: "Callable[[CourseRun], None]",
    *,
    as_json: bool,
    reader: str | None = None,
    writer: str | None = None,
    sources: tuple[Path, ...] = (),
    **model: Any,
) -> None:
    from generators.making.run import CourseRun  # noqa: PLC0415
    from outbox import Outbox, OutboxSettings  # noqa: PLC0415

    file, published, stated = brief_in(brief, reader)
    for warning in stated.warnings:
        click.echo(f"warning: {brief}: {warning.message}", err=True)
    settings = OutboxSettings.from_env()
    box: Outbox
    with Outbox.open(
        settings.outbox_path, content_root=settings.content_root, payload_limit_bytes=settings.payload_limit_bytes
    ) as box:
        run = CourseRun(
            box,
            settings,
            brief_file=file,
            brief=stated,
            published=published,
            writer=writer,
            choose=lambda name, folder, asked: chosen_writer(name, folder, asked, **model),
            sources=sources,
        )
        if model:
            _ = run.writer  # a key that is missing is told before anything is made
        for skipped in run.sources.skipped:
            click.echo(f"skipped source: {skipped}", err=True)
        steps(run)
    _report(run, as_json=as_json)


def _draft(run: "CourseRun", *, resume: bool) -> None:
    for assumed in run.draft(resume=resume):
        click.echo(f"warning: {assumed}", err=True)


def _approve_or_stop(run: "CourseRun", *, approve: bool, resume: bool) -> None:
    from generators.errors import GeneratorError  # noqa: PLC0415

    if approve:
        if not run.approved:
            findings = run.approval.approve_unasked()
            for warning in findings.warnings:
                click.echo(f"warning: {warning}", err=True)
            if findings.errors:
                raise GeneratorError("the curriculum has errors: " + "; ".join(findings.errors))
        run.publish_approved()
    elif (resume and run.approved) or run.approval.ask():
        run.publish_approved()
    else:
        raise GeneratorError("cancelled at the approval checkpoint; nothing was published")


def _lessons(run: "CourseRun", *, resume: bool) -> None:
    missing, cost = run.left_to_write(resume=resume)
    if cost.tokens and missing:
        # Whoever approved beforehand, or resumes, has not seen it yet.
        click.echo(f"writing {missing} lessons with “{run.writer.name}”: {cost.note}", err=True)
    with watched(run.writer, run.lesson_count) as run.progress:
        run.write_lessons(resume=resume)


def _report(run: "CourseRun", *, as_json: bool) -> None:
    outcome: Outcome = run.outcome
    for line in run.left_out:
        click.echo(f"not quoted: {line}", err=True)
    for path in outcome.kept:
        click.echo(
            f"kept: {path} was changed by hand or written by a model; “generate sync” takes a change over", err=True
        )
    for file in outcome.unpublished:
        click.echo(
            f"waits: {file.path} is not in its place ({file.reason}); its text is safe in the outbox. Mend the cause, "
            "then “outbox recover” publishes it",
            err=True,
        )
    for lesson, reason in outcome.failed.items():
        click.echo(f"failed: lesson {lesson}: {reason}", err=True)
    result = {
        "slug": outcome.slug,
        "folder": str(run.folder.path),
        "files_written": outcome.written,
        "events_appended": outcome.events,
        "lessons_skipped": outcome.skipped,
        "gaps": outcome.gaps,
        "kept": outcome.kept,
        "failed": outcome.failed,
        "unpublished": [file.path for file in outcome.unpublished],
        "model": run.used,
    }
    text = f"{run.folder.path}: {outcome.written} files written, {outcome.events} events appended"
    text += f", {outcome.skipped} lessons were there" if outcome.skipped else ""
    text += f"; {outcome.gaps} gaps for the author, marked ✍️ (`generate score` lists them)" if outcome.gaps else ""
    text += used_in_words(run.used)
    _print(result, text, as_json=as_json)
    if outcome.failed:
        click.echo(f"{len(outcome.failed)} lessons are missing; run again with --resume", err=True)
        sys.exit(1)
    if outcome.unpublished:
        from outbox.command_line import EXIT_WORK_REMAINS  # noqa: PLC0415 - help must answer at once

        sys.exit(EXIT_WORK_REMAINS)


def _print(result: dict[str, Any], text: str, *, as_json: bool) -> None:
    click.echo(json.dumps(result, ensure_ascii=False) if as_json else text)
