"""The connection string, read once and by libpq.

`parts_of` reads the string alone, before anything is connected; it tells what cannot be used. `understood` reads what
libpq made of it, of a connection or of one that failed: its own defaults, PGHOST and the like, a service file, and
which of several hosts it was. Code that needs a host or a port (the doctor, a migration, pg_dump) asks there.

Where a password with `@ : / # ?` stands in a URL as it is, libpq finds an address all the same: pieces of the password
become the host, the port or the name of the database, and would be shown as such. Such a string is refused here.
"""

import difflib
import ipaddress
import re
from collections.abc import Iterable, Mapping

import psycopg
from psycopg import conninfo, pq

from worker.errors import SettingsFault

_HOST = re.compile(r"[\w.,:%/\-]*", re.ASCII)
_FOLDER = re.compile(r"[/@][^@#?]*")  # of a socket, or an abstract one: any name will do
_PORT = re.compile(r"[0-9,]*")
_DATABASE = re.compile(r"[^@:/#?]*")
# libpq's own words, which are in English whatever the locale: psycopg never asks it for another language.
_UNKNOWN_OPTION = re.compile(r'invalid (?:URI query parameter|connection option):? "(\w+)"')
UNREADABLE = (
    "the connection string (SUPABASE_DB_URL) cannot be read: expected postgresql://USER:PASSWORD@HOST:PORT/postgres, "
    "with @ : / ? # % in the password written as %40 %3A %2F %3F %23 %25"
)


def is_plausible(parts: Mapping[str, object]) -> bool:
    """Whether host, port and database look like such."""
    hosts = str(parts.get("host") or "")
    return bool(
        all(_FOLDER.fullmatch(host) or _HOST.fullmatch(host) for host in hosts.split(","))
        and _PORT.fullmatch(str(parts.get("port") or ""))
        and _DATABASE.fullmatch(str(parts.get("dbname") or ""))
    )


def parts_of(dsn: str) -> dict[str, str]:
    """Return what stands in a connection string, by libpq's names.

    Raises:
        SettingsFault: it has an option that libpq does not know, or is none. The string is not repeated: it may hold a
            password.
    """
    try:
        parts = conninfo.conninfo_to_dict(dsn)
    except psycopg.ProgrammingError as exc:  # its message quotes the string
        raise _unusable(dsn, str(exc)) from None
    if not is_plausible(parts):
        raise SettingsFault(UNREADABLE, kind="connection_string", entry="environment")
    return {key: str(value) for key, value in parts.items()}


def _unusable(dsn: str, text: str) -> SettingsFault:
    unknown = _UNKNOWN_OPTION.search(text)
    login, _, path = dsn.partition("://")[2].partition("/")
    options = (path if "@" in login or "?" not in login else login).partition("?")[2]
    # A "/" in a password makes a path and options of what follows it: then an "@" follows as well.
    if unknown is None or "@" in options or not _is_address(dsn.partition("?")[0]):
        return SettingsFault(UNREADABLE, kind="connection_string", entry="environment")
    name = unknown[1]
    known = [option.keyword.decode() for option in pq.Conninfo.get_defaults()]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    return SettingsFault(
        f"the connection string (SUPABASE_DB_URL) has an option that libpq does not know: {name}",
        remedy=f"write {near[0]}" if near else f"leave {name} out: it belongs to another client",
        kind="connection_option",
        entry="environment",
    )


def _is_address(dsn: str) -> bool:
    try:
        return is_plausible(conninfo.conninfo_to_dict(dsn))
    except psycopg.ProgrammingError:
        return "://" not in dsn  # of keywords the unknown one is in it still


def is_this_machine(parts: Mapping[str, str]) -> bool:
    """Whether the one host that is named is this machine: a socket, or a loopback address or name.

    Nothing is looked up: a name that happens to lead to this machine today may lead elsewhere tomorrow.
    """
    host = parts.get("hostaddr") or parts.get("host") or ""
    if not host or host.startswith(("/", "@")) or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def understood(found: psycopg.Connection | psycopg.Error | None) -> dict[str, str]:
    """Return what libpq connected with, or tried to; without the password.

    Args:
        found: a connection, or how it failed.
    """
    if isinstance(found, psycopg.Connection):
        options: Iterable[pq.ConninfoOption] = found.pgconn.info
    else:
        options = getattr(getattr(found, "pgconn", None), "info", None) or []
    parts = {
        option.keyword.decode(): option.val.decode(errors="replace")
        for option in options
        if option.val is not None and option.keyword != b"password"
    }
    if isinstance(found, psycopg.Connection):  # of several hosts, the one that took us in
        parts |= {"host": found.info.host, "port": str(found.info.port)}
    return {key: value for key, value in parts.items() if value}


def described(parts: Mapping[str, str]) -> str:
    """Which database this is, without user or password."""
    if not parts.get("host") and (service := parts.get("service")):
        return f"service {service}"
    return f"{parts.get('host', 'local socket')}:{parts.get('port', '5432')}/{parts.get('dbname', 'postgres')}"
