"""A project's own catalogue: tables of another schema, with keys and ids unlike those of content."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from click.testing import CliRunner

from outbox import Outbox, Payload
from outbox.catalogue import active
from outbox.commands.parked import parked as parked_commands
from tests.support import shop
from tests.support.lessons import SetClock
from tests.support.postgres import Database
from tests.support.relaying import drain
from worker.apply.position import greet
from worker.apply.queries import query, statements
from worker.connect.connection import connect
from worker.migrate.own_tables import ddl
from worker.options import Ending
from worker.proof.repair import repair_all
from worker.proof.verify import verify_all

AT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
SECOND = UUID("0190f1f0-0000-7000-8000-000000000002")


@pytest.fixture
def shops(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The catalogue of this process is the shop's."""
    monkeypatch.setenv("OUTBOX_CATALOGUE", "tests.support.shop:CATALOGUE")
    for cached in (active, query, statements):
        cached.cache_clear()
    yield
    monkeypatch.undo()
    for cached in (active, query, statements):
        cached.cache_clear()


@pytest.fixture
def shop_database(database: Database, shops: None) -> Database:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(shop.DDL)
        for _ in range(2):  # it may be run again
            connection.execute(ddl(active()).encode())
    return database


@pytest.fixture
def box(tmp_path: Path, shops: None) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db") as box:
        yield box


def rows(database: Database, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        return connection.execute(statement.encode()).fetchall()


def verified(database: Database, box: Outbox, tmp_path: Path) -> list[dict[str, str]]:
    with connect(database.worker_dsn) as connection:
        return [one.as_dict() for one in verify_all(connection, box, tmp_path).differences]


def placed(number: int, **fields: Any) -> shop.OrderPlaced:
    return shop.OrderPlaced(tenant="lisbon", number=number, total=Decimal("12.50"), placed_at=AT, **fields)


def sale() -> list[Payload]:
    """A customer, an order with two lines, and stock; each thing said once, then changed."""
    return [
        shop.CustomerSeen(number=7, name="Ana", country="BR", remark="first"),
        placed(1, customer=7, labels=["new", "gift"], details={"note": "ring twice", "floor": 2}),
        shop.LineAdded(token=shop.TOKEN, order=("lisbon", 1), article="bread", pieces=2, price=Decimal("6.2500")),
        shop.LineAdded(token=SECOND, order=("lisbon", 1), article="salt", pieces=1, price=Decimal("0.0001")),
        shop.StockCounted(place="shelf", article="bread", pieces=2**40),
        shop.OrderMoved(tenant="lisbon", number=1, state="paid"),
    ]


def test_rows_of_every_kind_of_key_and_type_arrive(box: Outbox, shop_database: Database, tmp_path: Path) -> None:
    """Offline generated, drained by the worker's own role, compared field by field."""
    box.append(*sale())
    assert drain(box, shop_database.worker_dsn) is Ending.EMPTY
    assert rows(shop_database, 'select name, country, "order" from shop.customers') == [("Ana", "BR", "first")]
    order = rows(
        shop_database,
        "select o.state::text, o.total, o.labels, o.placed_at, o.details, c.number, o.cancelled_at"
        " from shop.orders o join shop.customers c on c.id = o.customer_id",
    )
    details = {"note": "ring twice", "floor": 2}
    assert order == [("paid", Decimal("12.50"), ["new", "gift"], AT, details, 7, None)]
    lines = "select l.article, l.pieces, l.price from shop.lines l join shop.orders o on o.id = l.order_id order by 1"
    assert rows(shop_database, lines) == [("bread", 2, Decimal("6.2500")), ("salt", 1, Decimal("0.0001"))]
    assert rows(shop_database, "select pieces from shop.stock") == [(2**40,)]
    assert verified(shop_database, box, tmp_path) == []


def test_rows_that_exist_are_changed_and_not_made_twice(box: Outbox, shop_database: Database, tmp_path: Path) -> None:
    """In batches of one, so that each event meets what the one before it left."""
    box.append(*sale())
    drain(box, shop_database.worker_dsn, max_events=1)
    (number,) = rows(shop_database, "select id from shop.orders")
    box.append(
        placed(1, details={"floor": 3}, labels=[]),
        shop.OrderCancelled(tenant="lisbon", number=1),
        shop.StockCounted(place="shelf", article="bread", pieces=0),
        shop.CustomerSeen(number=7, name="Ana Maria", country=None),
        shop.LineAdded(token=SECOND, order=("lisbon", 1), article="salt", pieces=3, price=Decimal("0.0001")),
    )
    assert drain(box, shop_database.worker_dsn, max_events=1) is Ending.EMPTY
    found = rows(shop_database, "select id, details, labels, cancelled_at is not null, state::text from shop.orders")
    assert found == [(*number, {"note": "ring twice", "floor": 3}, [], True, "paid")]
    assert rows(shop_database, "select pieces from shop.stock") == [(0,)]
    assert rows(shop_database, "select name, country from shop.customers") == [("Ana Maria", None)]
    assert verified(shop_database, box, tmp_path) == []


def test_what_was_there_before_is_adopted_under_its_own_id(
    box: Outbox, shop_database: Database, tmp_path: Path
) -> None:
    with psycopg.connect(shop_database.dsn, autocommit=True) as connection:
        connection.execute("insert into shop.customers (id, number, name) values (gen_random_uuid(), 7, 'old')")
        connection.execute("insert into shop.stock values ('shelf', 'bread', 1)")
    before = rows(shop_database, "select id from shop.customers")
    box.append(*sale())
    assert drain(box, shop_database.worker_dsn) is Ending.EMPTY
    assert rows(shop_database, "select id from shop.customers") == before
    assert verified(shop_database, box, tmp_path) == []


def test_an_older_event_of_another_host_changes_nothing(box: Outbox, shop_database: Database, tmp_path: Path) -> None:
    with Outbox.open(tmp_path / "older.db", clock=SetClock()) as older:
        older.append(*sale())
        box.append(*sale(), shop.StockCounted(place="shelf", article="bread", pieces=5))
        box.append(shop.OrderMoved(tenant="lisbon", number=1, state="sent"))
        drain(box, shop_database.worker_dsn)
        drain(older, shop_database.worker_dsn)
        assert rows(shop_database, "select state::text from shop.orders") == [("sent",)]
        assert rows(shop_database, "select pieces from shop.stock") == [(5,)]
    assert verified(shop_database, box, tmp_path) == []


def test_what_is_missing_or_impossible_parks_its_event_and_what_depends_on_it(
    box: Outbox, shop_database: Database
) -> None:
    """The rest goes on; the reasons, and the list, name what the events name."""
    box.append(
        *sale(),
        shop.LineAdded(token=UUID(int=9), order=("porto", 1), article="salt", pieces=1, price=Decimal(1)),
        shop.LineAdded(token=UUID(int=10), order=("lisbon", 1), article="salt", pieces=0, price=Decimal(1)),
        placed(2, customer=8),
        shop.LineAdded(token=UUID(int=11), order=("lisbon", 2), article="salt", pieces=1, price=Decimal(1)),
        shop.StockCounted(place="shelf", article="salt", pieces=1),
    )
    drain(box, shop_database.worker_dsn)
    parked = {row.seq: (row.state.value, row.reason) for row in box.parked.list()}
    assert {seq: state for seq, (state, _) in parked.items()} == {7: "parked", 8: "parked", 9: "parked", 10: "held"}
    assert 'order ["porto", 1]' in str(parked[7])
    assert "customer 8" in str(parked[9])
    listed = CliRunner().invoke(parked_commands, ["list", "--json"], env={"OUTBOX_PATH": str(box.path)})
    tokens = {seq: str(UUID(int=number)) for seq, number in ((7, 9), (8, 10), (10, 11))}
    assert {row["seq"]: row["key"] for row in json.loads(listed.stdout)} == {**tokens, 9: '["lisbon", 2]'}
    assert rows(shop_database, "select count(*) from shop.stock") == [(2,)]


def test_verify_names_what_was_changed_behind_its_back_and_repair_mends_it(
    box: Outbox, shop_database: Database, tmp_path: Path
) -> None:
    box.append(*sale())
    drain(box, shop_database.worker_dsn)
    with psycopg.connect(shop_database.dsn, autocommit=True) as connection:
        connection.execute("update shop.orders set total = 1, labels = '{x}', details = details || '{\"floor\": 9}'")
        connection.execute("update shop.customers set country = 'PT'")
        connection.execute("delete from shop.stock")
    found = {one["what"]: one["detail"] for one in verified(shop_database, box, tmp_path)}
    assert found == {
        'order ["lisbon", 1]': "total; labels; details.floor",
        "customer 7": "country",
        'stock ["shelf", "bread"]': "it is not there",
    }
    with connect(shop_database.worker_dsn) as connection:
        again = verify_all(connection, box, tmp_path)
        repaired = repair_all(connection, box, again, greet(connection, box))
    assert {one.reason for one in repaired} == {None}
    assert verified(shop_database, box, tmp_path) == []


def test_verify_compares_the_rest_beside_what_no_column_can_hold(
    box: Outbox, shop_database: Database, tmp_path: Path
) -> None:
    """A key too large for its column is parked; a column that was made narrower since differs, and is named."""
    box.append(
        *sale(),
        shop.CustomerSeen(number=2**31, name="Too large", country="BR"),
        shop.StockCounted(place="shelf", article="salt", pieces=1),
    )
    drain(box, shop_database.worker_dsn)
    parked = {"kind": "parked", "what": f"customer {2**31}", "detail": "all of its events"}
    assert verified(shop_database, box, tmp_path) == [parked]
    with psycopg.connect(shop_database.dsn, autocommit=True) as connection:
        connection.execute("update shop.stock set pieces = 2")
        connection.execute("alter table shop.stock alter column pieces type integer")
    found = {one["what"]: (one["kind"], one["detail"]) for one in verified(shop_database, box, tmp_path)}
    assert found.pop(f"customer {2**31}") == ("parked", "all of its events")
    assert found == {
        'stock ["shelf", "bread"]': ("row_differs", "the database cannot compare it: a number out of range"),
        'stock ["shelf", "salt"]': ("row_differs", "pieces"),
    }
    with connect(shop_database.worker_dsn) as connection:
        again = verify_all(connection, box, tmp_path)
        repaired = {one.what: one.reason for one in repair_all(connection, box, again, greet(connection, box))}
    assert repaired == {'stock ["shelf", "salt"]': None, 'stock ["shelf", "bread"]': "a number out of range"}


def test_both_catalogues_together_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTBOX_CATALOGUE", "outbox.catalogue:CATALOGUE, tests.support.shop:CATALOGUE")
    active.cache_clear()
    try:
        assert {"content.upserted", "order.placed"} <= active().contracts.keys()
    finally:
        monkeypatch.undo()
        active.cache_clear()
