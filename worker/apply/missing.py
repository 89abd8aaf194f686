"""Names what an event refers to and the database does not have.

Nearly always the relay itself finds that a slug is unknown, and says which. Where the database finds it (its row went
away between our look and our write, or it has a reference of its own), its message says it with ids that only the
server knows, and is not quoted. But the constraint is named after its column, and the event says what it put there.
"""

import dataclasses

import psycopg

from outbox import Event
from worker.faults.verdict import Judgement

MISSING = "23503"
# column -> the field of the payload that fills it
_FIELDS = {
    "generation_execution_id": "generation_execution_id",
    "target_audience_id": "target_audience",
    "parent_content_id": "parent",
    "creator_mind_id": "creator_mind",
    "persona_mind_id": "persona_mind",
    "project_id": "project",
    "mind_id": "mind",
    "content_id": "slug",
}


def name_missing(judgement: Judgement, error: Exception, event: Event) -> Judgement:
    """Add to a judgement on one event what it is that is missing, where the constraint tells."""
    if judgement.sqlstate != MISSING or not isinstance(error, psycopg.Error):
        return judgement
    constraint = error.diag.constraint_name or ""
    for column, field in _FIELDS.items():  # the first that fits: mind_id is part of the two before it
        value = event.payload.get(field)
        if column in constraint and isinstance(value, str):
            return dataclasses.replace(judgement, reason=f"{judgement.reason}: {field} {value}")
    return judgement
