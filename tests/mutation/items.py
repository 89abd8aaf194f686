"""One test run inside a session that stays: what the session set up (a Postgres server) serves the next one as well."""

import pytest
from _pytest.runner import runtestprotocol


class _Stays:
    """In the place of the test that comes next: everything but the session is torn down."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session

    def listchain(self) -> list[pytest.Session]:
        return [self._session]


def passes(item: pytest.Item) -> bool:
    """Run the test; False where it failed, in whichever phase."""
    reports = runtestprotocol(item, log=False, nextitem=_Stays(item.session))  # type: ignore[arg-type]
    return not any(report.failed for report in reports)
