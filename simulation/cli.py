"""The command line: many seeds, one seed, or the mutants.

Nothing of the outbox or the worker is imported before it is clear whether a mutant is to be put in.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from simulation.mutants import MUTANTS

MOST_TOLD = 10
# Sets of strings are walked in another order in every process unless this is fixed: a seed has to be repeatable.
_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "OUTBOX_CATALOGUE": "outbox.catalogue:CATALOGUE,simulation.strange:CATALOGUE",
}


def main() -> int:
    """Run what was asked for; 0: all held, 1: something was violated, or a mutant survived."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description="The whole way, under a seed.")
    parser.add_argument("--seeds", type=int, default=1000, metavar="N", help="how many seeds (default 1000)")
    parser.add_argument("--first", type=int, default=1, metavar="N", help="the first of them (default 1)")
    parser.add_argument("--seed", type=int, metavar="N", help="this one alone, and tell its last steps")
    parser.add_argument("--bus", action="store_true", help="all of them over the bus, not only one in twelve")
    parser.add_argument("--steps", type=int, default=80, metavar="N", help="how many steps to tell (default 80)")
    parser.add_argument("--mutants", nargs="*", metavar="NAME", help="put these bugs in, one at a time; all by default")
    parser.add_argument("--mutant", metavar="NAME", help="these seeds with this bug put in, until it is caught")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes at once")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcome there as well")
    options = parser.parse_args()
    if not _ENVIRONMENT.items() <= os.environ.items():
        os.execve(sys.executable, [sys.executable, "-m", "simulation", *sys.argv[1:]], {**os.environ, **_ENVIRONMENT})  # noqa: S606
    if options.mutants is not None:
        return _mutants(options)
    if options.mutant is not None:
        from simulation.mutate import put_in  # noqa: PLC0415

        put_in(next(one for one in MUTANTS if one.name == options.mutant))
    return _one(options) if options.seed is not None else _many(options)


def _many(options: argparse.Namespace) -> int:
    from simulation.many import run_many  # noqa: PLC0415

    began = time.monotonic()
    first_only = options.mutant is not None
    summary = run_many(
        options.first,
        options.seeds,
        jobs=options.jobs,
        mutant=options.mutant,
        first_only=first_only,
        over_the_bus=options.bus,
    )
    report = {**summary.as_dict(), "seconds": round(time.monotonic() - began, 1)}
    for failure in summary.failures[:MOST_TOLD]:
        print(f"seed {failure['seed']}: {failure['said'][:600]}")
        print(f"  again: python -m simulation --seed {failure['seed']}{' --bus' if options.bus else ''}")
    said = (
        f"{report['seeds']:,} seeds ({summary.struck['the bus']:,} over the bus), {report['steps']:,} steps, "
        f"{report['days']:,.1f} virtual days in {report['seconds']:,.0f} s: {len(summary.failures)} violations"
    )
    print(said)
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    return 1 if summary.failures else 0


def _one(options: argparse.Namespace) -> int:
    from simulation.plan import draw  # noqa: PLC0415
    from simulation.run import run, silence  # noqa: PLC0415
    from simulation.shrink import shrink  # noqa: PLC0415

    silence()
    scenario = draw(options.seed, over_the_bus=options.bus)
    outcome = run(scenario)
    if outcome.invariant:
        print(f"violated: {outcome.said}\nmaking it smaller ...", flush=True)
        scenario, outcome = shrink(scenario, outcome)
        print(f"the smallest that was found: {scenario}")
    print("\n".join(outcome.trace[-options.steps :]))
    print(f"seed {outcome.seed}: {outcome.steps} steps, {outcome.seconds:.0f} s, fingerprint {outcome.fingerprint}")
    print(f"violated: {outcome.said}" if outcome.invariant else "all invariants held")
    return 1 if outcome.invariant else 0


def _mutants(options: argparse.Namespace) -> int:
    from simulation.hunt import hunt  # noqa: PLC0415

    wanted = [one for one in MUTANTS if not options.mutants or one.name in options.mutants]
    caught = hunt(wanted, seeds=options.seeds, jobs=options.jobs)
    survivors = [one["name"] for one in caught if not one["invariant"]]
    print(f"{len(caught) - len(survivors)} of {len(caught)} mutants caught")
    for name in survivors:
        print(f"NOT caught: {name}")
    if options.json is not None:
        options.json.write_text(json.dumps(caught, indent=2) + "\n")
    return 1 if survivors else 0
