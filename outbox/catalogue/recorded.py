"""The event type that every catalogue has: a row for each event, for projects without a table yet."""

from __future__ import annotations

import typing
from typing import Any

import msgspec

from outbox.catalogue.event_types import Payload, event_type
from outbox.catalogue.tables import Aggregate

# One row for each event, in the order of the outbox. Its statements are the relay's own.
INBOX = Aggregate(kind="inbox", table="outbox.inbox", key=("type", "key"))


@event_type(
    "inbox.recorded",
    records=INBOX,
    example={"type": "order.placed", "key": "A-17", "data": {"total": "19.90", "lines": 3}},
)
class Recorded(Payload, frozen=True):
    """Adds a row to `outbox.inbox`: an event of a type of your own, with any JSON object as its data."""

    type: typing.Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    key: typing.Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    data: dict[str, Any] = msgspec.field(default_factory=dict)
