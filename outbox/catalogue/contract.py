"""Checks a payload against its contract, once, when it is appended.

What SQLite would take and Postgres would not (a NUL byte, a lone surrogate, NaN) is refused here, where the
generator can still say which field of which lesson it was, rather than weeks later on another machine.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any
from uuid import UUID

import msgspec

from outbox.catalogue import ids
from outbox.catalogue.chosen import active
from outbox.catalogue.event_types import Contract, Payload, contract_of
from outbox.errors import ContractError, PayloadTooLarge
from outbox.settings import DEFAULT_PAYLOAD_LIMIT_BYTES

_MAX_DEPTH = 64
_MAX_INTEGER = 2**63 - 1  # what every JSON reader on the way is sure to keep exact

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder_of = cache(msgspec.json.Decoder[Payload])
_SURROGATE = re.compile("[\ud800-\udfff]")


class Checked(msgspec.Struct, frozen=True):
    """A payload that keeps its contract, ready for the log; ids as they stand there."""

    contract: Contract
    aggregate: str
    slot: str
    refs: tuple[str, ...]
    payload_utf8: bytes
    payload_sha256: str

    @property
    def aggregate_id(self) -> UUID:
        """What it is about."""
        return UUID(self.aggregate)

    @property
    def payload_json(self) -> str:
        """The payload as text."""
        return self.payload_utf8.decode()


def check(payload: Payload, *, limit_bytes: int = DEFAULT_PAYLOAD_LIMIT_BYTES) -> Checked:
    """Check one payload.

    Args:
        payload: an instance of one of the classes in `outbox.catalogue`.
        limit_bytes: largest size of the payload as JSON.

    Raises:
        ContractError: a field is wrong; the error names it.
        PayloadTooLarge: the JSON is larger than `limit_bytes`.
        UnknownEventType: the class is not in the catalogue.
    """
    contract = contract_of(payload)
    values = msgspec.structs.astuple(payload)
    if not _are_plain(values):  # then a closer look, which has a name for what is wrong
        for field, value in zip(payload.__struct_fields__, values, strict=True):
            _check_storable(contract.type, f"$.{field}", value)
    outline = payload
    if contract.body is not None and isinstance(getattr(payload, contract.body), str):
        # Any text is a body, and it is most of the payload: it need not be read back.
        outline = msgspec.structs.replace(payload, **{contract.body: ""})
    try:
        raw = _encoder.encode(payload)
        # Instances are not checked when made, so what was written is read back under the contract.
        _decoder_of(contract.payload).decode(raw if outline is payload else _encoder.encode(outline))
    except UnicodeEncodeError as exc:
        # The encoder has only said that there is one.
        field, at = next(_surrogates("$", msgspec.structs.asdict(payload)))
        raise ContractError(contract.type, field, f"lone surrogate at position {at}: not valid Unicode") from exc
    except (msgspec.ValidationError, TypeError) as exc:
        raise _as_contract_error(contract.type, exc) from exc
    if len(raw) > limit_bytes:
        raise PayloadTooLarge(
            contract.type,
            "$",
            f"{len(raw):,} bytes, the limit is {limit_bytes:,}: split the content, or raise OUTBOX_PAYLOAD_LIMIT_BYTES",
        )
    return Checked(
        contract=contract,
        aggregate=ids.aggregate_text(contract.aggregate_type, contract.key(payload)),
        slot=contract.slot(payload),
        refs=contract.refs(payload),
        payload_utf8=raw,
        payload_sha256=hashlib.sha256(raw).hexdigest(),
    )


def parse(event_type: str, payload: dict[str, Any]) -> Payload:
    """Make a payload of the given type from plain data, for edits and imports.

    Raises:
        ContractError: the type is unknown or a field is wrong.
    """
    contracts = active().contracts
    contract = contracts.get(event_type)
    if contract is None:
        raise ContractError(event_type, "$", f"unknown event type; known are {', '.join(contracts)}")
    try:
        return msgspec.convert(payload, contract.payload)
    except msgspec.ValidationError as exc:
        raise _as_contract_error(event_type, exc) from exc


def _as_contract_error(event_type: str, exc: Exception) -> ContractError:
    # msgspec ends its message with the field: "Expected `str`, got `int` - at `$.slug`".
    problem, _, where = str(exc).partition(" - at `")
    return ContractError(event_type, where.removesuffix("`") or "$", problem[:1].lower() + problem[1:])


def _are_plain(values: Iterable[Any], depth: int = 0) -> bool:
    """Tell at a glance that every reader can store these values; what is rare needs `_check_storable`."""
    for value in values:
        kind = type(value)
        if kind is str:
            if "\x00" in value:
                return False
        elif value is None or value is msgspec.UNSET or kind is bool:
            pass
        elif kind is int:
            if not -_MAX_INTEGER <= value <= _MAX_INTEGER:
                return False
        elif depth == _MAX_DEPTH or not _is_plain_inside(value, depth + 1):
            return False
    return True


def _is_plain_inside(value: Any, depth: int) -> bool:
    if type(value) is dict:
        for key in value:
            if type(key) is not str or "\x00" in key:
                return False
        return _are_plain(value.values(), depth)
    return type(value) is list and _are_plain(value, depth)


def _check_storable(event_type: str, field: str, value: Any, depth: int = 0) -> None:
    if depth > _MAX_DEPTH and isinstance(value, (dict, list, tuple)):
        raise ContractError(event_type, field, f"nested deeper than {_MAX_DEPTH} levels")
    if isinstance(value, str):
        _check_text(event_type, field, value)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ContractError(event_type, field, f"key {key!r} is not a string")
            _check_text(event_type, field, key)
            _check_storable(event_type, f"{field}.{key}", item, depth + 1)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _check_storable(event_type, f"{field}[{index}]", item, depth + 1)
    elif isinstance(value, (float, int)):
        _check_number(event_type, field, value)


def _check_number(event_type: str, field: str, value: float) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ContractError(event_type, field, f"{value} is not a JSON number")
    if isinstance(value, int) and abs(value) > _MAX_INTEGER:
        raise ContractError(event_type, field, "integer beyond 64 bits; store it as text")


def _check_text(event_type: str, field: str, text: str) -> None:
    if "\x00" in text:
        at = text.index("\x00")
        raise ContractError(event_type, field, f"NUL character at position {at}: Postgres stores no NUL in text")


def _surrogates(field: str, value: Any) -> Iterator[tuple[str, int]]:
    """Yield field and position of text that cannot be encoded, keys of mappings included."""
    if isinstance(value, str) and (found := _SURROGATE.search(value)):
        yield field, found.start()
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _surrogates(field, key)
            yield from _surrogates(f"{field}.{key}", item)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _surrogates(f"{field}[{index}]", item)
