"""A catalogue that is unlike content's: rows with numbers of their own, keys of several parts, no ids, no slugs.

The simulation runs with both at once, so that what holds for one holds for any that can be declared.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, UnsetType

from outbox.catalogue import Aggregate, Catalogue, Payload, column, event_type

# What PostgreSQL has, for the test that holds the database of the simulation against it.
DDL = """
create schema strange;
create table strange.orders (
    id bigint generated always as identity primary key,
    till text not null,
    number integer not null,
    title text not null,
    total numeric(12, 2),
    state text not null,
    details jsonb not null,
    cancelled_at timestamptz,
    made_at timestamptz not null,
    unique (till, number)
);
create table strange.lines (
    token uuid primary key,
    order_id bigint not null references strange.orders (id),
    pieces integer not null
);
create table strange.stock (
    place text not null,
    article text not null,
    pieces bigint not null,
    primary key (place, article)
);
"""

order = Aggregate(
    kind="order",
    table="strange.orders",
    key=("till", "number"),
    numbered=True,
    created="made_at",
    defaults={"state": "open", "details": {}},
    soft_delete="cancelled_at",
)
line = Aggregate(kind="line", table="strange.lines", key=("token",), id=None)
stock = Aggregate(kind="stock", table="strange.stock", key=("place", "article"), id=None)


@event_type("order.placed", makes=order, example={"till": "A", "number": 1, "title": "Pão", "total": "2.50"})
class OrderPlaced(Payload, frozen=True):
    """Inserts or updates the order; brings a cancelled one back."""

    till: str
    number: int
    title: str
    total: Decimal | UnsetType | None = UNSET
    details: Annotated[dict[str, Any] | UnsetType, column(merged=True)] = UNSET


@event_type("order.moved", patches=order, example={"till": "A", "number": 1, "state": "paid"})
class OrderMoved(Payload, frozen=True):
    """Sets the state of the order."""

    till: str
    number: int
    state: Literal["open", "paid", "sent"]


@event_type("order.cancelled", deletes=order, example={"till": "A", "number": 1})
class OrderCancelled(Payload, frozen=True):
    """Notes when the order was cancelled."""

    till: str
    number: int


@event_type("line.added", makes=line, example={"token": UUID(int=1), "order": ["A", 1], "pieces": 2})
class LineAdded(Payload, frozen=True):
    """Inserts or updates a line of the order."""

    token: UUID
    order: Annotated[tuple[str, int], column("order_id", refers_to=order)]
    pieces: int


@event_type("stock.counted", makes=stock, example={"place": "shelf", "article": "pão", "pieces": 40})
class StockCounted(Payload, frozen=True):
    """Sets how many pieces lie there."""

    place: str
    article: str
    pieces: int


CATALOGUE = Catalogue("strange", events=[OrderPlaced, OrderMoved, OrderCancelled, LineAdded, StockCounted])
