"""PgBouncer in transaction mode in front of the session's server, where TESTS_POOLER names its binary."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit, urlunsplit

from tests.support.processes import until

VARIABLE = "TESTS_POOLER"
UNPRIVILEGED = "nobody"


def asked_for() -> str | None:
    """The binary that the environment names: `TESTS_POOLER=/usr/sbin/pgbouncer`."""
    return os.environ.get(VARIABLE) or None


class Pooler:
    """One PgBouncer for one role.

    Args:
        binary: of PgBouncer.
        dsn: of the server, as the role that goes through the pooler.
    """

    def __init__(self, binary: str, dsn: str) -> None:
        self._binary = binary
        self._server = urlsplit(dsn)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = int(free.getsockname()[1])
        self._folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        user, password = self._server.username or "", unquote(self._server.password or "")
        (self._folder / "users.txt").write_text(f'"{user}" "{password}"\n')
        settings = self._folder / "pgbouncer.ini"
        settings.write_text(
            "[databases]\n"
            f"* = host=127.0.0.1 port={self._server.port}\n"
            "[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {self._port}\nunix_socket_dir =\n"
            f"auth_type = scram-sha-256\nauth_file = {self._folder / 'users.txt'}\n"
            "pool_mode = transaction\ndefault_pool_size = 5\nserver_login_retry = 1\n"
        )
        command = [self._binary, str(settings)]
        if os.getuid() == 0:  # it refuses to be root
            nobody = pwd.getpwnam(UNPRIVILEGED)
            for path in (self._folder, *self._folder.iterdir()):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
            command[1:1] = ["-u", UNPRIVILEGED]
        log = (self._folder / "log").open("wb")
        self._process = subprocess.Popen(command, stdout=log, stderr=log)
        log.close()
        until(self._answers, what="pgbouncer listens")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder)

    def through(self, dsn: str) -> str:
        """The same connection string, by way of the pooler."""
        parts = urlsplit(dsn)
        login = parts.netloc.rpartition("@")[0]
        return urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{self._port}"))

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError((self._folder / "log").read_text())
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self._port)) == 0
