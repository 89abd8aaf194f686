"""What can go wrong while the schema is carried forward or back.

MigrateError                the database refused a step; nothing of that step was applied
├── NotReadyError           a pre-flight check does not hold; nothing was touched
├── BackupError             no backup that is proven restorable; nothing was touched
├── LockHeldError           somebody else holds a lock we need, or is migrating right now
├── TargetError             the connection string is missing or unusable, or the login is refused
└── UnreachableError        the database cannot be reached, or the connection was lost
"""

from worker.errors import WorkerError


class MigrateError(WorkerError):
    """The database refused a step; nothing of that step was applied."""

    exit_code = 1


class NotReadyError(MigrateError):
    """A pre-flight check does not hold; nothing was touched."""

    exit_code = 4


class BackupError(MigrateError):
    """There is no backup that is proven restorable; nothing was touched."""

    exit_code = 4


class LockHeldError(MigrateError):
    """Somebody else holds a lock we need, or is migrating right now."""

    exit_code = 1


class TargetError(MigrateError):
    """The connection string is missing or unusable, or the login is refused."""

    exit_code = 3


class UnreachableError(MigrateError):
    """The database cannot be reached, or the connection was lost."""

    exit_code = 5
