"""Puts the mutants in, one at a time, each in a process of its own, and tells which invariant caught it."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from simulation.mutants import Mutant


def hunt(mutants: Sequence[Mutant], *, seeds: int, jobs: int) -> list[dict[str, Any]]:
    """Run up to `seeds` seeds with each mutant; return its name, what it is, who caught it, and at which seed."""
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(lambda mutant: _one(mutant, seeds), mutants))


def _one(mutant: Mutant, seeds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        report = Path(folder, "report.json")
        command = ["--mutant", mutant.name, "--seeds", str(seeds), "--jobs", "1", "--json", str(report)]
        if mutant.bus:
            command.append("--bus")
        process = subprocess.run(
            [sys.executable, "-m", "simulation", *command], capture_output=True, text=True, check=False
        )
        if not report.exists():
            raise RuntimeError(f"{mutant.name}: {process.stderr}")
        failures = json.loads(report.read_text())["failures"]
    found = failures[0] if failures else {"invariant": "", "seed": None}
    print(f"{mutant.name}: {found['invariant'] or 'NOT CAUGHT'} (seed {found['seed']})", flush=True)
    return {"name": mutant.name, "what": mutant.what, "invariant": found["invariant"], "seed": found["seed"]}
