"""Named points at which a test stops this process dead, to prove what a crash there leaves behind.

`OUTBOX_FAILPOINT=name` or `name:n` kills the process with SIGKILL when it reaches that point (for the n-th
time). Unset, as it always is outside tests, a point costs one comparison.
"""

from __future__ import annotations

import os
import signal

_name, _, _times = os.environ.get("OUTBOX_FAILPOINT", "").partition(":")
armed = bool(_name)
_left = int(_times or "1") if _name else 0


def reach(name: str) -> None:
    """Die here if this is the point that the environment names."""
    global _left  # noqa: PLW0603 - a process dies once
    if name == _name:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
