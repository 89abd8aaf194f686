"""The face for relays: what delivers needs this of the outbox, beyond `outbox` itself.

A relay reads and notes through a `Log`. An open `Outbox` is one; another store of events is one as soon as it has these
methods, and is then delivered under the same promises. Beside it, a worker needs the words of the parked list, the
causes of the outage ledger, SQLite's refusals as our errors, and files that belong to the owner of the outbox.
"""

from outbox.log import failpoints
from outbox.log.checkpoint import ALARMING_WAL_BYTES
from outbox.log.durable import make_directories
from outbox.log.owner import as_owner_of
from outbox.notes.parked import DEPENDENCY, SET_ASIDE, UNCLAIMED, Shown, as_listed, shown, standing
from outbox.notes.relay_state import Cause
from outbox.notes.relayed import AttemptNotes, Log, ParkedNotes, RelayNotes
from outbox.paths import wal_bytes

__all__ = [
    "ALARMING_WAL_BYTES",
    "DEPENDENCY",
    "SET_ASIDE",
    "UNCLAIMED",
    "AttemptNotes",
    "Cause",
    "Log",
    "ParkedNotes",
    "RelayNotes",
    "Shown",
    "as_listed",
    "as_owner_of",
    "failpoints",
    "make_directories",
    "shown",
    "standing",
    "wal_bytes",
]
