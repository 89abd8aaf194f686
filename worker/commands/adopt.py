"""`worker adopt`: say which database is which, if one is a copy of the other."""

from uuid import UUID

import click


@click.command()
@click.option("--new-identity", is_flag=True, help="The database is a copy: give it an identity of its own.")
@click.option("--identity", type=click.UUID, help="Give it this identity; takes --new-identity back.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def adopt(*, new_identity: bool, identity: UUID | None, yes: bool) -> None:
    """Say that a database which lives elsewhere than last time is the right one, or that it is a copy.

    Without an option: it took the place of the last one (it was moved, or restored from a dump). Delivery goes on, and
    `outbox status` asks no more. Nothing is written to the database.

    With --new-identity: it is a copy, for tests or a branch. An outbox that belongs to the original is refused there
    from then on, as by any other database. The positions that were copied stay, and mean nothing to the original. Reads
    SUPABASE_MIGRATE_DB_URL: name the copy, not the original.

    \b
    Examples:
      worker adopt
      SUPABASE_MIGRATE_DB_URL=postgresql://…copy… worker adopt --new-identity
    """
    if new_identity and identity is not None:
        raise click.UsageError("--new-identity and --identity exclude each other")
    # Imported here: --help answers without them.
    from worker.settings import WorkerSettings  # noqa: PLC0415

    settings = WorkerSettings.from_env()
    if not new_identity and identity is None:
        from outbox import Outbox  # noqa: PLC0415

        with Outbox.open(settings.outbox.outbox_path, create=False) as box:
            adopted = box.relay.adopt()
        click.echo(
            "it is the right one from now on" if adopted else "nothing was suspected; nothing was changed", err=True
        )
        return
    from worker.migrate import administrator_dsn, change_identity, identity_of, session  # noqa: PLC0415

    with session(administrator_dsn(settings.db_url)) as connection:
        name, before = identity_of(connection)
        if not yes:
            click.confirm(
                f"database {name} has the identity {before}. Every outbox that was delivered to it under this identity "
                "is refused there from now on. Go on?",
                err=True,
                abort=True,
            )
        after = change_identity(connection, before, identity)
    click.echo(f"{after}")
    click.echo(f"it was {before}: `worker adopt --identity {before}` takes that back", err=True)
