"""The face for operators: look, check, back up, prune and decide, with the database down."""

from outbox.catalogue.readable import as_fields, named
from outbox.log.database import not_found
from outbox.log.sqlite_errors import translated
from outbox.notes.audit import AuditRecord, trail
from outbox.notes.outages import OutageRecord, list_outages
from outbox.ops import documentation, resolve, steering
from outbox.ops.assessment import Answer, Assessment, Tone, assess
from outbox.ops.backlog import Reckoned, history
from outbox.ops.backup import backup
from outbox.ops.check import Finding, run_checks
from outbox.ops.courses import Courses, CourseTally
from outbox.ops.prune import PrunePlan, plan_prune, prune
from outbox.ops.resolve import difference
from outbox.ops.unreadable import unreadable
from outbox.ops.wording import age

__all__ = [
    "Answer",
    "Assessment",
    "AuditRecord",
    "CourseTally",
    "Courses",
    "Finding",
    "OutageRecord",
    "PrunePlan",
    "Reckoned",
    "Tone",
    "age",
    "as_fields",
    "assess",
    "backup",
    "difference",
    "documentation",
    "history",
    "list_outages",
    "named",
    "not_found",
    "plan_prune",
    "prune",
    "resolve",
    "run_checks",
    "steering",
    "trail",
    "translated",
    "unreadable",
]
