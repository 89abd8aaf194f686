"""A small process that outlives us by a moment, to stop the server if we are killed.

`atexit` does not run after SIGKILL, and a forgotten postmaster keeps its port and memory until somebody
notices. The guard holds the reading end of a pipe whose only writing end is ours: when we die, however we
die, it reads end-of-file and stops the server. A line read before that means that we stopped it ourselves.
"""

import subprocess
from pathlib import Path

from worker.standin.account import Account, environment

_SCRIPT = 'trap "" INT TERM HUP; if read -r _; then exit 0; fi; exec "$0" stop -D "$1" -m fast -w -t 30'


class Guard:
    """The guard of one running server."""

    def __init__(self, pg_ctl: Path, cluster: Path, account: Account) -> None:
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT, str(pg_ctl), str(cluster)],
            cwd=cluster,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C or a killed process group must not take the guard along
            **account.identity(),
        )

    def dismiss(self) -> None:
        """The server is stopped: let the guard go."""
        try:
            self._process.communicate(b"\n", timeout=60)
        except BrokenPipeError:
            self._process.wait(timeout=60)
