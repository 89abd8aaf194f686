"""Names what an event refers to and the database does not have, or what still refers to a row that it removes.

Nearly always the relay itself finds that a slug is unknown, and says which. If the database finds it (its row went
away between our look and our write, or it has a reference of its own), its message says it with ids that only the
server knows, and is not quoted. But the constraint is named after its column, and the event says what it put there.
"""

import dataclasses
import re
from collections.abc import Iterator

import psycopg

from outbox import Event
from outbox.catalogue import Contract, Does, active
from worker.judgement import Judgement

MISSING = "23503"


def name_missing(judgement: Judgement, error: Exception, event: Event) -> Judgement:
    """Add to a judgement on one event what it is that is missing, where the constraint tells."""
    if judgement.sqlstate != MISSING or not isinstance(error, psycopg.Error):
        return judgement
    constraint = error.diag.constraint_name or ""
    contract = active().contracts.get(event.type)
    if contract is not None and contract.does is Does.REMOVES:
        table = f"{error.diag.schema_name}.{error.diag.table_name}"
        reason = f"rows of {table} still need what it removes (constraint {constraint})"
        return dataclasses.replace(judgement, reason=reason)
    for column, field in _filled_by(contract) if contract is not None else ():
        value = event.payload.get(field)
        if re.search(rf"(?:^|_){re.escape(column)}(?:_|$)", constraint) and isinstance(value, str):
            return dataclasses.replace(judgement, reason=f"{judgement.reason}: {field} {value}")
    return judgement


def _filled_by(contract: Contract) -> Iterator[tuple[str, str]]:
    """Columns that can point at something with the fields that fill them; longer names first, which contain others."""
    found = {one.column: one.field for one in contract.fields if not one.body and not one.merged}
    if contract.link is not None:
        found |= dict(zip(contract.link.columns, (contract.aggregate.key[0], contract.link.name), strict=True))
    yield from sorted(found.items(), key=lambda one: -len(one[0]))
