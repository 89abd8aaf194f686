"""Tells a connection string that was read wrongly, before any part of it is used or shown.

Where a password with `@ : / # ?` stands in a URL as it is, libpq finds an address all the same: pieces of the password
become the host, the port or the name of the database, and would be shown as such.
"""

import re
from collections.abc import Mapping

_HOST = re.compile(r"[\w.,:/\-]*", re.ASCII)
_PORT = re.compile(r"[0-9,]*")
_DATABASE = re.compile(r"[^@:/#?]*")


def is_plausible(parts: Mapping[str, object]) -> bool:
    """Whether host, port and database look like such."""
    return bool(
        _HOST.fullmatch(str(parts.get("host") or ""))
        and _PORT.fullmatch(str(parts.get("port") or ""))
        and _DATABASE.fullmatch(str(parts.get("dbname") or ""))
    )
