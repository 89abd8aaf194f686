"""A catalogue is checked when its module is imported, and everything else is derived from it."""

import json
import sys
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from msgspec import UNSET

from outbox import CatalogueError, Outbox, Payload, UnknownEventType, ids
from outbox.catalogue import CONTRACTS, Aggregate, Catalogue, Link, Outside, active, column, contract_of, event_type
from outbox.catalogue.chosen import load
from outbox.catalogue.contract import check

customer = Outside(kind="customer", table="shop.customers", key="email", id="id")
label = Outside(kind="label", table="shop.labels", key="word", id="id", adds=())
basket = Aggregate(kind="basket", table="shop.baskets", key=("tenant", "number"), soft_delete="dropped_at")
labelled = Link(
    name="label", of=basket, to=label, table="shop.basket_labels", columns=("basket_id", "label_id"), keys=("shade",)
)


@event_type("basket.opened", makes=basket, example={"tenant": "t", "number": 7, "customer": "ana@example.org"})
class BasketOpened(Payload, frozen=True):
    """Opens a basket."""

    tenant: str
    number: int
    customer: Annotated[str, column("customer_id", refers_to=customer)]


@event_type("basket.priced", patches=basket, example={"tenant": "t", "number": 7, "cents": 1250})
class BasketPriced(Payload, frozen=True):
    """Sets the price."""

    tenant: str
    number: int
    cents: int


@event_type("basket.labelled", links=labelled, example={"tenant": "t", "number": 7, "label": "new", "shade": "red"})
class BasketLabelled(Payload, frozen=True):
    """Puts a label on."""

    tenant: str
    number: int
    label: str
    shade: str


@event_type("basket.dropped", deletes=basket, example={"tenant": "t", "number": 7})
class BasketDropped(Payload, frozen=True):
    """Deletes a basket."""

    tenant: str
    number: int


def refused(*words: str, declare: Callable[[], object]) -> None:
    with pytest.raises(CatalogueError) as caught:
        declare()
    assert all(word in str(caught.value) for word in words), caught.value


def test_a_key_of_several_fields_names_one_aggregate() -> None:
    """No two keys share an id, however their parts are cut."""
    opened = [BasketOpened(tenant=tenant, number=number, customer="c") for tenant, number in (("a", 1), ("a1", 1))]
    checked = [check(one) for one in opened]
    assert checked[0].aggregate_id == ids.aggregate_id("basket", '["a", 1]')
    assert checked[0].aggregate_id != checked[1].aggregate_id
    assert basket.key_in(json.loads(checked[0].payload_json)) == contract_of(BasketOpened).key(opened[0])


def test_an_event_of_any_declared_class_can_be_appended(tmp_path: Any) -> None:
    """The class carries its contract: whoever appends names no catalogue."""
    with Outbox.open(tmp_path / "outbox.db") as box:
        said = BasketOpened(tenant="t", number=7, customer="ana@example.org")
        (appended,) = box.append(said).appended
        assert (appended.type, appended.aggregate_type) == ("basket.opened", "basket")
        assert box.append(said).unchanged == 1


def test_slots_follow_from_what_an_event_does() -> None:
    """State, the patch's own name, or the ends of the link with what tells it from its like."""
    example = {one: check(contract_of(one).example).slot for one in (BasketOpened, BasketPriced, BasketLabelled)}
    assert list(example.values()) == ["state", "priced", "label:red:new"]
    assert check(contract_of(BasketDropped).example).slot == "state"


def test_columns_are_those_of_the_fields() -> None:
    """In the order of their declaration, under the names that the annotations give."""
    found = Catalogue("shop", events=[BasketOpened, BasketPriced, BasketLabelled, BasketDropped])
    assert [one.column for one in found.columns_of("basket")] == ["customer_id", "cents"]
    assert found.confirmed_of("basket") == ("cents", "dropped_at")
    assert list(found.outsides) == ["customer", "label"]
    assert found.links == {"label": labelled}


def test_references_of_content_are_its_project_then_its_parent() -> None:
    """Their order is in every log that was ever written."""
    said = CONTRACTS["content.upserted"].example
    expected = (str(ids.project_id("pao-caseiro")), str(ids.content_id("pao-caseiro--modulo-1")))
    assert CONTRACTS["content.upserted"].refs(said) == expected


def test_the_catalogue_of_content_names_every_column_that_the_relay_writes() -> None:
    """In the order of the statements that insert them."""
    assert [one.column for one in active().columns_of("content")] == [
        "title", "content_type", "project_id", "parent_content_id", "sequence_order", "content", "ai_generated",
        "status", "fidelity_score", "metadata", "file_path", "published_at", "published_url",
        "generation_execution_id",
    ]  # fmt: skip
    assert active().confirmed_of("content") == ("status", "fidelity_score", "deleted_at", "metadata")
    assert active().confirmed_of("project") == ("status", "project_metadata")
    assert active().confirmed_of("audience") == ()


gone = Aggregate(kind="gone", table="shop.gone", key=("tenant",))


@event_type("gone.made", makes=gone, example={"tenant": "t"})
class GoneMade(Payload, frozen=True):
    """Makes it."""

    tenant: str


@event_type("gone.lost", deletes=gone, example={"tenant": "t"})
class GoneForGood(Payload, frozen=True):
    """Deletes it, and nothing says when."""

    tenant: str


class Undeclared(Payload, frozen=True):
    tenant: str


class NoKey(Payload, frozen=True):
    """Names half a key."""

    tenant: str


class OtherColumn(Payload, frozen=True):
    """Says of a column what another event does not."""

    tenant: str
    number: int
    customer_id: str


def test_a_class_that_was_not_declared_is_refused_by_name() -> None:
    with pytest.raises(UnknownEventType, match="Undeclared"):
        check(Undeclared(tenant="t"))


EXAMPLE = {"tenant": "t", "number": 7}


@pytest.mark.parametrize(
    ("declare", "words"),
    [
        (lambda: event_type("basket.lost", example=EXAMPLE), ["basket.lost", "say one of makes"]),
        (lambda: event_type("order.lost", deletes=basket, example=EXAMPLE), ["order.lost", "basket.what_happened"]),
        (lambda: event_type("basket.lost", deletes=basket, example=EXAMPLE)(NoKey), ["NoKey", "'number'"]),
        (
            lambda: event_type("basket.lost", deletes=basket, example=EXAMPLE)(BasketPriced),
            ["basket.lost", "example", "cents"],
        ),
        (lambda: event_type("basket.lost", patches=basket, example=EXAMPLE, slot="state"), ["whole row"]),
        (lambda: event_type("basket.lost", deletes=basket, example=EXAMPLE, version=2), ["version 2", "step"]),
        (lambda: Aggregate(kind="a", table="shop.a", key=()), ["'a'", "no key"]),
        (lambda: Aggregate(kind="a", table='shop."a"', key=("k",)), ["no name", "unquoted"]),
        (lambda: Aggregate(kind="a", table="shop.a", key=(1,)), ["1", "no name"]),  # type: ignore[arg-type]
        (
            lambda: Link(name="b", of=basket, to=basket, table="shop.ab", columns="b"),  # type: ignore[arg-type]
            ["'b'", "two"],
        ),
        (lambda: Aggregate(kind="a", table="a", key=("k",)), ["with its schema", "public.a"]),
        (lambda: column("x", refers_to=UNSET), ["hides the variable"]),  # type: ignore[arg-type]
        (lambda: Catalogue("shop", events=[GoneForGood, GoneMade]), ["gone.lost", "soft_delete"]),
        (lambda: Catalogue("shop", events=[BasketOpened, BasketOpened]), ["basket.opened", "twice"]),
        (lambda: Catalogue("shop", events=[BasketPriced]), ["no event makes a basket"]),
        (
            lambda: Catalogue(
                "shop",
                events=[
                    BasketOpened,
                    event_type("basket.moved", patches=basket, example={**EXAMPLE, "customer_id": "x"})(OtherColumn),
                ],
            ),
            ["customer_id", "two ways"],
        ),
    ],
)
def test_a_wrong_declaration_is_refused_when_it_is_made(declare: Callable[[], object], words: list[str]) -> None:
    """With the name of what is wrong, long before Postgres would say so."""
    refused(*words, declare=declare)


def test_one_name_needs_no_tuple_and_several_may_be_a_list() -> None:
    """As people write it: a key that is text is one field, not its letters."""
    one = Aggregate(kind="a", table="shop.a", key="number", nulls="gone")  # type: ignore[arg-type]
    several = Aggregate(kind="b", table="shop.b", key=["tenant", "number"])  # type: ignore[arg-type]
    between = Link(name="b", of=one, to=several, table="shop.ab", columns=["a", "b"], keys="role")  # type: ignore[arg-type]
    assert (one.key, one.nulls, several.key) == (("number",), ("gone",), ("tenant", "number"))
    assert (between.columns, between.keys) == (("a", "b"), ("role",))


def test_a_link_of_a_projects_own_is_part_of_its_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sys.modules[__name__], "LINKING", Catalogue("linking", events=[BasketOpened, BasketLabelled]), raising=False
    )
    assert load(f"{__name__}:LINKING").links.keys() == {"label"}
