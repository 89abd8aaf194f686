"""`worker replay`: apply events again."""

from datetime import datetime

import click

from outbox.command_line import SEQ


@click.command()
@click.option("--all", "everything", is_flag=True, help="From the first event, to whatever database is named now.")
@click.option("--from-seq", type=SEQ, help="From this event on.")
@click.option("--since", type=click.DateTime(), help="From the first event at or after this time (UTC) on.")
@click.option("--aggregate", help="Only the events of one content, project or audience, by its slug.")
@click.option("--local", is_flag=True, help="Use an embedded Postgres beside the outbox, not SUPABASE_DB_URL.")
@click.option("--quiet", is_flag=True, help="No progress bar; log warnings and errors only.")
@click.pass_context
def replay(
    ctx: click.Context,
    *,
    everything: bool,
    from_seq: int | None,
    since: datetime | None,
    aggregate: str | None,
    local: bool,
    quiet: bool,
) -> None:
    """Apply events again, in order, to a fresh or restored database. Rows written later stay as they are.

    One of --all, --from-seq, --since and --aggregate says which events.

    \b
    Examples:
      worker replay --all
      worker replay --aggregate curso-x--1-1-introducao
    """
    if sum((everything, from_seq is not None, since is not None, aggregate is not None)) != 1:
        raise click.UsageError("say which events: one of --all, --from-seq, --since, --aggregate")
    # Imported here: --help answers without them.
    import sys  # noqa: PLC0415

    from worker.logs import configure_logs  # noqa: PLC0415
    from worker.run.replay import replay as replay_from  # noqa: PLC0415
    from worker.run.replay import replay_aggregate  # noqa: PLC0415
    from worker.settings import WorkerSettings  # noqa: PLC0415

    configure_logs(quiet=quiet or sys.stderr.isatty())
    settings = WorkerSettings.from_env()
    if aggregate is not None:
        count = replay_aggregate(settings, aggregate, local=local)
        click.echo(f"{count} events of {aggregate} applied again")
        return
    done = replay_from(
        settings, from_seq=1 if everything else from_seq, since=since, anew=everything, local=local, progress=not quiet
    )
    click.echo(f"{done.ending.value}: {done.events} events in {done.seconds:.1f} s, {done.remaining} remain")
    ctx.exit(done.exit_code)
