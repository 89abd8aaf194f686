import os
from pathlib import Path

from generators.errors import MissingPath


def must_exist(path: Path) -> None:
    """Refuse a path from the command line that leads nowhere.

    Raises:
        MissingPath: there is no such file or folder, or no system takes such a name.
    """
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises OSError where the name is too long
        raise MissingPath(path)
