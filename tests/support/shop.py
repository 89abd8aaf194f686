"""A catalogue that is unlike content's: a schema of its own, keys and ids of other types, no slugs anywhere."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, UnsetType

from outbox.catalogue import Aggregate, Catalogue, Link, Outside, Payload, column, event_type

DDL = """
create schema shop;
create type shop.state as enum ('open', 'paid', 'sent', 'cancelled');
create table shop.countries (code text primary key, name text);
insert into shop.countries values ('BR', 'Brasil'), ('PT', 'Portugal');
create table shop.customers (
    id uuid primary key,
    number integer not null unique,
    name text not null,
    country text references shop.countries (code),
    "order" text
);
create table shop.orders (
    id bigint generated always as identity primary key,
    tenant text not null,
    number integer not null,
    customer_id uuid references shop.customers (id),
    state shop.state not null,
    total numeric(12, 2) not null,
    labels text[],
    placed_at timestamptz not null,
    details jsonb not null,
    cancelled_at timestamptz,
    made_at timestamptz not null,
    unique (tenant, number)
);
create table shop.lines (
    token uuid primary key,
    order_id bigint not null references shop.orders (id),
    article text not null,
    pieces integer not null check (pieces > 0),
    price numeric(12, 4) not null
);
create table shop.articles (id bigint generated always as identity primary key, code text not null unique, title text not null);
create table shop.shelves (id uuid primary key, name text not null unique);
create table shop.shelved (
    article_id bigint not null references shop.articles (id) on delete cascade,
    shelf_id uuid not null references shop.shelves (id),
    row_number integer,
    since timestamptz not null,
    primary key (article_id, shelf_id)
);
create table shop.marks (id bigint generated always as identity primary key, name text not null unique, colour text);
create table shop.marked (
    order_id bigint not null references shop.orders (id),
    mark_id bigint not null references shop.marks (id),
    primary key (order_id, mark_id)
);
create table shop.stock (place text not null, article text not null, pieces bigint not null, primary key (place, article));
"""

country = Outside(kind="country", table="shop.countries", key="code", id="code")
customer = Aggregate(kind="customer", table="shop.customers", key=("number",))
order = Aggregate(
    kind="order",
    table="shop.orders",
    key=("tenant", "number"),
    numbered=True,
    created="made_at",
    defaults={"state": "open", "details": {}},
    soft_delete="cancelled_at",
)
line = Aggregate(kind="line", table="shop.lines", key=("token",), id=None)
stock = Aggregate(kind="stock", table="shop.stock", key=("place", "article"), id=None)
article = Aggregate(kind="article", table="shop.articles", key=("code",), numbered=True)
shelf = Aggregate(kind="shelf", table="shop.shelves", key=("name",))
mark = Outside(kind="mark", table="shop.marks", key="name", id="id", adds=("colour",))
shelved = Link(
    name="shelf",
    of=article,
    to=shelf,
    table="shop.shelved",
    columns=("article_id", "shelf_id"),
    created="since",
)
marked = Link(name="mark", of=order, to=mark, table="shop.marked", columns=("order_id", "mark_id"))

TOKEN = UUID("0190f1f0-0000-7000-8000-000000000001")


@event_type("customer.seen", makes=customer, example={"number": 7, "name": "Ana", "country": "BR"})
class CustomerSeen(Payload, frozen=True):
    """Inserts or updates the customer."""

    number: int
    name: str
    country: Annotated[str | UnsetType | None, column(refers_to=country)] = UNSET
    remark: Annotated[str | UnsetType | None, column("order")] = UNSET


_PLACED = {
    "tenant": "lisbon",
    "number": 1,
    "total": "12.50",
    "placed_at": "2026-01-02T03:04:05Z",
    "customer": 7,
    "labels": ["new", "gift"],
    "details": {"note": "ring twice"},
}


@event_type("order.placed", makes=order, example=_PLACED)
class OrderPlaced(Payload, frozen=True):
    """Inserts or updates the order; brings a cancelled one back."""

    tenant: str
    number: int
    total: Decimal
    placed_at: dt.datetime
    customer: Annotated[int | UnsetType | None, column("customer_id", refers_to=customer)] = UNSET
    labels: list[str] | UnsetType = UNSET
    details: Annotated[dict[str, Any] | UnsetType, column(merged=True)] = UNSET


@event_type("order.moved", patches=order, example={"tenant": "lisbon", "number": 1, "state": "paid"})
class OrderMoved(Payload, frozen=True):
    """Sets the state of an order."""

    tenant: str
    number: int
    state: Literal["open", "paid", "sent"]


@event_type("order.cancelled", deletes=order, example={"tenant": "lisbon", "number": 1})
class OrderCancelled(Payload, frozen=True):
    """Marks an order as cancelled."""

    tenant: str
    number: int


@event_type(
    "line.added",
    makes=line,
    example={"token": TOKEN, "order": ["lisbon", 1], "article": "bread", "pieces": 2, "price": "6.2500"},
)
class LineAdded(Payload, frozen=True):
    """Inserts or updates a line of an order."""

    token: UUID
    order: Annotated[tuple[str, int], column("order_id", refers_to=order)]
    article: str
    pieces: int
    price: Decimal


@event_type("stock.counted", makes=stock, example={"place": "shelf", "article": "bread", "pieces": 40})
class StockCounted(Payload, frozen=True):
    """Sets how many pieces lie there."""

    place: str
    article: str
    pieces: int


@event_type("order.erased", removes=order, example={"tenant": "lisbon", "number": 1})
class OrderErased(Payload, frozen=True):
    """Removes the order for good."""

    tenant: str
    number: int


@event_type("line.removed", removes=line, example={"token": TOKEN})
class LineRemoved(Payload, frozen=True):
    """Removes the line for good."""

    token: UUID


@event_type("stock.dropped", removes=stock, example={"place": "shelf", "article": "bread"})
class StockDropped(Payload, frozen=True):
    """Removes what was counted there."""

    place: str
    article: str


@event_type("article.listed", makes=article, example={"code": "bread", "title": "Bread"})
class ArticleListed(Payload, frozen=True):
    """Inserts or updates the article."""

    code: str
    title: str


@event_type("article.delisted", removes=article, example={"code": "bread"})
class ArticleDelisted(Payload, frozen=True):
    """Removes the article for good."""

    code: str


@event_type("shelf.built", makes=shelf, example={"name": "window"})
class ShelfBuilt(Payload, frozen=True):
    """Inserts the shelf."""

    name: str


@event_type("shelf.torn_down", removes=shelf, example={"name": "window"})
class ShelfTornDown(Payload, frozen=True):
    """Removes the shelf for good."""

    name: str


@event_type("article.shelved", links=shelved, example={"code": "bread", "shelf": "window", "row_number": 1})
class ArticleShelved(Payload, frozen=True):
    """Puts the article on the shelf, in this row."""

    code: str
    shelf: str
    row_number: int | None


@event_type("article.unshelved", unlinks=shelved, example={"code": "bread", "shelf": "window"})
class ArticleUnshelved(Payload, frozen=True):
    """Takes the article off the shelf."""

    code: str
    shelf: str


@event_type("order.marked", links=marked, example={"tenant": "lisbon", "number": 1, "mark": "urgent", "colour": "red"})
class OrderMarked(Payload, frozen=True):
    """Marks the order; adds the mark where it is new."""

    tenant: str
    number: int
    mark: str
    colour: str | UnsetType | None = UNSET


@event_type("order.unmarked", unlinks=marked, example={"tenant": "lisbon", "number": 1, "mark": "urgent"})
class OrderUnmarked(Payload, frozen=True):
    """Takes the mark off."""

    tenant: str
    number: int
    mark: str


CATALOGUE = Catalogue(
    "shop",
    events=[
        CustomerSeen,
        OrderPlaced,
        OrderMoved,
        OrderCancelled,
        LineAdded,
        StockCounted,
        ArticleListed,
        ShelfBuilt,
        ArticleShelved,
        ArticleUnshelved,
        OrderMarked,
        OrderUnmarked,
        StockDropped,
        LineRemoved,
        ArticleDelisted,
        ShelfTornDown,
        OrderErased,
    ],
)
