"""What a power loss leaves of a disk: one of the many states that are possible, chosen by a seeded chance."""

import random

from tests.support.power_loss.disk import Directory, Disk, File, Mercy, Node

# A state of files: path -> bytes; None stands for a directory.
State = dict[str, bytes | None]
_Name = tuple[int, str]
_End = tuple[_Name, int]  # a name, and the number of its change


def survivors(disk: Disk, chance: random.Random, mercy: Mercy) -> State:
    """Choose one state that a power loss at this moment may leave."""
    choice = _Choice(disk, chance, mercy)
    state: State = {}
    _collect(disk.root, "", choice, state)
    return state


class _Choice:
    """For each name that changed since the last sync of its directory: which of the changes is on the disk."""

    def __init__(self, disk: Disk, chance: random.Random, mercy: Mercy) -> None:
        self.chance, self.mercy = chance, mercy
        self._directories = {id(directory): directory for directory in disk.directories()}
        self._reached: dict[_Name, int] = {}  # how many of its changes a name went through
        self._ends: dict[int, dict[bool, _End]] = {}  # rename -> whether this half is the arrival
        for key, directory in self._directories.items():
            for name, changes in directory.since.items():
                self._reached[key, name] = self._how_many(len(changes))
                for number, change in enumerate(changes, 1):
                    if change.rename:
                        self._ends.setdefault(change.rename, {})[change.node is not None] = (key, name), number
        while self._mend():
            pass

    def of(self, directory: Directory, name: str) -> Node | None:
        reached = self._reached.get((id(directory), name), 0)
        return directory.since[name][reached - 1].node if reached else directory.durable.get(name)

    def _how_many(self, changes: int) -> int:
        if self.mercy.names in {0.0, 1.0}:
            return changes if self.mercy.names else 0
        return sum(self.chance.random() < self.mercy.names for _ in range(changes))

    def _mend(self) -> bool:
        """Where a rename lost both names, or left a directory both, let it have happened as a whole."""
        mended = False
        for ends in self._ends.values():
            # Where one half is missing, a sync has made it sure.
            left = False not in ends or self._happened(ends[False])
            arrived = True not in ends or self._happened(ends[True])
            if left and not arrived:
                mended = self._let_happen(ends[True])
            elif arrived and not left and self._is_of_a_directory(ends):
                mended = self._let_happen(ends[False])
        return mended

    def _happened(self, end: _End) -> bool:
        name, number = end
        return self._reached[name] >= number

    def _let_happen(self, end: _End) -> bool:
        name, number = end
        self._reached[name] = number
        return True

    def _is_of_a_directory(self, ends: dict[bool, _End]) -> bool:
        """The half that is not sure yet knows what it was the departure of."""
        (directory, name), number = ends[False]
        changes, durable = self._directories[directory].since[name], self._directories[directory].durable
        before = changes[number - 2].node if number > 1 else durable.get(name)
        return isinstance(before, Directory)


def _collect(directory: Directory, path: str, choice: _Choice, state: State) -> None:
    for name in sorted({*directory.durable, *directory.since}):
        node = choice.of(directory, name)
        if node is None:
            continue
        place = f"{path}{name}"
        if isinstance(node, File):
            state[place] = node.after_power_loss(choice.chance, choice.mercy)
        else:
            state[place] = None
            _collect(node, f"{place}/", choice, state)
