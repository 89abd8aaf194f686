"""An event as it stands in the log."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any
from uuid import UUID

import msgspec

from outbox.catalogue.readable import as_data
from outbox.catalogue.upcast import upcast
from outbox.stored import DAMAGED, a_time, an_id, some_ids, unreadable

COLUMNS = (
    "seq, event_id, type, version, aggregate_type, aggregate_id, previous_seq, refs, "
    "payload_sha256, occurred_at, payload"
)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An immutable fact.

    Attributes:
        seq: its place in the log of one outbox; contiguous and increasing from 1.
        event_id: UUIDv7, increasing with seq.
        type: name in the catalogue, for example ``content.upserted``.
        version: version of the contract that it was written under.
        aggregate_type: audience, project or content.
        aggregate_id: UUIDv5 of the natural key; events of one aggregate stay in order.
        previous_seq: seq of the aggregate's event before this one; None for its first.
        refs: ids of the other aggregates that it needs to exist.
        payload_json: canonical JSON as written.
        payload_sha256: hash of the UTF-8 bytes of `payload_json`.
        occurred_at: UTC.
    """

    seq: int
    event_id: UUID
    type: str
    version: int
    aggregate_type: str
    aggregate_id: UUID
    previous_seq: int | None
    refs: tuple[UUID, ...]
    payload_json: str
    payload_sha256: str
    occurred_at: dt.datetime

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Event:
        """Make an event from a row of `COLUMNS`.

        Raises:
            UnreadableValue: the row was damaged.
        """
        seq, event_id, type_, version, aggregate_type, aggregate_id, previous, refs, sha256, at, payload = row
        try:
            return cls(
                seq=seq,
                event_id=an_id(event_id),
                type=type_,
                version=version,
                aggregate_type=aggregate_type,
                aggregate_id=an_id(aggregate_id),
                previous_seq=previous,
                refs=some_ids(refs),
                payload_json=payload,
                payload_sha256=sha256,
                occurred_at=a_time(at),
            )
        except DAMAGED as exc:
            raise unreadable(seq, "whole event") from exc

    @property
    def payload(self) -> dict[str, Any]:
        """The payload as data, in the current version of its type.

        Raises:
            UnknownEventType: not in the catalogue of this package.
            NewerVersion: written by a newer package.
            ValueError: not JSON, or nested too deeply to be read.
        """
        try:
            data = json.loads(self.payload_json)
        except RecursionError as exc:
            raise ValueError("the payload is nested too deeply") from exc
        return upcast(self.type, self.version, data)

    def as_dict(self, *, payload: bool = True) -> dict[str, Any]:
        """Return the event as plain data, as `outbox show --json` prints it; a payload that is no JSON as its text."""
        plain: dict[str, Any] = {
            "seq": self.seq,
            "event_id": str(self.event_id),
            "type": self.type,
            "version": self.version,
            "aggregate_type": self.aggregate_type,
            "aggregate_id": str(self.aggregate_id),
            "previous_seq": self.previous_seq,
            "refs": [str(ref) for ref in self.refs],
            "payload_sha256": self.payload_sha256,
            "occurred_at": self.occurred_at.isoformat(),
        }
        if payload:
            plain["payload"] = as_data(self.payload_json)
        return plain
