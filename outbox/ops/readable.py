"""A payload as people see it, also where it is none.

Append lets nothing in that is not a JSON object. Should such a text be in a log all the same (written by hand, by
another program), the worker parks it, and whoever has to decide about it must be able to look at it.
"""

from __future__ import annotations

import json
from typing import Any


def as_data(payload_json: str) -> Any:
    """Return a payload as data; where it cannot be read as JSON, as the text that it is."""
    try:
        return json.loads(payload_json)
    except (ValueError, RecursionError):
        return payload_json


def as_fields(payload_json: str) -> dict[str, Any]:
    """Return the fields of a payload; none where it is no JSON object."""
    data = as_data(payload_json)
    return data if isinstance(data, dict) else {}
