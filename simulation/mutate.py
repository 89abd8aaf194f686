"""Runs the code with one deliberate bug in it: the text of a module is changed as it is imported."""

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from simulation.mutants import Change, Mutant


def changed(text: str, changes: Sequence[Change]) -> str:
    """Return a module's text with these changes made, one after the other.

    Raises:
        ImportError: the code has moved on: what is to be changed is not there exactly once.
    """
    for change in changes:
        if text.count(change.before) != 1:
            raise ImportError(f"{change.module} no longer has exactly once what is to be changed: {change.before!r}")
        text = text.replace(change.before, change.after)
    return text


class _Changed(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, changes: Sequence[Change]) -> None:
        super().__init__(name, path)
        self._changes = changes

    def get_code(self, fullname: str) -> Any:
        """Compile the changed text; what was compiled before is of no use."""
        text = changed(self.get_data(self.path).decode(), self._changes)
        return self.source_to_code(text.encode(), self.path)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        changes = [change for change in self._mutant.changes if change.module == fullname]
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target) if changes else None
        if spec is None or spec.origin is None:
            return None
        spec.loader = _Changed(fullname, spec.origin, changes)
        return spec


def put_in(mutant: Mutant) -> None:
    """Have the bug in every import from now on; nothing of ours may be imported yet.

    Raises:
        RuntimeError: a module that is to be changed is there already.
    """
    for change in mutant.changes:
        if change.module in sys.modules:
            raise RuntimeError(f"{change.module} was imported before its bug was put in")
    sys.meta_path.insert(0, _Finder(mutant))
