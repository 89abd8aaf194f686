"""What a package exposes is what it says it exposes."""

import importlib
import types

import pytest


@pytest.mark.parametrize("name", ["outbox", "worker", "generators"])
def test_a_package_lists_exactly_what_it_exposes(name: str) -> None:
    """`__all__` is sorted, complete, and names nothing that is not there."""
    package = importlib.import_module(name)
    listed = getattr(package, "__all__", [])
    assert all(hasattr(package, found) for found in listed)  # some are imported when they are asked for
    submodules = {found for found, value in vars(package).items() if isinstance(value, types.ModuleType)}
    exposed = {found for found in vars(package) if not found.startswith("_") and found not in submodules}
    assert exposed == set(listed) - submodules - {"__version__"}
    assert list(listed) == sorted(listed)


def test_every_error_of_the_outbox_has_one_base_and_an_exit_code_of_the_contract() -> None:
    """Callers catch `OutboxError`; the command line exits with what the error says."""
    package = importlib.import_module("outbox")
    errors = [value for value in vars(package).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert len(errors) > 10
    for error in errors:
        assert issubclass(error, package.OutboxError) or error is package.Fault  # which the worker's errors share
        assert error.exit_code in {1, 3}
