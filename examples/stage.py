"""A scratch home with an embedded PostgreSQL, where the examples run the commands that users type."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

from worker.standin import LocalPostgres

EXAMPLES = Path(__file__).parent
SAMPLE_COURSE = EXAMPLES / "courses" / "pao-fermentacao-natural"
SAMPLE_BRIEF = EXAMPLES / "briefs" / "financas-para-freelancers.md"
SAMPLE_SOURCES = EXAMPLES / "sources" / "financas-para-freelancers"
UNREACHABLE = 5
WORKER_ROLE = "outbox_worker"


class ProofFailed(Exception):
    """Something that an example promises did not hold."""


class Stage:
    """A scratch home with its environment; runs the commands as a user would.

    Args:
        home: a directory of its own.
        told: shows a command line before it runs, and then what it printed.
    """

    def __init__(self, home: Path, told: Callable[[str, str | None], None]) -> None:
        self.home = home
        self.server = LocalPostgres(home / "postgres")
        # Nothing of the caller's own configuration may leak in.
        self.env = {
            key: value for key, value in os.environ.items() if key in {"PATH", "HOME", "LANG", "TERM", "TMPDIR"}
        }
        self.env |= {
            "OUTBOX_PATH": str(home / "outbox" / "outbox.db"),
            "CONTENT_ROOT": str(home / "outputs"),
            "CREATOR_OS_DB_PERSIST": "true",
            "PYTHONPATH": str(EXAMPLES.parent),
            "PYTHONUTF8": "1",
        }
        self._told = told

    def run(self, *command: str, expect: int = 0, show: bool = True) -> str:
        """Run ``generate``, ``outbox`` or ``worker`` and return what it printed.

        Raises:
            ProofFailed: it ended with another exit code than expected.
        """
        if show:
            self._told(shlex.join(Path(part).name if os.sep in part else part for part in command), None)
        live = None if show and sys.stderr.isatty() else subprocess.PIPE
        done = subprocess.run(
            argv(*command), env=self.env, cwd=self.home, stdout=subprocess.PIPE, stderr=live, text=True, check=False
        )
        if show:
            self._told("", done.stdout.rstrip())
        if done.returncode != expect:
            raise ProofFailed(f"exit code {done.returncode}, expected {expect}\n{done.stdout}{done.stderr or ''}")
        return done.stdout

    def status(self) -> dict[str, object]:
        """Read ``outbox status --json``."""
        return dict(json.loads(self.run("outbox", "status", "--json", show=False)))


def argv(*command: str) -> list[str]:
    """The words that run one of the three commands with this very Python."""
    module = {"generate": "generators"}.get(command[0], command[0])
    return [sys.executable, "-m", module, *command[1:]]


def let_the_worker_in(server: LocalPostgres, password: str | None = None) -> None:
    """Give the worker's own role a password, as an administrator does once: it may write contents and nothing else."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        statement = sql.SQL("alter role {} with password {}")
        connection.execute(statement.format(sql.Identifier(WORKER_ROLE), sql.Literal(password or server.password)))
