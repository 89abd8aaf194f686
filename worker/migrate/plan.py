"""What was applied, what is missing, and what does not fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import psycopg
from psycopg import errors

from worker.migrate.errors import TargetError
from worker.migrate.files import Migration
from worker.migrate.queries import query


class State(StrEnum):
    """How one version stands in the database.

    DRIFTED means applied, but from a text that is neither the file of today nor an earlier form of it. FOREIGN means
    applied from files that we do not have: those of the wider system, which shares the history with us.
    """

    APPLIED = "applied"
    PENDING = "pending"
    DRIFTED = "drifted"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One version and how it stands."""

    version: str
    name: str
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every known version, oldest first, and the migrations behind those that are ours."""

    steps: tuple[Step, ...]
    migrations: tuple[Migration, ...]

    @property
    def pending(self) -> tuple[Migration, ...]:
        """Still to be applied, oldest first."""
        wanted = {step.version for step in self.steps if step.state is State.PENDING}
        return tuple(migration for migration in self.migrations if migration.version in wanted)

    @property
    def applied(self) -> tuple[Migration, ...]:
        """Ours that are in the database, oldest first; drifted ones among them."""
        done = {step.version for step in self.steps if step.state in {State.APPLIED, State.DRIFTED}}
        return tuple(migration for migration in self.migrations if migration.version in done)

    @property
    def drifted(self) -> tuple[Step, ...]:
        """Applied from another text than today's file."""
        return tuple(step for step in self.steps if step.state is State.DRIFTED)


def read_plan(connection: psycopg.Connection, migrations: Sequence[Migration]) -> Plan:
    """Compare the files with the history; reads only.

    A history row may have been written by the Supabase CLI or the hosted service; a row without statements (a
    version marked as applied by hand) is taken at its word.

    Raises:
        TargetError: the login may not read the history.
    """
    try:
        exists = connection.execute(query("history_exists")).fetchone()
        rows = connection.execute(query("read_history")).fetchall() if exists and exists[0] else []
    except errors.InsufficientPrivilege as exc:
        raise TargetError(
            f"the login {connection.info.user} may not read the history of migrations: connect as postgres"
        ) from exc
    history = {version: (name, statements) for version, name, statements in rows}
    ours = {migration.version: migration for migration in migrations}
    steps = []
    for version in sorted(history.keys() | ours.keys()):
        migration = ours.get(version)
        if version not in history:
            state = State.PENDING
        elif migration is None:
            state = State.FOREIGN
        else:
            recorded = history[version][1]
            state = State.APPLIED if not recorded or migration.was(recorded) else State.DRIFTED
        name = migration.name if migration else history[version][0] or ""
        steps.append(Step(version=version, name=name, state=state))
    return Plan(steps=tuple(steps), migrations=tuple(migrations))
