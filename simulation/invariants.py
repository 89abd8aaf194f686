"""What must hold at the end of every run, and whenever something is pruned; the rest is judged as it happens."""

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import msgspec

from outbox import Outbox
from outbox.catalogue import STAMP, Does, Payload, contract_of
from outbox.operating import run_checks
from simulation.declared import CATALOGUE, TABLES, key_text, named
from simulation.host import Host
from simulation.kernel import Kernel, Violation

# Of one event: the first is free, a batch of four is halved, three are proof; and some more where a
# store was put back meanwhile.
MOST_DEATHS = 20

LEAST_SECONDS_BETWEEN_LOGINS = 299.0  # poolers ban who has ten refused ones in 150 s, or two in half an hour


def everything_is_as_it_should_be(host: Host, applied: Collection[int], *, is_refused: bool) -> None:
    """Look at everything of a host, once nobody runs any more.

    Args:
        host: the host.
        applied: the seqs of its events that took effect in the database.
        is_refused: whether nothing more can be delivered from it, and rightly.

    Raises:
        Violation: a guarantee is broken.
    """
    with Outbox.open(host.log, content_root=host.root, clock=host) as box:
        problems = [finding for finding in run_checks(box) if not finding.ok]
        told = set(box.recovered.others)
    if problems:
        raise Violation("the_file_is_sound", str(problems))
    host.witness.look_again()
    if not is_refused:
        every_event_took_effect_or_was_discarded(host, applied)
    files_are_what_the_log_says(host, told)


def what_was_said_is_in_the_log(host: Host, said: Sequence[Payload]) -> None:
    """G2: after a unit, the newest of what the log says about each thing is what the unit said of it.

    Raises:
        Violation: it was not appended, although it was news.
    """
    newest: dict[tuple[str, ...], tuple[int, dict[str, Any]]] = {}
    for event in host.witness.events.values():
        newest[_about(event.type, event.payload)] = (event.seq, event.payload)
    last_said = {_about(kind, plain): (kind, plain) for kind, plain in map(_plain, said)}
    for about, (kind, plain) in last_said.items():
        seq, found = newest.get(about, (0, {}))
        contract = CATALOGUE.contracts[kind]
        makers = [one.type for one in CATALOGUE.contracts.values() if one.does is Does.MAKES]
        about_whole = [_about(one, plain) for one in makers if CATALOGUE.contracts[one].aggregate is contract.aggregate]
        whole = max((newest.get(one, (0, {}))[0] for one in about_whole), default=0)
        if contract.does is Does.DELETES:  # deleted is deleted, whenever it was
            continue
        if found != plain or (contract.patches and whole > seq):
            raise Violation("what_was_said_is_in_the_log", f"said {kind} {plain}, event {seq} says {found}")


def what_raised_was_not_kept(host: Host, before: int, said: Sequence[Payload]) -> None:
    """G2: of a unit that raised, nothing is in the log.

    Raises:
        Violation: something is.
    """
    host.witness.look()
    wanted = [_plain(one) for one in said]
    for seq, event in host.witness.events.items():
        if seq > before and (event.type, event.payload) in wanted:
            raise Violation("what_raised_was_not_kept", f"event {seq} of a unit that raised")


def _plain(payload: Payload) -> tuple[str, dict[str, Any]]:
    return contract_of(payload).type, json.loads(msgspec.json.encode(payload))


def _about(kind: str, payload: dict[str, Any]) -> tuple[str, ...]:
    """What the newest event decides: one link, whether it is made or removed, or what one type says of one row."""
    contract = CATALOGUE.contracts[kind]
    link = contract.link
    marks = () if link is None else tuple(str(payload[name]) for name in (link.name, *link.keys))
    return (kind if link is None else link.name, key_text(contract.aggregate, payload), *marks)


def every_event_took_effect_or_was_discarded(host: Host, applied: Collection[int]) -> None:
    """G3, G5: nothing is lost on the way."""
    for seq in host.witness.events:
        if seq not in applied and not host.witness.was_discarded(seq):
            raise Violation("every_event_takes_effect", f"event {seq} of {sorted(host.witness.events)}")


def files_are_what_the_log_says(host: Host, told: Collection[str]) -> None:
    """G2: one event per published file, no file without an event, nothing temporary is left.

    Args:
        host: the host.
        told: staging directories of which recovery said that they are another outbox's. A backup is another file than
            the one in whose place it was put: what that one left is told, and stays.
    """
    for path in host.files():
        versions = host.versions(path)
        found = host.hash_of(path)
        if found not in host.hand_made | host.taken_back and (not versions or found != versions[-1].body_hash):
            raise Violation("files_are_what_the_log_says", f"{path} is {found}, should be {versions[-1:]}")
    for event in host.witness.events.values():
        carried = event.payload.get("file_path")
        if (
            isinstance(carried, str)
            and host.hash_of(carried) is None
            and carried not in {*host.removed, *host.may_be_gone}
        ):
            raise Violation("files_are_what_the_log_says", f"{carried} of event {event.seq} is not there")
    if left := [
        one for one in host.temporary_files() if one not in host.left_by_another or str(Path(one).parent) not in told
    ]:
        raise Violation("nothing_temporary_is_left", str(left))


def the_wrong_file_is_refused(before: tuple[Any, ...] | None, host: Host) -> None:
    """G7: a worker that met a file older than the position said so, rather than that all is well.

    Args:
        before: what stood in the file as the worker's last word when it was put in place.
        host: where it lies.

    Raises:
        Violation: the worker said that it follows it.
    """
    after = host.witness.worker_report()
    if after is not None and after != before and after[0] in {"following", "draining"}:
        raise Violation("the_wrong_file_is_refused", f"the worker said {after}")


def the_file_is_opened_as_promised(journal_mode: str) -> None:
    """G2: whatever stands in the place of the outbox file, a commit goes through the WAL; or there is no file at all.

    Raises:
        Violation: readers and the writer would block each other.
    """
    if journal_mode not in {"wal", "memory"}:
        raise Violation("the_file_is_opened_as_promised", f"journal mode {journal_mode}")


def one_worker_serves_the_file(host: Host) -> None:
    """G3: by whatever name it is reached.

    Raises:
        Violation: another one does at this moment.
    """
    if host.serving:
        raise Violation("one_worker_serves_the_file", f"{host.serving} do already")


def _makes(kind: str) -> bool:
    return CATALOGUE.contracts[kind].does is Does.MAKES


def what_only_adds_goes_along(host: Host, seq: int) -> None:
    """G5: with a first version everything is discarded that only adds to it; one decision is enough.

    Raises:
        Violation: something was left, which the database can only refuse.
    """
    host.witness.look()
    first = host.witness.events[seq]
    mine = [one for one in host.witness.events.values() if one.aggregate_id == first.aggregate_id]
    if any(one.seq < host.witness.first_kept() for one in mine):  # what was pruned may have made the row
        return
    is_first = all(one.seq >= seq or not _makes(one.type) or host.witness.decided(one.seq)[0] for one in mine)
    if not _makes(first.type) or not is_first:
        return
    for one in sorted(mine, key=lambda one: one.seq):
        if one.seq > seq and _makes(one.type):
            return
        if one.seq > seq and not host.witness.decided(one.seq)[0]:
            raise Violation("what_only_adds_goes_along", f"event {one.seq} only adds to {seq}, which was discarded")


def what_was_decided_took_effect(host: Host, others: Sequence[Host], tables: dict[str, dict[Any, Any]]) -> None:
    """G5: an edit that was answered with success stands in the row, where nothing newer was said, by any host.

    Args:
        host: where it was decided.
        others: who may have said something newer about the same row.
        tables: kind -> natural key -> row.

    Raises:
        Violation: it does not.
    """
    newest = {one.aggregate_id: one for one in host.witness.events.values() if _makes(one.type)}
    elsewhere = {one.aggregate_id: one.event_id for other in others for one in other.witness.events.values()}
    for event in newest.values():
        if event.aggregate_id in elsewhere and elsewhere[event.aggregate_id] > event.event_id:
            continue
        discarded, payload = host.witness.decided(event.seq)
        row, title = tables[event.kind].get(named(event.kind, event.payload)), TABLES[event.kind].title
        mine = {one.event_id for one in host.witness.events.values() if one.aggregate_id == event.aggregate_id}
        discarded = discarded or host.witness.was_discarded(
            event.seq
        )  # also by a decision that went with a file put back
        if title is None or payload is None or discarded or row is None or row[STAMP] not in mine:
            continue
        if row[title] != payload[title]:
            raise Violation("what_was_decided_took_effect", f"event {event.seq} was edited to {payload}: {row}")


def a_killer_is_found(seq: int, deaths: int) -> None:
    """G5: a process dies of one event a few times; then it is known, whatever else is tried meanwhile.

    Args:
        seq: of the event.
        deaths: how often somebody died of it since it was decided about.

    Raises:
        Violation: too often.
    """
    if deaths > MOST_DEATHS:
        raise Violation("a_killer_is_found", f"somebody died {deaths} times of event {seq}")


def nothing_unproven_is_pruned(host: Host, before: int, proven: frozenset[int]) -> None:
    """G6: what is gone from the file had taken effect in the database when it was verified, or was discarded.

    Args:
        host: whose file was pruned.
        before: what was pruned earlier; the database may have gone back behind that since.
        proven: what had taken effect.

    Raises:
        Violation: it had not.
    """
    for seq in host.witness.events:
        gone = before <= seq < host.witness.pruned_below
        if gone and seq not in proven and not host.witness.was_discarded(seq):
            raise Violation("nothing_unproven_is_pruned", f"event {seq}, pruned below {host.witness.pruned_below}")


class Knocks:
    """G4: a login that was refused is tried again after minutes, for a pooler bans who tries more often."""

    def __init__(self) -> None:
        self._refused_at: dict[int, float] = {}

    def refused(self, kernel: Kernel) -> None:
        """A login of the process that runs was refused; one of its second lane, beside a session, is not counted."""
        me = kernel.me
        if me is not None and all(getattr(one, "closed", True) for one in me.belongings):
            self._refused_at[id(me)] = kernel.now

    def knocked(self, kernel: Kernel) -> None:
        """The process that runs logs in.

        Raises:
            Violation: too soon after it was refused.
        """
        last = self._refused_at.pop(id(kernel.me), None)
        if last is not None and kernel.now - last < LEAST_SECONDS_BETWEEN_LOGINS:
            raise Violation("a_refused_login_is_tried_rarely", f"again after {kernel.now - last:.0f} s")
