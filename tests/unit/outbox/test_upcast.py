import dataclasses
import json
from pathlib import Path

import pytest

from outbox import NewerVersion, UnknownEventType, catalogue
from outbox.catalogue.contract import parse
from outbox.catalogue.upcast import upcast

CORPUS = Path(__file__).resolve().parents[2] / "data" / "payloads"


def test_every_version_ever_written_is_still_readable() -> None:
    """The corpus keeps, for each type and version, what was written then; all of it reads as of today."""
    found = set()
    for file in sorted(CORPUS.glob("*.json")):
        recorded = json.loads(file.read_text())
        today = upcast(recorded["type"], recorded["version"], recorded["payload"])
        contract = catalogue.active().contracts[recorded["type"]]
        assert contract.key(parse(recorded["type"], today)) == contract.key_in(recorded["payload"])
        found.add((recorded["type"], recorded["version"]))
    expected = {(c.type, version) for c in catalogue.CONTRACTS.values() for version in range(1, c.version + 1)}
    assert found == expected


def test_each_step_up_to_today_exists() -> None:
    """Raising a version without saying how the older one reads is caught here."""
    for contract in catalogue.CONTRACTS.values():
        for version in range(1, contract.version):
            assert version in contract.steps


def test_older_payloads_go_through_every_step_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 1 becomes 2, then 3."""
    steps = {
        1: lambda payload: {**payload, "path": [*payload.get("path", []), 2]},
        2: lambda payload: {**payload, "path": [*payload.get("path", []), 3]},
    }
    contract = dataclasses.replace(catalogue.CONTRACTS["content.deleted"], version=3, steps=steps)
    monkeypatch.setitem(catalogue.CONTRACTS, "content.deleted", contract)
    assert upcast("content.deleted", 1, {"slug": "x"})["path"] == [2, 3]
    assert upcast("content.deleted", 2, {"slug": "x"})["path"] == [3]
    assert upcast("content.deleted", 3, {"slug": "x"}) == {"slug": "x"}


def test_a_newer_version_is_told_apart_from_an_unknown_type() -> None:
    """The first is held until this host is upgraded; neither is read as something else."""
    with pytest.raises(NewerVersion, match="upgrade this host"):
        upcast("content.deleted", 99, {})
    with pytest.raises(UnknownEventType):
        upcast("content.exploded", 1, {})
