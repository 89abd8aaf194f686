"""Misfortunes: what happens at a moment, whoever does what, and how it is put right later."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from outbox import Outbox
from outbox.catalogue import ContentTagged
from simulation.destination.server import Server
from simulation.destination.tables import Tables
from simulation.faults import Misfortune
from simulation.host import Host
from simulation.invariants import the_wrong_file_is_refused
from simulation.kernel import Kernel
from simulation.ledger import Book, Ledger
from simulation.plan import Scenario
from simulation.programs import PROJECT, delete_by_hand, edit_by_hand, neighbour, take_back_by_hand
from simulation.template import copy_of
from simulation.witness import Witness

SWAPPED_SECONDS = 400.0


class Misfortunes:
    """Brings about those of a scenario.

    Args:
        chance: what a power loss leaves is a matter of chance.
        struck: told of each.
        replay: starts an operator who has events applied again, and says when that is over.

    Attributes:
        left: how many are still to come, or not yet put right.
    """

    def __init__(
        self,
        scenario: Scenario,
        kernel: Kernel,
        hosts: Sequence[Host],
        server: Server,
        ledger: Ledger,
        *,
        chance: random.Random,
        struck: set[str],
        replay: Callable[[Host, float, Callable[[], None]], None],
    ) -> None:
        self._kernel = kernel
        self._hosts = hosts
        self._server = server
        self._ledger = ledger
        self._power_chance = chance
        self._struck = struck
        self._start_replay = replay
        self._to_come = scenario.misfortunes
        self._chance = random.Random(f"misfortunes {scenario.seed}")
        self._report: dict[Host, tuple[Any, ...] | None] = {}
        self._copied: dict[Host, int] = {}
        self._newest: dict[Host, Witness] = {}
        self._backups: dict[Misfortune, tuple[Tables, Book]] = {}
        self.left = 0

    def begin(self) -> None:
        """Arm them all."""
        for one in self._to_come:
            self._later(one.at, one.kind, one)

    def _later(self, seconds: float, name: str, one: Misfortune) -> None:
        self.left += 1

        def happen() -> None:
            self.left -= 1
            self._kernel.tell(f"misfortune: {name} of host {one.host}, {one.seconds:.1f} s")
            self._struck.add(name)
            getattr(self, f"_{name}")(one, self._hosts[one.host])

        self._kernel.after(seconds, happen)

    def _restart(self, one: Misfortune, _host: Host) -> None:
        self._server.restart(one.seconds)

    def _restore(self, one: Misfortune, _host: Host) -> None:
        self._backups[one] = (self._server.tables.copy(), self._ledger.snapshot())
        self._later(one.seconds, "restored", one)

    def _restored(self, one: Misfortune, _host: Host) -> None:
        if any(host.is_swapped for host in self._hosts):  # one thing at a time: two histories cannot be judged
            self._later(60.0, "restored", one)
            return
        tables, book = self._backups.pop(one)
        self._server.restore(tables)
        book.charges = self._ledger.book.charges  # what was tried was tried; the outbox file remembers it
        self._ledger.book = book

    def _broken(self, one: Misfortune, _host: Host) -> None:
        self._server.refuse_all, self._ledger.blame = "23514", None
        self._later(one.seconds, "mended", one)

    def _mended(self, _one: Misfortune, _host: Host) -> None:
        self._server.refuse_all = None

    def _hidden(self, one: Misfortune, _host: Host) -> None:
        self._server.hides_minds = True
        self._later(one.seconds, "shown", one)

    def _shown(self, _one: Misfortune, _host: Host) -> None:
        self._server.hides_minds = False

    def _behind(self, one: Misfortune, _host: Host) -> None:
        self._server.sequence_is_behind = True
        self._ledger.excused.discard("tags_pkey")
        self._later(one.seconds, "set_right", one)

    def _set_right(self, _one: Misfortune, _host: Host) -> None:
        self._server.sequence_is_behind = False
        self._ledger.excused.add("tags_pkey")

    def _clock(self, one: Misfortune, host: Host) -> None:
        host.skew_seconds += one.amount

    def _power(self, _one: Misfortune, host: Host) -> None:
        host.lose_power(self._power_chance)

    def _full(self, one: Misfortune, host: Host) -> None:
        host.had_trouble = True
        host.full_until = self._kernel.now + one.seconds

    def _edit(self, _one: Misfortune, host: Host) -> None:
        edit_by_hand(host, self._chance)

    def _delete(self, _one: Misfortune, host: Host) -> None:
        if not host.is_swapped:
            delete_by_hand(host, self._chance)

    def _take_back(self, _one: Misfortune, host: Host) -> None:
        if not host.is_swapped:
            take_back_by_hand(host, self._chance)

    def _neighbour(self, one: Misfortune, host: Host) -> None:
        """Another outbox on this CONTENT_ROOT is opened, and again later."""
        if host.is_swapped:
            return
        neighbour(host, self._chance)
        host.disk.everything_synced()
        if one.seconds > 1:
            self._later(one.seconds, "neighbour", replace(one, seconds=0.0))

    def _replay(self, one: Misfortune, host: Host) -> None:
        if host.is_swapped:  # nobody replays what was just refused
            self._later(60.0, "replay", one)
            return
        self.left += 1

        def done() -> None:
            self.left -= 1

        self._start_replay(host, one.amount, done)

    def _pause(self, one: Misfortune, host: Host) -> None:
        if host.is_swapped:
            return
        with Outbox.open(host.log, clock=host) as box:
            box.relay.pause()
        host.disk.log_synced()
        self._later(one.seconds, "resume", one)

    def _resume(self, one: Misfortune, host: Host) -> None:
        if host.is_swapped:  # it is the newest file that is paused
            self._later(60.0, "resume", one)
            return
        with Outbox.open(host.log, clock=host) as box:
            box.relay.resume()
            box.ring()
        host.disk.log_synced()

    def _swap(self, one: Misfortune, host: Host) -> None:
        if host.is_swapped:
            return
        copy_of(host.log, host.log.with_name("older.db"))
        self._copied[host] = host.witness.last_seq
        self._later(one.seconds, "put_older", one)

    def _put_older(self, one: Misfortune, host: Host) -> None:
        """Put the older copy in place, if the database is ahead of it; somebody may append to it, too."""
        if host.is_swapped or not self._is_ahead(host):
            return
        applied = self._server.tables.rows["sources"][host.witness.outbox_id]["applied_seq"]
        host.kill_all()
        host.is_swapped = True
        self._newest[host] = host.witness
        host.put_away("newest.db")
        older = Witness(host.log.with_name("older.db"))
        older.look()
        older.close()
        older.path = host.log
        host.put_back("older.db", older)
        if self._chance.random() < 0.5:
            with Outbox.open(host.log, clock=host) as box:
                for number in range(applied - self._copied[host] + 2):
                    box.append(ContentTagged(slug=f"{PROJECT}--0", tag=f"clone-{number}"))
            host.witness.look()
        host.disk.log_synced()
        self._report[host] = host.witness.worker_report()
        self._later(SWAPPED_SECONDS, "put_newest", one)

    def _is_ahead(self, host: Host) -> bool:
        """Whether the database has more of the log than the older copy."""
        row = self._server.tables.rows["sources"].get(host.witness.outbox_id)
        return row is not None and row["applied_seq"] > self._copied[host]

    def _put_newest(self, _one: Misfortune, host: Host) -> None:
        host.kill_all()
        report = self._report.pop(host)
        if self._is_ahead(host):  # unless the database went back, too, meanwhile
            the_wrong_file_is_refused(report, host)
        host.put_away("cloned.db")
        host.put_back("newest.db", self._newest.pop(host))
        host.is_swapped = False
