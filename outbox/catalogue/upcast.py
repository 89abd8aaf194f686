"""Brings payloads of older versions up to the version of today, when they are read.

The log keeps what was written. A change of a contract raises its version and adds a step to its declaration, and keeps
its old examples in `tests/data/payloads/`, so that every log ever written stays readable.
"""

from __future__ import annotations

from typing import Any

from outbox.catalogue.chosen import active
from outbox.errors import NewerVersion, UnknownEventType


def upcast(event_type: str, version: int, payload: dict[str, Any]) -> dict[str, Any]:
    """Return `payload` as the current version of its type would say it.

    Raises:
        UnknownEventType: this package does not know the type.
        NewerVersion: the event was written by a newer package; hold it, it is not poison.
    """
    contract = active().contracts.get(event_type)
    if contract is None:
        raise UnknownEventType(event_type, "$", "unknown event type: upgrade this host, or discard the event")
    if version > contract.version:
        raise NewerVersion(
            event_type,
            "$",
            f"version {version}, this package knows up to {contract.version}: upgrade this host",
        )
    for step in range(version, contract.version):
        payload = contract.steps[step](payload)
    return payload
