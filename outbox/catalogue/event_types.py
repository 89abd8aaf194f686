"""What events say: a class for each event type, and the contract that is derived from it."""

from __future__ import annotations

import builtins
import operator
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec

from outbox.catalogue import ids
from outbox.catalogue.tables import Aggregate, Column, Link, Outside, as_key, check_names
from outbox.errors import CatalogueError, UnknownEventType

# Slot of the whole state of an aggregate: what makes it and what deletes it replace each other.
STATE_SLOT = "state"
# Noted beside it when a row is removed for good: what was said before that is news again. No event has such a slot.
REMOVED_SLOT = "-removed"

Step = Callable[[dict[str, Any]], dict[str, Any]]
_TYPE = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*\Z")


class Payload(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=False):
    """What an event says. Instances are checked when they are appended, not when they are made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a payload and its column.

    Attributes:
        field: of the payload.
        column: of the table.
        refers_to: what it names by natural key, if anything.
        merged: keys are merged into it.
        body: a long text.
        path: a file's path.
        required: every event of the type sets it.
    """

    field: str
    column: str
    refers_to: Aggregate | Outside | None
    merged: bool
    body: bool
    path: bool
    required: bool


class Does(Enum):
    """What an event does with the row of its aggregate."""

    MAKES = "makes"
    PATCHES = "patches"
    DELETES = "deletes"
    LINKS = "links"
    UNLINKS = "unlinks"
    REMOVES = "removes"
    RECORDS = "records"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One event type.

    Attributes:
        type: name as in the log, ``aggregate.happened``.
        version: the version written today; older ones are upcast when read (`outbox.catalogue.upcast`).
        steps: version -> what makes a payload of the next one of it.
        payload: class of the payload.
        aggregate: what it is about.
        does: what it does with that.
        link: which link it makes or removes.
        fields: where its fields land, without those of the key.
        slot: names what a later event replaces; an event equal to the newest one in its slot is no news.
        key: the natural key that a payload object names.
        refs: ids, as text, of the other aggregates that must exist before this event can be applied.
        effect: one sentence for the docs: what happens in Postgres.
        example: a payload for the docs and the tests.
        aggregate_type: kind of the aggregate, as in the log.
        patches: whether the same patch is news again after a later event that makes the row.
        body: the field that holds the text of a file.
        path: the field that holds the path of that file.
        by_name: the fields by their names.
        pointing: those that name a row of an aggregate.
        merged: columns that are merged by key.
        key_types: of the parts of the natural key, as JSON has them.
        key_is_text: the natural key is one text.
    """

    type: str
    version: int
    steps: Mapping[int, Step]
    payload: builtins.type[Payload]
    aggregate: Aggregate
    does: Does
    link: Link | None
    fields: tuple[Field, ...]
    slot: Callable[[Any], str]
    key: Callable[[Any], str]
    refs: Callable[[Any], tuple[str, ...]]
    effect: str
    example: Payload
    aggregate_type: str
    patches: bool
    body: str | None
    path: str | None
    by_name: Mapping[str, Field]
    pointing: tuple[Field, ...]
    merged: frozenset[str]
    key_types: tuple[builtins.type, ...]
    key_is_text: bool

    def key_in(self, payload: Mapping[str, Any]) -> str:
        """Return the natural key that a payload names, as data.

        Raises:
            KeyError: a part of it is not there, or of another type.
        """
        for name, kind in zip(self.aggregate.key, self.key_types, strict=True):
            if type(payload[name]) is not kind:
                raise KeyError(name)
        return self.aggregate.key_in(payload)


_P = typing.TypeVar("_P", bound=Payload)
_DECLARED: dict[builtins.type[Payload], Contract] = {}
_REMOVED_FOR_GOOD: set[Aggregate] = set()


def event_type(
    type_: str,
    *,
    example: Mapping[str, Any],
    makes: Aggregate | None = None,
    patches: Aggregate | None = None,
    deletes: Aggregate | None = None,
    links: Link | None = None,
    unlinks: Link | None = None,
    removes: Aggregate | None = None,
    records: Aggregate | None = None,
    slot: str | None = None,
    version: int = 1,
    steps: Mapping[int, Step] | None = None,
) -> Callable[[builtins.type[_P]], builtins.type[_P]]:
    """Declare a payload class as an event type; the class's docstring says in one sentence what happens in Postgres.

    Args:
        type_: ``aggregate.happened``.
        example: a payload for the docs and the tests.
        makes: the event says the whole state of a row, and makes it if it is new.
        patches: it sets some columns of a row that exists.
        deletes: it sets the column for the moment of deletion (`soft_delete`); the row stays.
        links: it makes a link.
        unlinks: it removes a link.
        removes: it removes the row for good, and what was said before does not bring it back; a later event that
            makes it does.
        records: it is itself a row, each event one; for `Recorded`.
        slot: of a patch: what a later event of the same slot replaces; by default what follows the dot of `type_`.
        version: of the payload.
        steps: for each earlier version, what makes the next one of it.

    Raises:
        CatalogueError: the declaration contradicts itself.
    """
    chosen = [
        (does, one)
        for does, one in zip(Does, (makes, patches, deletes, links, unlinks, removes, records), strict=True)
        if one is not None
    ]
    if len(chosen) != 1:
        raise CatalogueError(f"event {type_!r}: say one of makes, patches, deletes, links, unlinks, removes")
    ((does, about),) = chosen
    if does is Does.PATCHES and (slot or type_.partition(".")[2]) == STATE_SLOT:
        raise CatalogueError(
            f"event {type_!r}: the slot {STATE_SLOT!r} is that of the whole row: give the patch another"
        )
    link = about if isinstance(about, Link) else None
    aggregate = about.of if isinstance(about, Link) else about
    _check_type(type_, aggregate, version, steps or {})
    if does is Does.REMOVES:
        _REMOVED_FOR_GOOD.add(aggregate)

    def declared(payload: builtins.type[_P]) -> builtins.type[_P]:
        fields = tuple(_fields(type_, payload, aggregate, link))
        hints = typing.get_type_hints(payload)
        _DECLARED[payload] = Contract(
            type=type_,
            version=version,
            steps=dict(steps or {}),
            payload=payload,
            aggregate=aggregate,
            does=does,
            link=link,
            fields=fields,
            slot=_slot(type_, does, link, slot),
            key=_key(aggregate, payload),
            # What removes a link must not wait for an end that cannot go while the link is there.
            refs=_refs(
                tuple(one for one in fields if does is not Does.UNLINKS or link is None or one.field != link.name)
            ),
            effect=" ".join((payload.__doc__ or "").split()),
            example=_example(type_, payload, example),
            aggregate_type=aggregate.kind,
            patches=does is Does.PATCHES,
            body=next((one.field for one in fields if one.body), None),
            path=next((one.field for one in fields if one.path), None),
            by_name={one.field: one for one in fields},
            pointing=tuple(one for one in fields if isinstance(one.refers_to, Aggregate)),
            merged=frozenset(one.column for one in fields if one.merged),
            key_is_text=[hints[name] for name in aggregate.key] == [str],
            key_types=tuple(int if hints[name] is int else str for name in aggregate.key),
        )
        return payload

    return declared


def contract_of(payload: Payload | builtins.type[Payload]) -> Contract:
    """Return the contract that a payload object, or its class, was declared with.

    Raises:
        UnknownEventType: the class was not declared with `event_type`.
    """
    kind = payload if isinstance(payload, type) else type(payload)
    contract = _DECLARED.get(kind)
    if contract is None:
        known = ", ".join(sorted(one.type for one in _DECLARED.values()))
        raise UnknownEventType(kind.__name__, "$", f"no event type has this payload; known are {known}")
    return contract


def may_be_removed(aggregate: Aggregate | Outside | None) -> bool:
    """Return whether an event type is declared that removes rows of this aggregate for good."""
    return aggregate in _REMOVED_FOR_GOOD


def _check_type(type_: str, aggregate: Aggregate, version: int, steps: Mapping[int, Step]) -> None:
    if not _TYPE.match(type_) or type_.partition(".")[0] != aggregate.kind:
        raise CatalogueError(f"event {type_!r}: a type is named {aggregate.kind}.what_happened")
    if sorted(steps) != list(range(1, version)):
        raise CatalogueError(
            f"event {type_!r}: version {version} needs one step for each of versions 1 to {version - 1}"
        )


def _fields(type_: str, payload: builtins.type[Payload], aggregate: Aggregate, link: Link | None) -> Iterator[Field]:
    hints = typing.get_type_hints(payload, include_extras=True)
    found = {one.name: one for one in msgspec.structs.fields(payload)}
    needed = {*aggregate.key, *((link.name, *link.keys) if link is not None else ())}
    for name in sorted(needed):
        if name not in found or not found[name].required:
            raise CatalogueError(f"event {type_!r}: {payload.__name__} must have a required field {name!r}")
    for name, one in found.items():
        if name in aggregate.key:
            continue
        said = next((mark for mark in _marks(hints[name]) if isinstance(mark, Column)), Column())
        place = said.name or name
        refers_to = said.refers_to
        if link is not None and name == link.name:
            place, refers_to = link.columns[1], link.to if isinstance(link.to, Aggregate) else None
        check_names(f"event {type_!r}, field {name!r}", place)
        yield Field(
            field=name,
            column=place,
            refers_to=refers_to,
            merged=said.merged,
            body=said.body,
            path=said.path,
            required=one.required,
        )


def _marks(hint: Any) -> tuple[Any, ...]:
    return tuple(getattr(hint, "__metadata__", ()))


def _example(type_: str, payload: builtins.type[_P], example: Mapping[str, Any]) -> _P:
    try:
        return msgspec.convert(dict(example), payload)
    except msgspec.ValidationError as exc:
        raise CatalogueError(f"event {type_!r}: its example breaks its contract: {exc}") from exc


def _slot(type_: str, does: Does, link: Link | None, slot: str | None) -> Callable[[Any], str]:
    if link is not None:
        prefix, names = link.name, (*link.keys, link.name)
        return lambda payload: ":".join((prefix, *(str(getattr(payload, name)) for name in names)))
    name = (slot or type_.partition(".")[2]) if does is Does.PATCHES else STATE_SLOT
    return lambda _payload: name


def _key(aggregate: Aggregate, payload: builtins.type[Payload]) -> Callable[[Any], str]:
    if len(aggregate.key) > 1:
        get_all: Callable[[Any], Any] = operator.attrgetter(*aggregate.key)
        return lambda one: as_key(get_all(one))
    (name,) = aggregate.key
    get: Callable[[Any], Any] = operator.attrgetter(name)
    return get if typing.get_type_hints(payload)[name] is str else lambda one: as_key(get(one))


def _refs(fields: tuple[Field, ...]) -> Callable[[Any], tuple[str, ...]]:
    named = [(one.field, one.refers_to.kind) for one in fields if isinstance(one.refers_to, Aggregate)]
    if not named:
        return lambda _payload: ()
    make = ids.aggregate_text

    def refs(payload: Any) -> tuple[str, ...]:
        return tuple([make(kind, as_key(value)) for name, kind in named if (value := getattr(payload, name))])

    return refs
