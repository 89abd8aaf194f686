"""A changed function put in the place of the one that runs, in this process, at no cost.

Every function object of the module that was made from the same place gets the changed code; so it does not matter who
imported it, under which name, or what decorates it.
"""

import gc
from functools import _lru_cache_wrapper
from pathlib import Path
from types import CodeType, FunctionType

from tests.mutation.mutants import Mutant

Place = tuple[str, str, int]


class Functions:
    """All functions of the project in this process, by file, qualified name and first line."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._by_place: dict[Place, list[FunctionType]] = {}
        self._caches: list[_lru_cache_wrapper[object]] = []
        for thing in gc.get_objects():
            if isinstance(thing, FunctionType) and thing.__code__.co_filename.startswith(f"{root}/"):
                self._by_place.setdefault(_place(thing.__code__), []).append(thing)
            elif isinstance(thing, _lru_cache_wrapper) and thing.__module__.startswith(("outbox", "worker")):
                self._caches.append(thing)

    def swap(self, mutant: Mutant) -> bool:
        """Put the mutant's function in place of ours; False where none of ours is found, or it closes over other names."""
        swapped = False
        for code in _codes(compile(mutant.source, str(self._root / mutant.path), "exec")):
            if code.co_qualname == mutant.function:
                for function in self._by_place.get(_place(code), []):
                    if code.co_freevars == function.__code__.co_freevars:
                        function.__code__ = code
                        swapped = True
        for cache in self._caches:
            cache.cache_clear()
        return swapped


def _place(code: CodeType) -> Place:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def _codes(code: CodeType) -> list[CodeType]:
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return [code, *(found for each in inner for found in _codes(each))]
