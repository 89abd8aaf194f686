"""An outbox to write to, with a clock to set."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from outbox import Outbox
from tests.support.lessons import SetClock


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "content"


@pytest.fixture
def box(tmp_path: Path, root: Path, clock: SetClock) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "box" / "outbox.db", content_root=root, clock=clock) as opened:
        yield opened
