"""The view of the parked list in the outbox file: how the rows stand, and what is still to be written there.

People read the file, and decide, also while the database is away; nothing that the worker does rests on it. So what
is written late costs nothing but that the file is late, and most of a long release can be: a write for each batch would
be a quarter of its time. What *comes* to the list is written at once. What *leaves* it is written together, and that a
row waits for nobody any more (`freed`) some time later and from the last row backwards: the first ones have left by
then, and are never written anew. All of it is written while the server works on the next batch, if possible.

The file refuses a state that nothing bears out (`docs/state_machine.md`), so one order has to be kept: a row that
others are shown to wait for leaves after all of them have left, or were written anew. Others wait for rows that are at
fault themselves, and for no others; where a file shows that they do, they are written anew at once.

A disk that is full stops nothing: the view is stale then, and is read and written anew as a whole.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from outbox import Outcome, ParkedEvent, ParkedState, Passed
from outbox.relaying import Log, Shown, as_listed
from worker.notes import best_effort

# Generators get through the gate between two steps.
ROWS_AT_ONCE = 2000
# How long the file may show rows that have left the list, while others still leave it; and how soon it is written
# where the relay would only wait for the server.
LEFT_SECONDS = 2.0
LEFT_SECONDS_MEANWHILE = 0.25
# How long it may show what waits for nobody any more as waiting: most of that has left before it is written.
FREED_SECONDS = 2.0

NOTHING: Mapping[int, Shown | None] = MappingProxyType({})
NO_ROWS: Mapping[int, Passed] = MappingProxyType({})


class ParkedView:
    """What the file shows, once everything is written.

    Args:
        box: the outbox.
        clock: tells seconds.

    Attributes:
        shown: how each row stands.
        is_stale: something could not be written: the file may show anything.
    """

    def __init__(self, box: Log, clock: Callable[[], float]) -> None:
        self._box = box
        self._clock = clock
        self.shown: dict[int, Shown] = {}
        self.is_stale = False
        self._owed: list[tuple[int, Outcome]] = []  # what became of decisions, by their ids
        self._left: list[int] = []
        self._left_blamed: list[int] = []  # others may be shown to wait for these
        self._freed: list[int] = []  # in order
        self._freed_at = self._written_at = clock()

    def read(self) -> None:
        """Read how all rows stand; whatever was not written yet is forgotten."""
        self._owed.clear()
        self._read()

    def read_again(self) -> None:
        """Read how all rows stand, after something could not be written; what became of decisions is still to be."""
        self._read()
        self.is_stale = False

    def _read(self) -> None:
        self._forget()
        self.shown = self._box.parked.standings()

    def read_these(self, seqs: Sequence[int]) -> None:
        """Read how these rows stand: somebody else wrote them."""
        self.shown |= self._box.parked.standings(seqs)

    def owe(self, decision_id: int, outcome: Outcome) -> None:
        """What became of a decision is to be noted with the next write."""
        self._owed.append((decision_id, outcome))

    def left(self, row: Passed) -> None:
        """This row is no longer on the list."""
        self.shown.pop(row.seq, None)
        (self._left_blamed if row.blamed else self._left).append(row.seq)

    def write_soon(self, *, is_last: bool) -> None:
        """Write what became of decisions; and all else if that is the last for now, or if it has waited for long."""
        if is_last:
            self.write()
        elif self._is_due(LEFT_SECONDS):
            self._write_some()
        elif self._owed:
            with best_effort(self._box):
                self._box.parked.rewrite(noted=self._owed)
                self._owed.clear()

    def write_meanwhile(self) -> None:
        """Write some of it, if it is time: the relay would only wait."""
        if self._is_due(LEFT_SECONDS_MEANWHILE):
            self._write_some()

    def write_all(self, before: Mapping[int, Shown], rows: Mapping[int, Passed]) -> None:
        """Write what stands otherwise than the file says; what only waits for nobody any more, later.

        Args:
            before: how the rows stood there.
            rows: the list.
        """
        gone = [seq for seq in before if seq not in self.shown]
        changed: list[int] = []
        freed: list[int] = []
        for seq, now in self.shown.items():
            was = before.get(seq)
            if was != now:
                # If a row leaves that is not known as one of the list, others may be shown to wait for it.
                is_freed = not gone and was is not None and _is_freed(was, now, rows)
                (freed if is_freed else changed).append(seq)
        self.write(changed, before, rows, gone=gone)
        if freed:
            self._freed, self._freed_at = sorted({*self._freed, *freed}), self._clock()

    def write(
        self,
        changed: Sequence[int] = (),
        before: Mapping[int, Shown | None] = NOTHING,
        rows: Mapping[int, Passed] = NO_ROWS,
        *,
        gone: Sequence[int] = (),
    ) -> None:
        """Write everything; if that cannot be, deliveries go on, and the view is stale.

        Args:
            changed: seqs of rows that stand otherwise than the file says.
            before: how they stood there.
            rows: the list.
            gone: seqs of rows that are no longer on the list.
        """
        if not any((changed, gone, self._owed, self._left, self._left_blamed, self._freed)):
            return
        self._written_at = self._clock()
        going = sorted({*self._left, *self._left_blamed, *gone}, reverse=True)
        # Those that others wait for come first and go last; see `Parked.rewrite`.
        held = ParkedState.HELD.value
        changed = sorted(changed, key=lambda seq: (self.shown[seq].state == held, seq))
        was_stale, self.is_stale = self.is_stale, True
        with best_effort(self._box):
            while self._freed:  # first: what they waited for may be what goes
                self._box.parked.rewrite(restated=self._next_freed())
            for start in range(0, max(1, len(changed)), ROWS_AT_ONCE):
                is_last = start + ROWS_AT_ONCE >= len(changed)
                whole, restated = self._as_written(changed[start : start + ROWS_AT_ONCE], before, rows)
                self._box.parked.rewrite(
                    whole,
                    restated=restated,
                    gone=going[:ROWS_AT_ONCE] if is_last else (),
                    noted=self._owed,
                )
                self._owed.clear()
            for start in range(ROWS_AT_ONCE, len(going), ROWS_AT_ONCE):
                self._box.parked.rewrite(gone=going[start : start + ROWS_AT_ONCE])
            self._forget()
            self.is_stale = was_stale

    def _is_due(self, seconds: float) -> bool:
        unwritten = self._left or self._left_blamed or self._freed
        return bool(unwritten) and self._clock() - self._written_at >= seconds

    def _write_some(self) -> None:
        """Write what has left but for those that others are shown to wait for, and that some do not wait any more."""
        if not self._freed:
            self.write()
            return
        self._written_at = self._clock()
        was_stale, self.is_stale = self.is_stale, True
        with best_effort(self._box):
            restated = self._next_freed() if self._written_at - self._freed_at >= FREED_SECONDS else {}
            self._box.parked.rewrite(restated=restated, gone=self._left, noted=self._owed)
            self._left.clear()
            self._owed.clear()
            self.is_stale = was_stale

    def _next_freed(self) -> dict[Shown, list[int]]:
        """Take out some that wait for nobody any more, and say how they stand: the last, for the first leave soon."""
        restated = defaultdict[Shown, list[int]](list)
        room = ROWS_AT_ONCE
        while self._freed and room:
            seq = self._freed.pop()
            now = self.shown.get(seq)
            if now is not None and now.state == ParkedState.RELEASING.value:  # it neither left nor waits again
                restated[now].append(seq)
                room -= 1
        return restated

    def _as_written(
        self, seqs: Sequence[int], before: Mapping[int, Shown | None], rows: Mapping[int, Passed]
    ) -> tuple[list[ParkedEvent], dict[Shown, list[int]]]:
        """Return those that the file does not have, and how the others stand now: mostly many alike."""
        whole, restated = [], defaultdict[Shown, list[int]](list)
        for seq in seqs:
            was, now = before.get(seq), self.shown[seq]
            if was is not None and was.is_its_own:
                restated[now].append(seq)
            elif (row := rows.get(seq)) is not None:
                whole.append(as_listed(row, now))
        return whole, restated

    def _forget(self) -> None:
        for unwritten in (self._left, self._left_blamed, self._freed):
            unwritten.clear()


def _is_freed(was: Shown, now: Shown, rows: Mapping[int, Passed]) -> bool:
    """Whether the file shows the row as waiting for one at fault that lets it go now; and nobody decided about it."""
    if not was.is_its_own or was.state != ParkedState.HELD.value or was.behind_seq is None:
        return False
    behind = rows.get(was.behind_seq)
    is_let_go = now.state == ParkedState.RELEASING.value and now.resolution is None
    return is_let_go and behind is not None and behind.blamed
