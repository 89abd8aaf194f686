"""docs/configuration.md and `.env.example` say what the declarations of the settings say."""

import re
from pathlib import Path

import msgspec
import pytest

from docs.generate import example
from outbox.settings import variables
from worker import WorkerSettings
from worker.bus.settings import BusSettings

ROOT = Path(__file__).parents[3]


def told_by_the_example() -> dict[str, str]:
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))


def test_the_example_is_what_the_declarations_make_of_it() -> None:
    """`make docs` writes it."""
    assert (ROOT / ".env.example").read_text() == example()


def test_the_example_is_read_to_the_values_that_hold_without_it() -> None:
    """Whoever copies it has changed nothing yet, the connection string aside."""
    said = told_by_the_example()
    assert WorkerSettings.from_env(said) == WorkerSettings.from_env({"SUPABASE_DB_URL": said["SUPABASE_DB_URL"]})


def test_the_example_holds_no_secret() -> None:
    """Where a password belongs, the example says PASSWORD, or nothing."""
    said = told_by_the_example()
    secrets = {name: said[name] for name, one in variables(WorkerSettings, BusSettings).items() if one.secret}
    assert secrets.pop("SUPABASE_DB_URL").count("PASSWORD@") == 1
    assert set(secrets.values()) == {""}


@pytest.mark.parametrize("name", variables(WorkerSettings, BusSettings))
def test_a_value_that_cannot_be_is_told_with_what_could(name: str) -> None:
    """Each bound has its words: nobody reads the name of a type."""
    faults: list[str] = []
    variables(WorkerSettings, BusSettings)[name].read({name: "\N{SNOWMAN}"}, faults)
    assert all(fault.startswith(f"{name}: ") and "xpected" not in fault for fault in faults)
    default = variables(WorkerSettings, BusSettings)[name].default
    assert faults or not isinstance(default, bool | int | float) or default is msgspec.NODEFAULT
