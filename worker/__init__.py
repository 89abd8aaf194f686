"""Carries an outbox to Postgres: `drain`, `serve`, `replay` and `verify`, as the command `worker` does them.

Nothing of it is imported before it is used: generators need no driver, and `worker --help` answers at once.
"""

import importlib
import typing

from outbox import __version__

if typing.TYPE_CHECKING:
    from worker.errors import (
        DependencyFault,
        EventFault,
        Holding,
        NewerEvent,
        OutboxMoved,
        PositionMoved,
        SchemaFault,
        SettingsFault,
        TargetRefused,
        Unreachable,
        WorkerError,
    )
    from worker.options import Ending
    from worker.proof.checkup import verify
    from worker.proof.verify import Difference, Repaired, Verified
    from worker.run.drain import Drained, drain
    from worker.run.replay import replay
    from worker.run.serve import serve
    from worker.settings import WorkerSettings

__all__ = [
    "DependencyFault",
    "Difference",
    "Drained",
    "Ending",
    "EventFault",
    "Holding",
    "NewerEvent",
    "OutboxMoved",
    "PositionMoved",
    "Repaired",
    "SchemaFault",
    "SettingsFault",
    "TargetRefused",
    "Unreachable",
    "Verified",
    "WorkerError",
    "WorkerSettings",
    "__version__",
    "drain",
    "replay",
    "serve",
    "verify",
]

_HOMES = {
    "Difference": "worker.proof.verify",
    "Drained": "worker.run.drain",
    "Ending": "worker.options",
    "Repaired": "worker.proof.verify",
    "Verified": "worker.proof.verify",
    "WorkerSettings": "worker.settings",
    "drain": "worker.run.drain",
    "replay": "worker.run.replay",
    "serve": "worker.run.serve",
    "verify": "worker.proof.checkup",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES.get(name, "worker.errors")), name)
    globals()[name] = value
    return value
