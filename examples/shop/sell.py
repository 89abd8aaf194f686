"""A morning at the till, without a network: `python sell.py`, as often as you like."""

import datetime as dt
from decimal import Decimal
from uuid import UUID, uuid5

import events

from outbox import Outbox, OutboxSettings, Unit, ids

OPENED = dt.datetime(2026, 1, 2, 9, 30, tzinfo=dt.UTC)
ARTICLES = {"bread": Decimal("4.55"), "salt": Decimal("0.90"), "coffee": Decimal("7.20")}


def main() -> None:
    settings = OutboxSettings.from_env()
    with Outbox.open(settings.outbox_path, content_root=settings.content_root) as box, box.unit() as unit:
        for email, name, country in (("ana@example.org", "Ana", "PT"), ("bruno@example.org", "Bruno", "BR")):
            unit.append(events.CustomerSeen(email=email, name=name, country=country))
        for number in range(1, 21):
            sell(unit, number)
        unit.append(events.ShelfBuilt(name="window"))
        for place, article in enumerate(ARTICLES):
            unit.append(events.ArticleListed(code=article, title=article.title()))
            unit.append(events.ArticleShelved(code=article, shelf="window", row_number=place))
            unit.append(events.StockCounted(place="shelf", article=article, pieces=40))
    print(f"{len(unit.result.appended)} events are kept, {unit.result.unchanged} were known")


def sell(unit: Unit, number: int) -> None:
    pieces = {article: 1 + (number + place) % 3 for place, article in enumerate(ARTICLES)}
    place_order(unit, number, pieces)
    for article, count in pieces.items():
        price = ARTICLES[article]
        unit.append(
            events.LineAdded(
                token=line_of(number, article), order=("A", number), article=article, pieces=count, price=price
            )
        )
    if number % 5:
        unit.append(events.OrderMoved(till="A", number=number, state="paid"))


def place_order(unit: Unit, number: int, pieces: dict[str, int]) -> None:
    total = sum((ARTICLES[article] * count for article, count in pieces.items()), Decimal())
    buyer = "ana@example.org" if number % 2 else "bruno@example.org"
    placed_at = OPENED + dt.timedelta(minutes=number)
    unit.append(
        events.OrderPlaced(
            till="A", number=number, total=total, placed_at=placed_at, customer=buyer, labels=["counter"],
            details={"cashier": "Rui"},
        )
    )  # fmt: skip


def line_of(number: int, article: str) -> UUID:
    return uuid5(ids.NAMESPACE, f"A-{number}-{article}")


if __name__ == "__main__":
    main()
