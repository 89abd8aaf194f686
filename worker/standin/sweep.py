"""Remove what killed processes left behind: servers without an owner, and their folders."""

from pathlib import Path

from worker.standin.owner import owner_is_alive
from worker.standin.server import LocalPostgres


def sweep(folder: Path) -> list[Path]:
    """End every server below `folder` whose owner is gone, and delete its data.

    Args:
        folder: holds one data folder per server, throw-away ones all of them.

    Returns:
        The data folders that were removed.
    """
    swept = []
    for data_dir in sorted(folder.glob("*/")) if folder.exists() else []:
        if owner_is_alive(data_dir):
            continue
        server = LocalPostgres(data_dir)
        server.end_orphan()
        server.remove_data()
        swept.append(data_dir)
    return swept
