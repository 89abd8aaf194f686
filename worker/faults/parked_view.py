"""The view of the parked list in the outbox file: how the rows stand, and what is still to be written there.

People read the file, and decide, also while the database is away; nothing that the worker does rests on it. So what
is written late costs nothing but that the file is late. How rows stand that come, or stand otherwise now, is written at
once, and what became of a decision too. What *leaves* the list is written together, for a write for each batch would be
a quarter of a long release: while the server works on the next batch, if possible.

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
        self._written_at = clock()

    def read(self) -> None:
        """Read how all rows stand; whatever was not written yet is forgotten."""
        self._owed.clear()
        self._read()

    def read_again(self) -> None:
        """Read how all rows stand, after something could not be written; what became of decisions is still to be."""
        self._read()
        self.is_stale = False

    def _read(self) -> None:
        self._left.clear()
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
        self._left.append(row.seq)

    def write_soon(self, *, is_last: bool) -> None:
        """Write if something became of a decision, nothing else will leave for now, or it has waited for long."""
        if self._owed or is_last or self._is_due(LEFT_SECONDS):
            self.write()

    def write_meanwhile(self) -> None:
        """Write if it is time: the relay would only wait."""
        if self._is_due(LEFT_SECONDS_MEANWHILE):
            self.write()

    def write_all(self, before: Mapping[int, Shown], rows: Mapping[int, Passed]) -> None:
        """Write what stands otherwise than the file says.

        Args:
            before: how the rows stood there.
            rows: the list.
        """
        changed = [seq for seq, now in self.shown.items() if before.get(seq) != now]
        self.write(changed, before, rows, gone=[seq for seq in before if seq not in self.shown])

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
        if not changed and not gone and not self._owed and not self._left:
            return
        self._written_at = self._clock()
        going = sorted({*self._left, *gone}, reverse=True)
        # Those that others wait for come first and go last; see `Parked.rewrite`.
        held = ParkedState.HELD.value
        changed = sorted(changed, key=lambda seq: (self.shown[seq].state == held, seq))
        was_stale, self.is_stale = self.is_stale, True
        with best_effort(self._box):
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
            self._left.clear()
            self.is_stale = was_stale

    def _is_due(self, seconds: float) -> bool:
        return bool(self._left) and self._clock() - self._written_at >= seconds

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
