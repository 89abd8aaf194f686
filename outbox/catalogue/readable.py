"""A payload as people see it, also if it is none.

Append lets nothing in that is not a JSON object. Should such a text be in a log all the same (written by hand, by
another program), the worker parks it, and the person who decides about it must be able to look at it.
"""

from __future__ import annotations

import json
from typing import Any

from outbox.catalogue.chosen import active
from outbox.catalogue.tables import as_key


def as_data(payload_json: str) -> Any:
    """Return a payload as data; if it cannot be read as JSON, as the text that it is."""
    try:
        return json.loads(payload_json)
    except (ValueError, RecursionError):
        return payload_json


def as_fields(payload_json: str) -> dict[str, Any]:
    """Return the fields of a payload; none if it is no JSON object."""
    data = as_data(payload_json)
    return data if isinstance(data, dict) else {}


def named(event_type: str, payload_json: str) -> str:
    """Return the natural key of what an event is about, several parts as a JSON array; empty if none can be read."""
    fields = as_fields(payload_json)
    contract = active().contracts.get(event_type)
    key = ("slug",) if contract is None else contract.aggregate.key
    if any(name not in fields for name in key):
        return ""
    return as_key(fields[key[0]] if len(key) == 1 else [fields[name] for name in key])
