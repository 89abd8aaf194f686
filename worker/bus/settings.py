"""Where the bus is and who we are there, from the environment."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from outbox import environment
from outbox.extras import install_command
from worker.bus.link import Link
from worker.errors import SettingsFault

_TRUE = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BusSettings:
    """How to reach the bus.

    Attributes:
        url: OUTBOX_BUS_URL, or as the command line says.
        seed: OUTBOX_BUS_NKEY, the file with our nkey seed; None: the server lets us in without.
        authority: OUTBOX_BUS_CA, the file with the certificate authority of the server.
        insecure: OUTBOX_INSECURE, whether another machine may be asked without TLS.
    """

    url: str
    seed: Path | None = None
    authority: Path | None = None
    insecure: bool = False

    @classmethod
    def from_env(cls, url: str | None = None) -> Self:
        """Read the environment, and `.env` below it.

        Raises:
            SettingsFault: no address is named, or a file is not there.
        """
        values = environment()
        url = url or values.get("OUTBOX_BUS_URL", "").strip()
        if not url:
            raise SettingsFault("no bus is named: set OUTBOX_BUS_URL, as nats://host:4222 or tls://host:4222")
        files = []
        for name in ("OUTBOX_BUS_NKEY", "OUTBOX_BUS_CA"):
            named = values.get(name, "").strip()
            files.append(Path(named).expanduser() if named else None)
            if named and not Path(named).expanduser().is_file():
                raise SettingsFault(f"{name}: there is no such file")
        insecure = values.get("OUTBOX_INSECURE", "").strip().lower() in _TRUE
        return cls(url=url, seed=files[0], authority=files[1], insecure=insecure)

    def link(self, name: str, *, keeps: bool = False) -> Link:
        """Make the transport; nothing is connected yet.

        Raises:
            SettingsFault: nats-py is not installed, or the address cannot be used.
        """
        # Imported here: whoever does not forward needs neither the package nor its time.
        try:
            from worker.bus.nats_link import NatsLink  # noqa: PLC0415
        except ModuleNotFoundError as exc:
            raise SettingsFault(f"{exc.name} is not installed: {install_command('bus')}") from exc

        return NatsLink(
            self.url, name=name, seed=self.seed, authority=self.authority, insecure=self.insecure, keeps=keeps
        )
