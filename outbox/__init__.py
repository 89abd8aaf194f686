"""A local, append-only event log in one SQLite file, with the files that it publishes."""

from outbox import catalogue, tracing
from outbox.catalogue import ids
from outbox.catalogue.event import Event
from outbox.catalogue.event_types import Payload
from outbox.catalogue.recorded import Recorded
from outbox.errors import (
    CatalogueError,
    ConfigurationError,
    ContractError,
    EventNotFound,
    Fault,
    FileConflict,
    FileMoved,
    NewerVersion,
    OutboxBusy,
    OutboxCorrupt,
    OutboxError,
    OutboxNotFound,
    OutboxTooNew,
    ParkedConflict,
    PathRefused,
    PayloadTooLarge,
    StorageFailed,
    StorageFull,
    UnknownEventType,
    WorkerRunning,
)
from outbox.files.known_files import KnownFile
from outbox.files.recovery import Recovered
from outbox.files.unit import Result, Unit, Unpublished
from outbox.log.worker_lock import WorkerLock, running_worker
from outbox.notes.attempts import Attempt
from outbox.notes.decisions import Decision, Decisions, Outcome, Resolution
from outbox.notes.parked import ParkedEvent, ParkedState, Passed
from outbox.notes.relay_state import RememberedPosition, ServerSeen, WorkerReport, WorkerState
from outbox.ops.status import Status, read_status
from outbox.outbox import Outbox
from outbox.paths import OutboxPaths
from outbox.settings import OutboxSettings, environment

__version__ = "0.2.0"  # of the distribution: pyproject.toml reads it here

__all__ = [
    "Attempt",
    "CatalogueError",
    "ConfigurationError",
    "ContractError",
    "Decision",
    "Decisions",
    "Event",
    "EventNotFound",
    "Fault",
    "FileConflict",
    "FileMoved",
    "KnownFile",
    "NewerVersion",
    "Outbox",
    "OutboxBusy",
    "OutboxCorrupt",
    "OutboxError",
    "OutboxNotFound",
    "OutboxPaths",
    "OutboxSettings",
    "OutboxTooNew",
    "Outcome",
    "ParkedConflict",
    "ParkedEvent",
    "ParkedState",
    "Passed",
    "PathRefused",
    "Payload",
    "PayloadTooLarge",
    "Recorded",
    "Recovered",
    "RememberedPosition",
    "Resolution",
    "Result",
    "ServerSeen",
    "Status",
    "StorageFailed",
    "StorageFull",
    "Unit",
    "UnknownEventType",
    "Unpublished",
    "WorkerLock",
    "WorkerReport",
    "WorkerRunning",
    "WorkerState",
    "__version__",
    "catalogue",
    "environment",
    "ids",
    "read_status",
    "running_worker",
    "tracing",
]
