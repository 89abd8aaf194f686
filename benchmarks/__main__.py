"""`python -m benchmarks [NAME...] [--quick] [--json FILE]`: measured ratios, side by side in one run."""

import argparse
import importlib
import json
import os
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Finding

# Name, and where the work is done: modules with `run(folder, quick=…)` return findings; others print their own.
THEMES = {
    "append": "benchmarks.append",
    "peers": "benchmarks.peers",
    "crowd": "benchmarks.crowd",
    "big_log": "benchmarks.big_log",
    "drain": "benchmarks.drain",
    "worker": "benchmarks.worker_life",
    "generate": "benchmarks.generate",
}
OWN_PRINT = {"rls": "benchmarks.rls"}
SLOW = {"rls", "drain", "worker"}  # left out by --quick unless named: they start a Postgres


def main() -> int:
    """Run the themes that were asked for; returns 0 also where a target is missed: a busy machine is no failure."""
    known = [*THEMES, *OWN_PRINT]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(known)}; all by default")
    parser.add_argument("--quick", action="store_true", help="fewer turns, under a minute in all; good for a look")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the findings there as well")
    parser.add_argument("--folder", type=Path, help="measure on this disk; the temporary directory by default")
    options = parser.parse_args()
    if unknown := set(options.names) - set(known):
        parser.error(f"no benchmark named {', '.join(sorted(unknown))}; known are {', '.join(known)}")
    names = options.names or [name for name in known if not (options.quick and name in SLOW)]
    print(
        f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}; synchronous=FULL; a ratio is the median of 10 blocks' (least .. most)"
    )
    findings: list[Finding] = []
    for name in names:
        began = time.monotonic()
        if name in OWN_PRINT:
            importlib.import_module(OWN_PRINT[name]).run()
            continue
        with tempfile.TemporaryDirectory(prefix="benchmark-", dir=options.folder) as folder:
            for finding in importlib.import_module(THEMES[name]).run(Path(folder), quick=options.quick):
                findings.append(finding)
                print(_line(finding), flush=True)
        print(f"  ({name}: {time.monotonic() - began:.0f} s)", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps([finding.as_dict() for finding in findings], indent=2) + "\n")
    return 0


def _line(finding: Finding) -> str:
    spread = f" ({finding.spread[0]:.2f} .. {finding.spread[1]:.2f})" if finding.spread else ""
    verdict = {True: "holds", False: "MISSED", None: ""}[finding.holds]
    note = f"\n          {finding.note}" if finding.note else ""
    return f"{verdict:8}  {finding.what}: {finding.value:.2f} {finding.unit}{spread}, target {finding.target}{note}"


if __name__ == "__main__":
    sys.exit(main())
