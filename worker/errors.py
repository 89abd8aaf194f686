"""What can go wrong in the worker.

::

    WorkerError                  exit 1   caught at the command line, shown as one line
    ├── SettingsFault            exit 3   the environment does not say what is needed
    ├── Holding                  exit 3   writing to the database is switched off
    ├── TargetRefused            exit 3   not the outbox file or not the database of last time
    ├── OutboxMoved              exit 3   the outbox file was moved or replaced while it was served
    ├── SchemaFault              exit 3   the relay's bookkeeping is missing there, or of another version
    ├── NewerEvent               exit 3   an event of a version that this worker does not know yet
    │   └── UnclaimedEvent       exit 3   an event of a type that no catalogue of this worker claims
    ├── DependencyFault          exit 1   an event refers to something that is neither in the log nor in the database
    ├── UndecodableEvent         exit 1   an event whose payload cannot be read
    ├── KeptAsItWas              exit 1   the database took a statement without an error and without an effect
    ├── ForeignRow               exit 1   the row that an event would write belongs to somebody else
    ├── NotOurs                  exit 1   an event writes what its outbox was not granted
    ├── PositionMoved            exit 1   somebody else moved the position under our lock
    ├── Unreachable              exit 5   the database does not answer
    ├── ConsoleFault             exit 3   the console cannot be served on that port
    └── StandInError             exit 3   the local database cannot be made or started
"""

from uuid import UUID

from outbox import Fault


class WorkerError(Fault):
    """Base of the worker's errors; the message says what happened and what to do."""


class SettingsFault(WorkerError):
    exit_code = 3


class Holding(WorkerError):
    """Writing is switched off by CREATOR_OS_DB_PERSIST."""

    exit_code = 3

    def __init__(self) -> None:
        super().__init__(
            "CREATOR_OS_DB_PERSIST is not true: events are kept and nothing is written to the database",
            kind="delivery_off",
            remedy="set CREATOR_OS_DB_PERSIST=true to deliver them",
            entry="delivery-is-off",
        )


class TargetRefused(WorkerError):
    exit_code = 3


class OutboxMoved(WorkerError):
    exit_code = 3


class SchemaFault(WorkerError):
    exit_code = 3


class NewerEvent(WorkerError):
    """An event of a type or version that this worker does not know: it is held, never blamed.

    Attributes:
        seq: its place in the log.
    """

    exit_code = 3

    def __init__(self, seq: int, event_type: str, version: int) -> None:
        super().__init__(
            f"event {seq} is {event_type} version {version}, which this worker does not know",
            remedy="install the version of the worker that belongs to the generators",
            entry="newer-event",
        )
        self.seq = seq


class UnclaimedEvent(NewerEvent):
    """An event of a type that no catalogue of this worker claims. It is held; an operator can set it aside."""

    def __init__(self, seq: int, event_type: str) -> None:
        WorkerError.__init__(
            self,
            f"event {seq} is {event_type}, which no catalogue of this worker claims",
            remedy="install the catalogue, or the worker, that knows it; or set the event aside until then",
            command=f"outbox parked park {seq} --reason 'no catalogue yet'",
            entry="newer-event",
        )
        self.seq = seq


class EventFault(WorkerError):
    """A failure that is known to be one event's own.

    Attributes:
        seq: the event's place in the log.
        reason: what is wrong, in words that hold nothing of the payload but names.
    """

    def __init__(self, seq: int, event_id: UUID, reason: str) -> None:
        super().__init__(f"event {seq} ({event_id}): {reason}")
        self.seq = seq
        self.reason = reason


class DependencyFault(EventFault):
    """An event refers to, or changes, a row that was not found.

    Attributes:
        table: where it was looked for; rows may be hidden there (`obstacles`).
    """

    def __init__(self, seq: int, event_id: UUID, reason: str, *, table: str) -> None:
        super().__init__(seq, event_id, reason)
        self.table = table


class NotOurs(EventFault):
    """An event writes what its outbox may not write (`outbox.may_write`)."""


class UndecodableEvent(EventFault):
    pass


class ForeignRow(EventFault):
    """A row stands under the name that an event speaks of; no outbox made it, and it belongs to somebody else.

    Args:
        what: kind and slug of the row.
        column: where its owner stands.
    """

    def __init__(self, seq: int, event_id: UUID, what: str, column: str) -> None:
        super().__init__(
            seq,
            event_id,
            f"{what} is there already, belongs to another creator, and was not made by an outbox. If it is to be taken "
            f"over, set its {column} to null; if it is in the way, rename or delete it. Then "
            f"`outbox parked retry {seq}` (docs/runbook.md#foreign-row)",
        )


class KeptAsItWas(WorkerError):
    """The database took a statement without an error, and the row is not as the statement says.

    Attributes:
        table: which one, without its schema.
        column: the field that kept its old value; None if no row was written at all.
    """

    def __init__(self, table: str, column: str | None) -> None:
        what = "a row" if column is None else column
        super().__init__(f"the database kept {what} of {table} as it was: a trigger, a rule or a policy")
        self.table = table
        self.column = column


class PositionMoved(WorkerError):
    pass


class Unreachable(WorkerError):
    exit_code = 5


class ConsoleFault(WorkerError):
    exit_code = 3
