"""`outbox check`: integrity and invariants."""

from __future__ import annotations

import sys

import click

from outbox.command_line import EXIT_OK, EXIT_WORK_REMAINS, json_option, print_json
from outbox.commands.opened import opened
from outbox.ops.check import run_checks
from outbox.terminal import obeyed


@click.command()
@json_option
def check(*, as_json: bool) -> int:
    """Check the file and what must always be true of the log; exit code 4 if something is not.

    \b
    Example:
      outbox check && outbox backup /backups/outbox.db
    """
    live = sys.stderr.isatty()

    def show(done: int) -> None:
        if live:
            click.echo(f"\r{done:,} events hashed", nl=False, file=obeyed(sys.stderr))

    with opened(reading=True) as box:
        findings = list(run_checks(box, progress=show))
    if live:
        click.echo("", err=True)
    if as_json:
        print_json([{"check": found.name, "ok": found.ok, "detail": found.detail} for found in findings])
    else:
        for found in findings:
            click.echo(f"{'ok  ' if found.ok else 'FAIL'}  {found.name}{': ' + found.detail if found.detail else ''}")
    if all(found.ok for found in findings):
        return EXIT_OK
    click.echo("the outbox was left as it is; `outbox recover --salvage NEW` saves what can be read", err=True)
    return EXIT_WORK_REMAINS
