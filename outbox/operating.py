"""For whoever looks and decides: what a screen or a tool of operators needs, with the database down."""

from outbox.log.database import not_found
from outbox.log.sqlite_errors import translated
from outbox.notes import resolve, steering
from outbox.notes.audit import AuditRecord, trail
from outbox.notes.outages import OutageRecord, list_outages
from outbox.notes.resolve import difference
from outbox.ops import documentation, prune
from outbox.ops.assessment import Answer, Assessment, Tone, assess
from outbox.ops.backlog import Reckoned, history
from outbox.ops.courses import Courses, CourseTally
from outbox.ops.readable import as_fields
from outbox.ops.unreadable import unreadable
from outbox.ops.wording import age

__all__ = [
    "Answer",
    "Assessment",
    "AuditRecord",
    "CourseTally",
    "Courses",
    "OutageRecord",
    "Reckoned",
    "Tone",
    "age",
    "as_fields",
    "assess",
    "difference",
    "documentation",
    "history",
    "list_outages",
    "not_found",
    "prune",
    "resolve",
    "steering",
    "trail",
    "translated",
    "unreadable",
]
