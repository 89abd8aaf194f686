"""What several acceptance tests stand on."""

from pathlib import Path

import pytest

from tests.support.wheel import installed


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of programs of an environment in which the wheel is installed."""
    return installed(tmp_path_factory.mktemp("wheel"))
