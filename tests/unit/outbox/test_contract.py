import datetime as dt
import json
import math

import msgspec
import pytest

from outbox import ContractError, PayloadTooLarge, UnknownEventType, catalogue, ids
from outbox import catalogue as c
from outbox.catalogue.contract import check, parse

LESSON = {"slug": "x--1", "title": "T", "content_type": "course_lesson"}


@pytest.mark.parametrize("contract", catalogue.CONTRACTS.values(), ids=lambda contract: contract.type)
def test_the_example_of_every_type_keeps_its_contract(contract: catalogue.Contract) -> None:
    """What the docs show can be appended, and read back into the same payload."""
    checked = check(contract.example)
    assert checked.contract is contract
    assert checked.aggregate_id == ids.aggregate_id(contract.aggregate_type, contract.key(contract.example))
    assert parse(contract.type, json.loads(checked.payload_json)) == contract.example


def test_a_type_is_named_for_its_aggregate() -> None:
    """`aggregate.happened`, for all twelve, and for the one of no table."""
    assert len(catalogue.CONTRACTS) == 13
    for name, contract in catalogue.CONTRACTS.items():
        assert name == contract.type
        assert name.partition(".")[0] == contract.aggregate_type


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"slug": ""}, "$.slug"),
        ({"slug": "Curso"}, "$.slug"),
        ({"slug": "a/b"}, "$.slug"),
        ({"slug": "../etc"}, "$.slug"),
        ({"slug": "-a"}, "$.slug"),
        ({"slug": "a-"}, "$.slug"),
        ({"slug": "a\n"}, "$.slug"),
        ({"slug": "a" * 201}, "$.slug"),
        ({"slug": None}, "$.slug"),
        ({"title": ""}, "$.title"),
        ({"title": 3}, "$.title"),
        ({"content_type": "Course Lesson"}, "$.content_type"),
        ({"status": "done"}, "$.status"),
        ({"fidelity_score": 1.01}, "$.fidelity_score"),
        ({"fidelity_score": -0.01}, "$.fidelity_score"),
        ({"fidelity_score": math.nan}, "$.fidelity_score"),
        ({"fidelity_score": math.inf}, "$.fidelity_score"),
        ({"sequence_order": 32768}, "$.sequence_order"),
        ({"sequence_order": -1}, "$.sequence_order"),
        ({"project": "No Slug"}, "$.project"),
        ({"body": "a\x00b"}, "$.body"),
        ({"body": "a\ud800b"}, "$.body"),
        ({"title": "ok \udfff"}, "$.title"),
        ({"metadata": []}, "$.metadata"),
        ({"metadata": {"a": {"b": ["x", "\x00"]}}}, "$.metadata.a.b[1]"),
        ({"metadata": {"a": [{"b": "\ud800"}]}}, "$.metadata.a[0].b"),
        ({"metadata": {"a": {"b": "\ud800"}}}, "$.metadata.a.b"),
        ({"metadata": {"a": {"\ud800": 1}}}, "$.metadata.a"),
        ({"metadata": {"a": ["x", "\ud800"]}}, "$.metadata.a[1]"),
        ({"metadata": {"a": ["x", 1]}, "published_url": "https://\ud800"}, "$.published_url"),
        ({"metadata": {"a\x00": 1}}, "$.metadata"),
        ({"metadata": {"a": 2**63}}, "$.metadata.a"),
        ({"metadata": {"a": math.inf}}, "$.metadata.a"),
        ({"metadata": {1: "a"}}, "$.metadata"),
        ({"published_at": dt.datetime(2026, 1, 1)}, "$.published_at"),  # noqa: DTZ001 - no zone is the point
        ({"generation_execution_id": "no uuid"}, "$.generation_execution_id"),
        ({"ai_generated": "yes"}, "$.ai_generated"),
        ({"file_path": ""}, "$.file_path"),
    ],
    ids=repr,
)
def test_a_wrong_field_is_refused_by_name(fields: dict[str, object], field: str) -> None:
    """The error goes to the generator, there and then, and names the field."""
    with pytest.raises(ContractError) as refused:
        check(c.ContentUpserted(**{**LESSON, **fields}))
    assert refused.value.event_type == "content.upserted"
    assert refused.value.field.startswith(field)
    assert str(refused.value).startswith(f"content.upserted: {field}")


def test_nesting_has_a_limit() -> None:
    """What no reader on the way could take is refused here."""
    deep: dict[str, object] = {}
    for _ in range(70):
        deep = {"a": deep}
    with pytest.raises(ContractError, match="nested deeper"):
        check(c.ContentMetadataMerged(slug="x", metadata=deep))


def test_nesting_up_to_the_limit_is_taken() -> None:
    """Sixty-four levels below the metadata, and a plain value in the last."""

    def nested(levels: int) -> c.ContentMetadataMerged:
        deep: object = 1
        for _ in range(levels):
            deep = {"a": deep}
        return c.ContentMetadataMerged(slug="x", metadata=deep)  # type: ignore[arg-type]

    taken = [levels for levels in range(60, 70) if _is_taken(nested(levels))]
    assert taken == list(range(60, 66))


def _is_taken(payload: c.ContentMetadataMerged) -> bool:
    try:
        check(payload)
    except ContractError:
        return False
    return True


def test_nesting_in_lists_counts_as_well() -> None:
    """Lists in lists end where objects in objects do; a shallow one is taken."""
    deep: object = 1
    for _ in range(200):
        deep = [deep]
    with pytest.raises(ContractError, match="nested deeper"):
        check(c.ContentMetadataMerged(slug="x", metadata={"a": deep}))
    check(c.ContentMetadataMerged(slug="x", metadata={"a": [[[1, "b"], {"c": [None]}]]}))


def test_an_unknown_field_is_refused() -> None:
    """A typing error never disappears silently."""
    with pytest.raises(ContractError, match="boddy"):
        parse("content.upserted", {**LESSON, "boddy": "x"})


def test_an_unknown_type_is_refused() -> None:
    """Only what is in the catalogue can be said."""
    with pytest.raises(ContractError, match=r"content\.exploded: \$: unknown event type"):
        parse("content.exploded", {"slug": "x"})

    class Other(c.Payload, frozen=True):
        slug: str

    with pytest.raises(UnknownEventType):
        check(Other(slug="x"))


def test_a_payload_beyond_the_limit_is_refused_with_the_way_out() -> None:
    """The default is 16 MiB of JSON; the setting is named."""
    with pytest.raises(PayloadTooLarge, match="OUTBOX_PAYLOAD_LIMIT_BYTES"):
        check(c.ContentUpserted(**LESSON, body="x" * 17 * 1024 * 1024))
    with pytest.raises(PayloadTooLarge, match="limit is 100"):
        check(c.ContentUpserted(**LESSON, body="x" * 100), limit_bytes=100)
    size = len(check(c.ContentUpserted(**LESSON)).payload_utf8)
    check(c.ContentUpserted(**LESSON), limit_bytes=size)
    with pytest.raises(PayloadTooLarge, match=f"{size:,} bytes, the limit is {size - 1:,}"):
        check(c.ContentUpserted(**LESSON), limit_bytes=size - 1)


def test_the_same_state_is_the_same_bytes() -> None:
    """Key order does not matter, so a re-run is recognised."""
    one = check(c.ContentMetadataMerged(slug="x", metadata={"a": 1, "b": {"c": 1, "d": 2}}))
    two = check(c.ContentMetadataMerged(slug="x", metadata={"b": {"d": 2, "c": 1}, "a": 1}))
    assert one.payload_sha256 == two.payload_sha256


def test_unset_is_not_null() -> None:
    """A field left alone is absent; None says null."""
    absent = json.loads(check(c.ContentUpserted(**LESSON)).payload_json)
    null = json.loads(check(c.ContentUpserted(**LESSON, body=None)).payload_json)
    assert "body" not in absent
    assert null["body"] is None


def test_references_are_the_aggregates_that_must_exist_first() -> None:
    """A content needs its project and its parent; a project its audience."""
    content = check(c.ContentUpserted(**LESSON, project="p", parent="x--m"))
    assert content.refs == (str(ids.project_id("p")), str(ids.content_id("x--m")))
    assert check(c.ContentUpserted(**LESSON, project=None)).refs == ()
    assert check(c.ProjectUpserted(slug="p", name="P", target_audience="a")).refs == (str(ids.audience_id("a")),)


def test_text_of_every_kind_survives_unchanged() -> None:
    """Newlines, combining marks, emoji and the other planes are data."""
    body = "a\r\nb\tc\u0301 🍞 \U0010ffff \u2028 \x7f"
    assert json.loads(check(c.ContentUpserted(**LESSON, body=body)).payload_json)["body"] == body


def test_the_payload_classes_refuse_to_be_changed() -> None:
    """What was checked cannot be altered before it is written."""
    with pytest.raises(AttributeError):
        c.ContentDeleted(slug="x").slug = "y"
    assert issubclass(c.Payload, msgspec.Struct)
