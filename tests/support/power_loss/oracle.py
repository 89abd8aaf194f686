"""What must be true of an outbox that is opened after a power loss, given what it had told the world before."""

import hashlib
import itertools
from pathlib import Path
from typing import cast

from outbox import Event, Outbox
from outbox.catalogue import Payload
from outbox.catalogue.contract import check
from outbox.ops.check import run_checks
from tests.support.power_loss.ledger import Told
from tests.support.power_loss.units import PERIOD, planned, publish

AFTERWARDS = 1_000 * PERIOD


def assert_nothing_lost(directory: Path, told: Told) -> None:
    """Every unit that was done is there, one that was begun wholly or not at all, files and events agree."""
    root = directory / "content"
    with open_after(directory) as box:
        assert_mended(box)
        events = box.read(limit=100_000)
        published = [*_pruned(box, told, events), *_units(events, told)]
        assert len(published) == len(set(published)), f"units doubled: {published}"
        missing = set(told.done) - set(published)
        assert not missing, f"units {sorted(missing)} had returned and are lost"
        _assert_files(box, root, published, told.removed)
        following = AFTERWARDS + len(told.begun)
        publish(box, planned(following))  # and on it goes, also over files that were there before
        _assert_files(box, root, [*published, following], told.removed)
    for name, last_seq in told.backups.items():
        with Outbox.open(directory / "state" / "box" / name, create=False) as copy:
            assert copy.last_seq == last_seq, f"backup {name} is not what it was"


def open_after(directory: Path) -> Outbox:
    return Outbox.open(directory / "state" / "box" / "outbox.db", content_root=directory / "content")


def assert_mended(box: Outbox) -> None:
    """Recovery could decide everything, and the file passes every check."""
    assert not box.recovered.lost, f"lost: {box.recovered.lost}"
    assert not box.recovered.conflicts, f"taken for edited by hand: {box.recovered.conflicts}"
    assert not box.recovered.blocked, f"blocked: {box.recovered.blocked}"
    failed = [finding for finding in run_checks(box) if not finding.ok]
    assert not failed, failed


def _pruned(box: Outbox, told: Told, events: list[Event]) -> list[int]:
    """Units whose events were deleted on purpose, in the order in which they were committed."""
    first = events[0].seq if events else 1
    assert first in {1, box.relay.pruned_below}, f"the log begins at {first}"
    gone = {seqs[0]: number for number, seqs in told.done.items() if seqs[-1] < first}
    return [gone[seq] for seq in sorted(gone)]


def _units(events: list[Event], told: Told) -> list[int]:
    """The units in the log, each whole, together and one that was begun."""
    found = []
    for number, group in itertools.groupby(events, key=lambda event: cast("int", event.payload["metadata"]["unit"])):
        there = [(event.type, event.payload_json) for event in group]
        wanted = [_as_stored(payload) for payload in planned(number).payloads]
        assert number in told.begun, f"unit {number} was never begun"
        # A prune may have cut the first one.
        assert there == wanted or (not found and there == wanted[-len(there) :]), f"unit {number} is half there"
        found.append(number)
    return found


def _as_stored(payload: Payload) -> tuple[str, str]:
    checked = check(payload)
    return checked.contract.type, checked.payload_json


def _assert_files(box: Outbox, root: Path, published: list[int], removed: set[str]) -> None:
    """On the disk is what the units published, each file in its newest version, and nothing else."""
    wanted: dict[str, bytes] = {}
    for number in published:
        wanted |= planned(number).files
    there = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    # A process that died before it owned its staging directory leaves an empty one, for an hour.
    there = {path: data for path, data in there.items() if not path.endswith("owner.lock")}
    for path in removed:  # by a person
        wanted.pop(path, None), there.pop(path, None)
    assert there.keys() == wanted.keys(), (
        f"lost {wanted.keys() - there.keys()}, left over {there.keys() - wanted.keys()}"
    )
    differing = [path for path in wanted if there[path] != wanted[path]]
    assert not differing, f"not the newest version, or torn: {differing}"
    assert {file.path: file.sha256 for file in box.files() if file.path not in removed} == {
        path: hashlib.sha256(data).hexdigest() for path, data in wanted.items()
    }
