"""Remove what killed processes left behind: servers without an owner, and their folders."""

import os
import shutil
import tempfile
from pathlib import Path

from worker.standin.account import ORIGIN, Account, shelf
from worker.standin.postmaster import running_pid
from worker.standin.server import LocalPostgres


def sweep(folder: Path) -> list[Path]:
    """End every server below `folder` whose owner is gone, and delete its data.

    Args:
        folder: holds one data folder per server, throw-away ones all of them.

    Returns:
        The data folders that were removed.
    """
    folders = sorted(folder.glob("*/")) if folder.exists() else []
    if not Account.current().is_self:
        _sweep_shelf()
    return [data_dir for data_dir in folders if LocalPostgres(data_dir).discard_orphan()]


def _sweep_shelf() -> None:
    """Delete server files whose temporary data folder was deleted without us, by the clean-up after a test.

    Only below the folder for temporary files: elsewhere a folder that is not there may be on an unmounted disk.
    """
    temporary = Path(tempfile.gettempdir()).resolve()
    for origin in shelf().glob(f"*/{ORIGIN}"):
        data_dir = Path(os.fsdecode(origin.read_bytes()))
        deleted = data_dir.is_relative_to(temporary) and not data_dir.exists()
        if deleted and running_pid(origin.parent / "cluster") is None:
            shutil.rmtree(origin.parent, ignore_errors=True)
