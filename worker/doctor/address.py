"""What the doctor reads in the connection string; nothing here connects, and no password is shown."""

import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from worker.connect.address import is_this_machine, parts_of
from worker.doctor.finding import Finding, judged
from worker.errors import SettingsFault

SAFE_MODES = frozenset({"verify-ca", "verify-full"})
POOLER = "pooler.supabase.com"


def examine_address(dsn: str, *, libpq: Mapping[str, str] | None = None, connected: bool = False) -> Iterator[Finding]:
    """Look at the connection string.

    Args:
        dsn: the string.
        libpq: what libpq understood, with what it took from elsewhere; None if it was not asked.
        connected: whether that led to a session.
    """
    try:
        parts = parts_of(dsn) | dict(libpq or {})
    except SettingsFault as fault:
        remedy = fault.remedy or "write special characters of the password as the message says"
        yield Finding(check="address", outcome="fail", found=fault.what, remedy=remedy)
        return
    yield address(parts, connected=connected)
    yield tls_mode(parts)
    yield ipv6(parts)


def address(parts: Mapping[str, str], *, connected: bool = False) -> Finding:
    """Whether host, user and password are named, the user in the form that a pooler asks for."""
    host, user = parts.get("host", ""), parts.get("user", "")
    found = f"{user or '(no user)'} at {host or '(no host)'}"
    if connected:  # whatever libpq took it from
        return Finding(check="address", outcome="ok", found=found)
    if not host or not user:
        remedy = "name both: postgresql://outbox_worker:PASSWORD@HOST:5432/postgres"
        return Finding(check="address", outcome="fail", found=found, remedy=remedy)
    if host.endswith(POOLER) and "." not in user and "reference" not in parts.get("options", ""):
        remedy = f"through the pooler the user is {user}.PROJECT-REF"
        return Finding(check="address", outcome="fail", found=found, remedy=remedy)
    silent = "password" not in parts and "PGPASSWORD" not in os.environ and "passfile" not in parts
    remedy = "put the password of outbox_worker into SUPABASE_DB_URL, or into ~/.pgpass"
    return judged("address", f"{found}, no password" if silent else found, bad=silent, remedy=remedy)


def tls_mode(parts: Mapping[str, str]) -> Finding:
    """Whether somebody in between could read or pretend."""
    mode, root = parts.get("sslmode", "prefer"), parts.get("sslrootcert")
    if mode in SAFE_MODES and root not in {None, "system"} and not _readable(str(root)):
        remedy = "download the certificate from the dashboard (Database, SSL), and name the file in sslrootcert"
        return Finding(check="tls mode", outcome="fail", found=f"{root} is not there or not readable", remedy=remedy)
    if mode in SAFE_MODES and root == "system" and "supabase.co" in parts.get("host", ""):
        remedy = "sslrootcert=prod-ca-2021.crt, from the dashboard: Supabase's authority is a private one"
        return Finding(check="tls mode", outcome="fail", found="sslrootcert=system", remedy=remedy)
    hosts = parts.get("host", "").split(",")
    weak = mode not in SAFE_MODES and not all(is_this_machine({"host": host}) for host in hosts)
    remedy = "add sslmode=verify-full and sslrootcert=FILE (docs/security.md)"
    return judged("tls mode", f"sslmode={mode}", bad=weak, remedy=remedy)


def ipv6(parts: Mapping[str, str]) -> Finding:
    """Whether the host has an address that this machine has a way to: direct hosts have IPv6 alone."""
    # Of several hosts the first: if it is another that took us in, libpq has said which.
    host, port = parts.get("host", "").split(",")[0], parts.get("port", "5432").split(",")[0]
    if not host or host.startswith("/"):
        return Finding(check="ipv6", outcome="ok", found="a socket of this machine")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except OSError:
        remedy = "check the host's name and this machine's DNS; a paused project has no name: see the dashboard"
        return Finding(check="ipv6", outcome="warn", found=f"{host} does not resolve", remedy=remedy)
    if any(family == socket.AF_INET for family, *_ in found):
        return Finding(check="ipv6", outcome="ok", found="not needed: the host has an IPv4 address")
    remedy = "use the session pooler's address (it has IPv4), or give this machine IPv6"
    reachable = any(_has_route(address) for *_, address in found)
    said = "IPv6 only, and there is a route" if reachable else "IPv6 only, and this machine has no route to it"
    return judged("ipv6", said, bad=not reachable, remedy=remedy, outcome="fail")


def _has_route(address: tuple[object, ...]) -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect(address)  # of a datagram socket: asks the routing table, sends nothing
    except OSError:
        return False
    return True


def _readable(path: str) -> bool:
    return Path(path).is_file() and os.access(path, os.R_OK)
