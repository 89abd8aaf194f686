"""What the doctor reads in the connection string; nothing here connects, and no password is shown."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import conninfo

from worker.doctor.finding import Finding, judged
from worker.plausible import is_plausible

TRANSACTION_POOLER_PORT = "6543"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SAFE_MODES = frozenset({"verify-ca", "verify-full"})
POOLER = "pooler.supabase.com"


def examine_address(dsn: str) -> Iterator[Finding]:
    """Look at the connection string."""
    try:
        parts = {key: str(value) for key, value in conninfo.conninfo_to_dict(dsn).items()}
    except psycopg.ProgrammingError:  # its message quotes the string, password and all
        parts = {"host": "?"}
    if not is_plausible(parts):
        remedy = "postgresql://outbox_worker:PASSWORD@HOST:5432/postgres; encode @ : / ? # % in the password as %40 …"
        yield Finding(check="address", outcome="fail", found="SUPABASE_DB_URL cannot be read", remedy=remedy)
        return
    yield address(parts)
    yield tls_mode(parts)
    yield pooler_mode(parts)
    yield ipv6(parts)


def address(parts: dict[str, str]) -> Finding:
    """Whether host, user and password are named, the user in the form that a pooler asks for."""
    host, user = parts.get("host", ""), parts.get("user", "")
    found = f"{user or '(no user)'} at {host or '(no host)'}"
    if not host or not user:
        remedy = "name both: postgresql://outbox_worker:PASSWORD@HOST:5432/postgres"
        return Finding(check="address", outcome="fail", found=found, remedy=remedy)
    if host.endswith(POOLER) and "." not in user and "reference" not in parts.get("options", ""):
        remedy = f"through the pooler the user is {user}.PROJECT-REF"
        return Finding(check="address", outcome="fail", found=found, remedy=remedy)
    silent = "password" not in parts and "PGPASSWORD" not in os.environ and "passfile" not in parts
    remedy = "put the password of outbox_worker into SUPABASE_DB_URL, or into ~/.pgpass"
    return judged("address", f"{found}, no password" if silent else found, bad=silent, remedy=remedy)


def tls_mode(parts: dict[str, str]) -> Finding:
    """Whether somebody in between could read or pretend."""
    mode, root = parts.get("sslmode", "prefer"), parts.get("sslrootcert")
    if mode in SAFE_MODES and root not in {None, "system"} and not _readable(str(root)):
        remedy = "download the certificate from the dashboard (Database, SSL), and name the file in sslrootcert"
        return Finding(check="tls mode", outcome="fail", found=f"{root} is not there or not readable", remedy=remedy)
    if mode in SAFE_MODES and root == "system" and "supabase.co" in parts.get("host", ""):
        remedy = "sslrootcert=prod-ca-2021.crt, from the dashboard: Supabase's authority is a private one"
        return Finding(check="tls mode", outcome="fail", found="sslrootcert=system", remedy=remedy)
    weak = mode not in SAFE_MODES and parts.get("host") not in LOOPBACK
    remedy = "add sslmode=verify-full and sslrootcert=FILE (docs/security.md)"
    return judged("tls mode", f"sslmode={mode}", bad=weak, remedy=remedy)


def pooler_mode(parts: dict[str, str]) -> Finding:
    """Which kind of session the port gives."""
    port, host = parts.get("port", "5432"), parts.get("host", "")
    if port == TRANSACTION_POOLER_PORT:
        remedy = "deliveries work; prefer port 5432: one session that lasts, and `worker migrate` needs it"
        return Finding(check="pooler mode", outcome="warn", found="port 6543: transaction pooler", remedy=remedy)
    kind = "session pooler" if host.endswith(POOLER) else "direct"
    return Finding(check="pooler mode", outcome="ok", found=f"port {port}: {kind}")


def ipv6(parts: dict[str, str]) -> Finding:
    """Whether the host has an address that this machine has a way to: direct hosts have IPv6 alone."""
    host, port = parts.get("host", ""), parts.get("port", "5432")
    if host.startswith("/"):
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
