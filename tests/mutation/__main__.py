"""Mutation testing: change the code in small ways, and see whether a test notices. See docs/mutation-testing.md."""

import json
import tempfile
from pathlib import Path
from typing import Any

import click
import pytest

from tests.mutation import results
from tests.mutation.modules import DATA, TESTS
from tests.mutation.mutants import Change
from tests.mutation.session import MutationRun

ROOT = Path(__file__).parents[2]


@click.command()
@click.argument("modules", nargs=-1)
@click.option("--tests", multiple=True, help="Files or folders of tests, in place of the usual ones.")
@click.option("--sample", type=click.IntRange(min=1), help="So many of all their mutants, drawn always alike.")
@click.option("--seed", default=0, show_default=True, help="Draws another sample.")
@click.option("--again", is_flag=True, help="Only those mutants that were not killed the last time.")
@click.option("--budget", default=15.0, show_default=True, help="Seconds of tests for each mutant.")
@click.option("--results", "kept", type=click.Path(path_type=Path), default=ROOT / ".mutants.json")
def main(
    modules: tuple[str, ...],
    tests: tuple[str, ...],
    sample: int | None,
    seed: int,
    *,
    again: bool,
    budget: float,
    kept: Path,
) -> None:
    """Try the mutants of MODULES (outbox/log/log.py ...; by default of all where a bug would lose data)."""
    paths = list(modules or DATA)
    before = json.loads(kept.read_text()) if kept.exists() else []
    earlier = before if again else [each for each in before if each["path"] not in paths]
    alive = {_name(each) for each in before if each["verdict"] not in results.NOTICED}

    def wanted(change: Change) -> bool:
        return not again or (change.path, change.function, change.before, change.after) in alive

    def keep(rows: list[dict[str, Any]]) -> None:
        tried = {_name(each) for each in rows}
        results.keep([*rows, *(each for each in earlier if _name(each) not in tried)], kept)

    run = MutationRun(ROOT, paths, wanted=wanted, sample=sample, seed=seed, budget_seconds=budget, keep=keep)
    options = ["-q", "-s", "--timeout=0", "-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "no:cov"]
    # A folder of its own: pytest's usual one is taken for left behind, and removed, by another session that ends.
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        options += [f"--basetemp={folder}/tests", "-o", "tmp_path_retention_policy=none"]
        code = pytest.main([*options, *(tests or TESTS)], plugins=[run])
    click.echo(results.table(run.rows))
    raise SystemExit(code)


def _name(each: dict[str, str]) -> tuple[str, str, str, str]:
    return each["path"], each["function"], each["before"], each["after"]


if __name__ == "__main__":
    main()
