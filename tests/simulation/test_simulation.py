"""The simulation itself: every seed holds, a seed is a run, and a bug in the code does not get past it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.mutants import MUTANTS, Mutant
from simulation.mutate import changed

ROOT = Path(__file__).parents[2]
SEEDS = int(os.environ.get("SIMULATION_SEEDS", "150"))
# One for each guarantee; `make simulate-mutants` puts all of them in.
A_FEW = (
    "position-outside",
    "dependants-not-held",
    "rename-before-commit",
    "pruned-unproven",
    "cloned-file-taken",
    "held-forgotten",
)


def simulate(*arguments: str, report: Path | None = None) -> subprocess.CompletedProcess[str]:
    more = () if report is None else ("--json", str(report))
    command = [sys.executable, "-m", "simulation", *arguments, *more]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.timeout(3600)
def test_all_seeds_hold(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    process = simulate("--seeds", str(SEEDS), report=report)
    assert process.returncode == 0, process.stdout + process.stderr
    found = json.loads(report.read_text())
    assert (found["seeds"], found["failures"]) == (SEEDS, [])
    assert found["steps"] > 100 * SEEDS


def test_a_seed_is_the_same_run_every_time() -> None:
    """In another process, with the same steps in the same order: so a failure can be looked at."""
    first, second = (simulate("--seed", "7", "--steps", "400").stdout for _ in range(2))
    assert first == second
    assert "fingerprint" in first


@pytest.mark.parametrize("name", A_FEW)
def test_a_bug_in_the_code_is_caught_told_and_made_smaller(name: str) -> None:
    process = simulate("--mutant", name, "--seeds", "1000", "--jobs", "1")
    assert process.returncode == 1
    assert "again: python -m simulation --seed" in process.stdout


def test_a_failure_is_shrunk_to_what_it_needs() -> None:
    """The seed alone is no explanation; the smallest scenario is."""
    process = simulate("--mutant", "position-outside", "--seed", "3")
    assert process.returncode == 1
    assert "the smallest that was found" in process.stdout
    assert "faults=()" in process.stdout


def test_mutants_have_names_of_their_own_and_say_what_they_are() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 25
    assert all(mutant.what for mutant in MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_follows_the_code(mutant: Mutant) -> None:
    """A bug that cannot be put in any more is caught by nobody; `make simulate-mutants` would stop at it."""
    for module in {change.module for change in mutant.changes}:
        source = (ROOT / Path(*module.split("."))).with_suffix(".py").read_text(encoding="utf-8")
        with_bug = changed(source, [change for change in mutant.changes if change.module == module])
        assert compile(with_bug, module, "exec") != compile(source, module, "exec")
