"""A local, append-only event log in one SQLite file, with the files that it publishes."""

from outbox import catalogue, ids, tracing
from outbox.attempts import Attempt
from outbox.catalogue import Payload
from outbox.decisions import Decision, Decisions, Outcome, Resolution
from outbox.errors import (
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
from outbox.event import Event
from outbox.known_files import KnownFile
from outbox.outbox import Outbox
from outbox.parked import ParkedEvent, ParkedState, Passed
from outbox.paths import OutboxPaths
from outbox.recovery import Recovered
from outbox.relay_state import RememberedPosition, WorkerReport, WorkerState
from outbox.settings import OutboxSettings, environment
from outbox.status import Status, read_status
from outbox.unit import Result, Unit, Unpublished
from outbox.worker_lock import WorkerLock, running_worker

__all__ = [
    "Attempt",
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
    "Recovered",
    "RememberedPosition",
    "Resolution",
    "Result",
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
    "catalogue",
    "environment",
    "ids",
    "read_status",
    "running_worker",
    "tracing",
]
