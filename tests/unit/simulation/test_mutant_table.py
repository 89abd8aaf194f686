"""docs/simulation.md lists every mutant, and each was caught by an invariant that it names."""

import re
from pathlib import Path

from simulation.mutants import MUTANTS

PAGE = Path(__file__).parents[3] / "docs" / "simulation.md"
ROW = re.compile(r"^\| `([a-z-]+)` \| (.+) \| `([a-z_]+)` \|$", re.MULTILINE)


def test_the_page_lists_every_mutant_with_who_caught_it() -> None:
    """What the simulation does not catch is a hole in it; none is known."""
    text = PAGE.read_text(encoding="utf-8")
    listed = {name: (what, invariant) for name, what, invariant in ROW.findall(text.partition("<!-- mutants -->")[2])}
    assert {name: what for name, (what, _) in listed.items()} == {one.name: one.what for one in MUTANTS}
    named = {*re.findall(r"`([a-z_]+)`", text.partition("## How it is built")[0])}
    assert {invariant for _, invariant in listed.values()} <= named
