"""The keys that `worker … --json` prints are those of docs/cli.md."""

from pathlib import Path

import pytest

from tests.support.json_keys import are_told
from tests.support.make_outbox import filled
from tests.support.postgres import Database
from tests.support.processes import environment, worker


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("worker doctor", ()),
        ("worker drain", ("--quiet",)),
        ("worker verify", ("--repair",)),
        ("worker migrate status", ()),
        ("worker migrate check", ()),
        ("worker migrate up", ("--dry-run", "--no-backup")),
        ("worker migrate down", ("--dry-run", "--no-backup")),
    ],
)
def test_json_keys_of_the_worker_are_told(
    command: str, more: tuple[str, ...], database: Database, tmp_path: Path
) -> None:
    """Whoever reads them by program finds each in the table, and no other."""
    path = tmp_path / "outbox.db"
    filled(path, 2).close()
    migrating = {"SUPABASE_MIGRATE_DB_URL": database.dsn}
    arguments = [*command.split()[1:], *more, "--json"]
    with worker(*arguments, env=environment(path, database.worker_dsn, **migrating), cwd=tmp_path) as process:
        out, errors = process.communicate()
    assert out, errors
    are_told(command, out)
