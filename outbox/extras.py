"""Which optional part of this package is missing, and how to install it.

A generator host installs no driver and no log library, so a command of the worker may meet a package that is not there.
That is a matter of installation, not a crash: the answer is one line that names the extra. Which extra brings which
package is read from the metadata of the installed distribution, so pyproject.toml is the only place that says it.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from importlib import metadata
from urllib.parse import unquote, urlsplit

DISTRIBUTION = "creatoros-outbox"
_OURS = frozenset({"outbox", "worker", "generators", "migrations"})
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA = re.compile(r"""extra\s*==\s*['"]([^'"]+)['"]""")


def missing_package(error: ImportError) -> str | None:
    """Say which package an import lacked and how to get it.

    Args:
        error: what the import raised.

    Returns:
        One line, or None if the fault lies in this package itself.
    """
    package = _package(error)
    if package is None or package in _OURS or package in sys.stdlib_module_names:
        return None
    extra = extra_of(package)
    if extra is None:
        return f"the package {package} is missing or damaged: install again with `{install_command()}`"
    return f"this command needs {package}, which the extra [{extra}] brings: {install_command(extra)}"


def extra_of(package: str) -> str | None:
    """The smallest extra that brings this import package; None if no extra does, or this package is not installed."""
    try:
        required = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return None
    size: Counter[str] = Counter()
    bringing: list[str] = []
    for requirement in required:
        name, extra = _NAME.match(requirement), _EXTRA.search(requirement)
        if name is None or extra is None:
            continue
        size[extra[1]] += 1
        if _import_name(name[0]) == package:
            bringing.append(extra[1])
    return min(bringing, key=lambda extra: size[extra], default=None)


def install_command(extra: str = "") -> str:
    """The command that installs this package with `extra`, from where it was installed before."""
    wanted = f"[{extra}]" if extra else ""
    source = _source()
    if source is None:
        return f"pip install '{DISTRIBUTION}{wanted}'"
    folder, editable = source
    return f"pip install {'--editable ' if editable else ''}'{folder}{wanted}'"


def _package(error: ImportError) -> str | None:
    """The top-level package that is missing, or that refused to be imported."""
    if error.name:
        return error.name.partition(".")[0]
    # psycopg, for one, is there and raises a plain ImportError if it finds no libpq: then the raising frame tells.
    frame = error.__traceback__
    name = ""
    while frame is not None:
        name = str(frame.tb_frame.f_globals.get("__name__", ""))
        frame = frame.tb_next
    return name.partition(".")[0] or None


def _import_name(distribution: str) -> str:
    return distribution.replace("-", "_").lower()


def _source() -> tuple[str, bool] | None:
    """The folder or file that pip installed this package from, and whether it is editable; None for an index."""
    try:
        recorded = metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return None
    if recorded is None:
        return None
    found = json.loads(recorded)
    address = urlsplit(found.get("url", ""))
    if address.scheme != "file":
        return None
    return unquote(address.path), bool(found.get("dir_info", {}).get("editable"))
