"""For whoever delivers: what a relay needs of the outbox beyond `outbox` itself.

A worker reads and notes through an open `Outbox`. Beside it, it needs the words of the parked list, the causes of the
outage ledger, SQLite's refusals as our errors, and files that belong to the owner of the outbox.
"""

from outbox.files.durable import make_directories
from outbox.log import failpoints
from outbox.log.checkpoint import ALARMING_WAL_BYTES
from outbox.log.owner import as_owner_of
from outbox.log.sqlite_errors import ours
from outbox.notes.parked import DEPENDENCY, SET_ASIDE, Shown, as_listed, shown, standing
from outbox.notes.relay_state import Cause
from outbox.paths import wal_bytes

__all__ = [
    "ALARMING_WAL_BYTES",
    "DEPENDENCY",
    "SET_ASIDE",
    "Cause",
    "Shown",
    "as_listed",
    "as_owner_of",
    "failpoints",
    "make_directories",
    "ours",
    "shown",
    "standing",
    "wal_bytes",
]
