"""Every error of the outbox, one tree.

OutboxError                     exit 1
├── ConfigurationError          exit 3   a setting is missing or wrong
├── CatalogueError              exit 3   a declaration of events contradicts itself
├── OutboxNotFound              exit 3   no outbox file where one was expected
├── OutboxCorrupt               exit 1   the file fails SQLite's checks
├── OutboxTooNew                exit 3   written by a newer version of this package
├── OutboxBusy                  exit 1   somebody holds the writer lock for too long
├── StorageFull                 exit 1   no room on the disk; nothing was half-written
├── StorageFailed               exit 1   the disk or its permissions refused
├── WorkerRunning               exit 3   another worker serves this outbox
├── EventNotFound               exit 1   no event has this seq
├── ParkedConflict              exit 1   a parked event is not in the state that the command expects
├── FileConflict                exit 1   the file was changed by someone else since it was published
├── FileMoved                   exit 1   the file was changed by someone else while it was being read
├── PathRefused                 exit 1   a path would leave CONTENT_ROOT
└── ContractError               exit 1   a payload breaks its contract; names the field
    ├── UnknownEventType
    ├── PayloadTooLarge
    └── NewerVersion                     known type, version newer than this package: hold it
"""

from __future__ import annotations

import re


class Fault(Exception):
    """What went wrong: in fields for programs, in words for people.

    Args:
        what: what happened.
        kind: instead of the class's.
        remedy: what to do; stands behind it in the message.
        command: the one to type for it, if there is one.
        entry: of docs/runbook.md; stands at the end of the message.

    Attributes:
        exit_code: what a command exits with when nothing handles it.
        kind: one word for what is wrong, which never changes; by default the name of the class.
    """

    exit_code = 1
    kind = "fault"
    remedy: str | None = None
    command: str | None = None
    entry: str | None = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "kind" not in cls.__dict__:
            cls.kind = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(
        self,
        what: str = "",
        *,
        kind: str | None = None,
        remedy: str | None = None,
        command: str | None = None,
        entry: str | None = None,
    ) -> None:
        behind = (f"; {remedy}" if remedy else "") + (f" (docs/runbook.md#{entry})" if entry else "")
        super().__init__(what + behind)
        self.what = what
        self.kind = kind or self.kind
        self.remedy = remedy or self.remedy
        self.command = command or self.command
        self.entry = entry or self.entry


class OutboxError(Fault):
    """Base of all errors raised by this package. The message says what happened and what to do."""


class ConfigurationError(OutboxError):
    exit_code = 3


class CatalogueError(OutboxError):
    """A declaration of events and tables is wrong; raised when its module is imported."""

    exit_code = 3


class OutboxNotFound(OutboxError):
    exit_code = 3


class OutboxCorrupt(OutboxError):
    remedy = "keep a copy of the file, then save what can be read of it"
    command = "outbox recover --salvage outbox-new.db"
    entry = "corrupt-file"


class OutboxTooNew(OutboxError):
    exit_code = 3
    remedy = "install the newer version on this host"
    entry = "newer-file"


class OutboxBusy(OutboxError):
    pass


class StorageFull(OutboxError):
    remedy = "make room beside the outbox"
    command = "df -h"
    entry = "disk-full"


class StorageFailed(OutboxError):
    remedy = "see that the disk works and the file is this user's"
    command = "ls -la"
    entry = "storage-fails"


class WorkerRunning(OutboxError):
    """Another worker serves this outbox.

    Attributes:
        pid: its process id, None if it could not be read.
    """

    exit_code = 3

    def __init__(self, pid: int | None, path: str) -> None:
        self.pid = pid
        super().__init__(
            f"a worker already serves {path} (pid {pid or 'unknown'}): one worker per outbox; "
            "stop that one first, or watch it with `outbox status --watch`"
        )


class EventNotFound(OutboxError):
    pass


class ParkedConflict(OutboxError):
    pass


class FileConflict(OutboxError):
    pass


class FileMoved(OutboxError):
    pass


class PathRefused(OutboxError):
    pass


class ContractError(OutboxError):
    """A payload breaks the contract of its event type.

    Attributes:
        event_type: for example ``content.upserted``.
        field: path of the field that is wrong, for example ``$.slug``; ``$`` for the payload as a whole.
    """

    def __init__(self, event_type: str, field: str, problem: str) -> None:
        self.event_type = event_type
        self.field = field
        super().__init__(f"{event_type}: {field}: {problem}")


class UnknownEventType(ContractError):
    pass


class PayloadTooLarge(ContractError):
    pass


class NewerVersion(ContractError):
    pass
