"""Carry the schema of the destination forward and back, in step with the Supabase CLI."""

from worker.migrate.apply import Applied, apply_all
from worker.migrate.audit import Finding, Severity, audit
from worker.migrate.backup import Backup, make_backup
from worker.migrate.bootstrap import bootstrap
from worker.migrate.connection import connect, session
from worker.migrate.errors import (
    BackupError,
    LockHeldError,
    MigrateError,
    NotReadyError,
    TargetError,
    UnreachableError,
)
from worker.migrate.files import Migration, load
from worker.migrate.identity import change_identity, identity_of
from worker.migrate.in_the_way import in_the_way
from worker.migrate.local import ready_for_worker
from worker.migrate.plan import Plan, State, Step, read_plan
from worker.migrate.preflight import Check, Outcome
from worker.migrate.role import HostRole, make_role, role_name
from worker.migrate.run import Report, migrate
from worker.migrate.target import administrator_dsn

__all__ = [
    "Applied",
    "Backup",
    "BackupError",
    "Check",
    "Finding",
    "HostRole",
    "LockHeldError",
    "MigrateError",
    "Migration",
    "NotReadyError",
    "Outcome",
    "Plan",
    "Report",
    "Severity",
    "State",
    "Step",
    "TargetError",
    "UnreachableError",
    "administrator_dsn",
    "apply_all",
    "audit",
    "bootstrap",
    "change_identity",
    "connect",
    "identity_of",
    "in_the_way",
    "load",
    "make_backup",
    "make_role",
    "migrate",
    "read_plan",
    "ready_for_worker",
    "role_name",
    "session",
]
