"""Writes docs/events.md from the catalogue: `python -m outbox.catalogue.page > docs/events.md`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from outbox.catalogue.chosen import active
from outbox.catalogue.contract import check
from outbox.catalogue.event_types import Contract

_HEAD = """\
# Event catalogue, version 1

Generated from the catalogue by `python -m outbox.catalogue.page > docs/events.md`; a test keeps it true.

A payload refers to other aggregates by slug, because rows that were in the database before keep their ids. A field
that is left out is left alone in the database; `null` sets it to null. Unknown fields are refused, as are NUL
characters, lone surrogates, NaN, integers beyond 64 bits and payloads above the limit (16 MiB by default).

| type | aggregate | what it does in Postgres |
|---|---|---|
"""


def page() -> str:
    """Return the page as Markdown."""
    contracts = active().contracts.values()
    rows = "".join(f"| [`{c.type}`](#{_anchor(c)}) | {c.aggregate_type} | {c.effect} |\n" for c in contracts)
    return _HEAD + rows + "".join("\n" + "\n".join(_section(contract)) + "\n" for contract in contracts)


def _anchor(contract: Contract) -> str:
    return contract.type.replace(".", "")


def _section(contract: Contract) -> Iterator[str]:
    yield f"## {contract.type}"
    yield ""
    yield contract.effect
    yield ""
    yield "| field | type | required |"
    yield "|---|---|---|"
    (schema,), definitions = msgspec.json.schema_components([contract.payload])
    body = definitions[schema["$ref"].rsplit("/", 1)[1]]
    for name, field in body["properties"].items():
        yield f"| `{name}` | {_words(field)} | {'yes' if name in body['required'] else 'no'} |"
    yield ""
    yield "```json"
    yield json.dumps(json.loads(check(contract.example).payload_json), ensure_ascii=False, indent=2)
    yield "```"


def _words(field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_words(option) for option in field["anyOf"])
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    words = str(field.get("format") or field["type"])
    limits = {
        "minLength": "at least {} characters",
        "maxLength": "at most {} characters",
        "minimum": "from {}",
        "maximum": "to {}",
        "pattern": "matching `{}`",
    }
    phrases = [phrase.format(str(field[key]).replace("|", "\\|")) for key, phrase in limits.items() if key in field]
    return ", ".join([words, *phrases])


if __name__ == "__main__":
    sys.stdout.write(page())
