"""What happens in a small shop, and where it lands: a catalogue of a project's own."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, UnsetType

from outbox.catalogue import Aggregate, Catalogue, Link, Outside, Payload, column, event_type

country = Outside(kind="country", table="shop.countries", key="code", id="code")
customer = Aggregate(kind="customer", table="shop.customers", key=("email",))
order = Aggregate(
    kind="order",
    table="shop.orders",
    key=("till", "number"),
    numbered=True,  # the id is a bigint of the table's own
    created="made_at",
    defaults={"state": "open", "details": {}},
    soft_delete="cancelled_at",
)
line = Aggregate(kind="line", table="shop.lines", key=("token",), id=None)
article = Aggregate(kind="article", table="shop.articles", key=("code",), numbered=True)
shelf = Aggregate(kind="shelf", table="shop.shelves", key=("name",))
shelved = Link(name="shelf", of=article, to=shelf, table="shop.shelved", columns=("article_id", "shelf_id"))
stock = Aggregate(kind="stock", table="shop.stock", key=("place", "article"), id=None)


@event_type("customer.seen", makes=customer, example={"email": "ana@example.org", "name": "Ana", "country": "PT"})
class CustomerSeen(Payload, frozen=True):
    """Inserts or updates the customer."""

    email: str
    name: str
    country: Annotated[str | UnsetType | None, column(refers_to=country)] = UNSET


@event_type(
    "order.placed",
    makes=order,
    example={
        "till": "A",
        "number": 17,
        "total": "9.10",
        "placed_at": "2026-01-02T09:30:00Z",
        "customer": "ana@example.org",
    },
)
class OrderPlaced(Payload, frozen=True):
    """Inserts or updates the order; brings a cancelled one back."""

    till: str
    number: int
    total: Decimal
    placed_at: dt.datetime
    customer: Annotated[str | UnsetType | None, column("customer_id", refers_to=customer)] = UNSET
    labels: list[str] | UnsetType = UNSET
    details: Annotated[dict[str, Any] | UnsetType, column(merged=True)] = UNSET


@event_type("order.moved", patches=order, example={"till": "A", "number": 17, "state": "paid"})
class OrderMoved(Payload, frozen=True):
    """Sets the state of the order."""

    till: str
    number: int
    state: Literal["open", "paid", "sent"]


@event_type("order.cancelled", deletes=order, example={"till": "A", "number": 17})
class OrderCancelled(Payload, frozen=True):
    """Notes when the order was cancelled; the row stays."""

    till: str
    number: int


@event_type(
    "line.added",
    makes=line,
    example={
        "token": "0190f1f0-0000-7000-8000-000000000001",
        "order": ["A", 17],
        "article": "bread",
        "pieces": 2,
        "price": "4.55",
    },
)
class LineAdded(Payload, frozen=True):
    """Inserts or updates a line of the order."""

    token: UUID
    order: Annotated[tuple[str, int], column("order_id", refers_to=order)]
    article: str
    pieces: int
    price: Decimal


@event_type("line.removed", removes=line, example={"token": "0190f1f0-0000-7000-8000-000000000001"})
class LineRemoved(Payload, frozen=True):
    """Removes the line for good."""

    token: UUID


@event_type("article.listed", makes=article, example={"code": "bread", "title": "Bread"})
class ArticleListed(Payload, frozen=True):
    """Inserts or updates the article."""

    code: str
    title: str


@event_type("shelf.built", makes=shelf, example={"name": "window"})
class ShelfBuilt(Payload, frozen=True):
    """Inserts the shelf."""

    name: str


@event_type("article.shelved", links=shelved, example={"code": "bread", "shelf": "window", "row_number": 1})
class ArticleShelved(Payload, frozen=True):
    """Puts the article on the shelf, in this row."""

    code: str
    shelf: str
    row_number: int


@event_type("article.unshelved", unlinks=shelved, example={"code": "bread", "shelf": "window"})
class ArticleUnshelved(Payload, frozen=True):
    """Takes the article off the shelf."""

    code: str
    shelf: str


@event_type("stock.counted", makes=stock, example={"place": "shelf", "article": "bread", "pieces": 40})
class StockCounted(Payload, frozen=True):
    """Sets how many pieces lie there."""

    place: str
    article: str
    pieces: int


CATALOGUE = Catalogue(
    "shop",
    events=[
        CustomerSeen,
        OrderPlaced,
        OrderMoved,
        OrderCancelled,
        LineAdded,
        LineRemoved,
        ArticleListed,
        ShelfBuilt,
        ArticleShelved,
        ArticleUnshelved,
        StockCounted,
    ],
)
