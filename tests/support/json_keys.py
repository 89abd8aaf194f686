"""Holds the JSON that a command prints to the keys that docs/cli.md tells."""

import json
from collections.abc import Iterator
from typing import Any

from docs.generate import keys_of


def are_told(command: str, printed: str) -> None:
    """Fail unless the keys of `printed` are those of the table, to the depth to which the table goes."""
    told = keys_of(command)
    value = json.loads(printed)
    found = set(_walk(value[0] if isinstance(value, list) else value, "", told))
    empty = {key for key in told if any(key.startswith(f"{path}[].") for path in found)} - found
    # Of an empty list nothing can be said; of one with elements every key is there.
    assert found | empty == set(told), (
        f"{command}: docs/cli_notes.toml differs in {sorted((found | empty) ^ set(told))}"
    )


def _walk(value: dict[str, Any], prefix: str, told: dict[str, str]) -> Iterator[str]:
    for key, below in value.items():
        path = f"{prefix}{key}"
        yield path
        if isinstance(below, dict) and any(one.startswith(f"{path}.") for one in told):
            yield from _walk(below, f"{path}.", told)
        if isinstance(below, list) and below and any(one.startswith(f"{path}[].") for one in told):
            yield from _walk(below[0], f"{path}[].", told)
