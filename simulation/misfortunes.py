"""Misfortunes: what happens at a moment, whoever does what, and how it is put right later."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from outbox import Outbox
from outbox.catalogue import ContentTagged
from simulation.bus import Store
from simulation.destination.server import Server
from simulation.destination.tables import Tables
from simulation.faults import Misfortune
from simulation.host import Host
from simulation.invariants import the_wrong_file_is_refused
from simulation.kernel import Kernel
from simulation.ledger import Book, Changed, Ledger
from simulation.plan import Scenario
from simulation.programs import PROJECT, delete_by_hand, edit_by_hand, neighbour, take_back_by_hand
from simulation.template import backup_of, copy_of
from simulation.witness import Witness

SWAPPED_SECONDS = 400.0
# A backup is worth putting back where something is parked, and as long as nothing was appended since.
LOOKS_AGAIN_SECONDS, LOOKS = 9.0, 30
LOCKED_SECONDS, KILLS_WHILE_LOCKED = 400.0, 12
# What a person changes in a row: field of the events, column of the row, and what stands there then.
CHANGES = (
    ("content", "parent", "parent_content_id", None),
    ("content", "project", "project_id", None),
    ("content", "sequence_order", "sequence_order", 99),
    ("content", "file_path", "file_path", "moved/elsewhere.md"),
    ("project", "target_audience", "target_audience_id", None),
)


class Misfortunes:
    """Brings about those of a scenario.

    Args:
        chance: what a power loss leaves is a matter of chance.
        struck: told of each.
        replay: starts an operator who has events applied again, and says when that is over.
        bus: the store of the bus, if there is one.
        works_at: where the worker of a host runs.

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
        bus: Store | None,
        works_at: Callable[[Host], Any],
    ) -> None:
        self._kernel = kernel
        self._hosts = hosts
        self._server = server
        self._ledger = ledger
        self._power_chance = chance
        self._struck = struck
        self._start_replay = replay
        self._bus = bus
        self._works_at = works_at
        self._to_come = scenario.misfortunes
        self._chance = random.Random(f"misfortunes {scenario.seed}")
        self._report: dict[Host, tuple[Any, ...] | None] = {}
        self._copied: dict[Host, int] = {}
        self._newest: dict[Host, Witness] = {}
        self._backups: dict[Misfortune, tuple[Tables, Book]] = {}
        self._tries: dict[Misfortune, int] = {}
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

    def _back_and_forth(self, one: Misfortune, _host: Host) -> None:
        """The database goes back, and the one that it was before comes again later."""
        self._backups[one] = (self._server.tables.copy(), self._ledger.snapshot())
        self._later(one.seconds, "gone_back", one)

    def _gone_back(self, one: Misfortune, _host: Host) -> None:
        if any(host.is_swapped for host in self._hosts):
            self._later(60.0, "gone_back", one)
            return
        newest = (self._server.tables.copy(), self._ledger.snapshot())
        self._restored(one, _host)
        self._backups[one] = newest
        self._later(5.0 + 295.0 * one.amount, "come_forth", one)

    def _come_forth(self, one: Misfortune, host: Host) -> None:
        self._ledger.has_branched = True
        self._restored(one, host)

    def _locked(self, one: Misfortune, _host: Host) -> None:
        self._server.tables_locked_until = self._kernel.now + LOCKED_SECONDS
        self._tries[one] = KILLS_WHILE_LOCKED
        self._later(1.0 + one.seconds / 10, "killed_while_waiting", one)

    def _killed_while_waiting(self, one: Misfortune, host: Host) -> None:
        """Somebody kills the worker that does not get on."""
        if self._kernel.now >= self._server.tables_locked_until:
            return
        if self._server.waits_for_a_lock(self._works_at(host)):
            self._tries[one] -= 1
            for process in list(self._kernel.processes):
                if process.host is self._works_at(host) and process.role in {"worker", "centre"}:
                    self._kernel.kill(process)
        if self._tries[one]:
            self._later(3.0 + 7.0 * self._chance.random(), "killed_while_waiting", one)

    def _changed(self, one: Misfortune, _host: Host) -> None:
        """A person changes a field of a row that was delivered."""
        rows = [
            (kind, slug, field, column, value)
            for kind, field, column, value in CHANGES
            for slug, row in sorted(self._server.tables.rows[kind].items())
            if row[column] is not None and row[column] != value
        ]
        if not rows:
            self._again(one, "changed")
            return
        kind, slug, field, column, value = self._chance.choice(rows)
        self._server.tables.rows[kind][slug] = {**self._server.tables.rows[kind][slug], column: value}
        self._ledger.book.reference.rows[kind][slug][column] = value
        self._ledger.changed.append(Changed(self._kernel.now, kind, slug, field, column, value))

    def _again(self, one: Misfortune, name: str) -> None:
        """Look again later whether it can be done, a few times."""
        self._tries[one] = self._tries.get(one, LOOKS) - 1
        if self._tries[one]:
            self._later(LOOKS_AGAIN_SECONDS, name, one)

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

    def _bus_power(self, one: Misfortune, _host: Host) -> None:
        """The bus loses its power, and what it had not synced."""
        assert self._bus is not None
        self._bus.lose_power(one.seconds, self._kernel.now - 60.0 * one.amount)

    def _bus_purged(self, one: Misfortune, _host: Host) -> None:
        assert self._bus is not None
        self._bus.purge(2 * one.amount)

    def _bus_anew(self, _one: Misfortune, _host: Host) -> None:
        assert self._bus is not None
        self._bus.begin_anew()

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

    def _old_list(self, one: Misfortune, host: Host) -> None:
        """A backup of the outbox file is made, at a moment that would be worth going back to."""
        witness = host.witness
        if host.is_swapped or witness.is_paused() or not witness.parked() or witness.has_staged():
            self._again(one, "old_list")
            return
        witness.look_again()
        backup_of(host.log, host.log.with_name("backup.db"))
        self._copied[host] = witness.last_seq
        self._later(one.seconds, "put_list_back", one)

    def _put_list_back(self, one: Misfortune, host: Host) -> None:
        """It is put in place of the file, if nothing was appended since: only what was noted and decided is lost."""
        pruned_below = host.witness.pruned_below
        host.witness.look_again()
        is_as_long = host.witness.last_seq == self._copied[host] and host.witness.pruned_below == pruned_below
        if host.is_swapped or not is_as_long or not host.log.with_name("backup.db").exists():
            self._again(one, "old_list")
            return
        host.kill_all()
        host.witness.remember()
        host.left_by_another.update(host.temporary_files())
        host.put_away("worn.db")
        host.put_back("backup.db", host.witness)

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
