"""The same measurements on a disk whose fsync takes longer: `--fsync-ms 1`.

A normal disk takes 1 to 5 ms. Here each fsync of this process and of those that it starts is given that much more, by a
library that is preloaded, so the processor's share of a ratio shrinks as it would on such a disk.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click

SOURCE = Path(__file__).parent.parent / "tests" / "support" / "slow_fsync.c"
VARIABLE = "SLOW_FSYNC_MS"


def start_over(milliseconds: float) -> None:
    """Start this program over with the library preloaded, unless it is already; returns only in that second life."""
    if VARIABLE in os.environ:
        return
    compiler = shutil.which("cc")
    if compiler is None:
        raise click.UsageError("--fsync-ms needs a C compiler (cc) to build its slow disk")
    library = Path(tempfile.mkdtemp(prefix="benchmark-")) / "slow_fsync.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True)
    environment = {**os.environ, "LD_PRELOAD": os.fspath(library), VARIABLE: str(milliseconds)}
    done = subprocess.run([sys.executable, "-m", "benchmarks", *sys.argv[1:]], env=environment, check=False)
    shutil.rmtree(library.parent)
    sys.exit(done.returncode)
