"""Where the bus is and who we are there, from the environment."""

from pathlib import Path
from typing import Annotated

from outbox.extras import install_command
from outbox.settings import Settings, Variable
from worker.bus.link import Link
from worker.errors import SettingsFault
from worker.settings import Insecure


def _no_file(path: Path) -> str | None:
    return None if path.is_file() else "is no file"


class BusSettings(Settings, frozen=True, kw_only=True):
    """How to reach the bus."""

    refusal = SettingsFault
    read_by = "`worker forward`, `worker apply`"

    url: Annotated[
        str,
        Variable(
            "OUTBOX_BUS_URL",
            "the bus: `nats://host:4222` or `tls://host:4222`; several servers of one cluster with commas "
            "between ([fleet.md](fleet.md))",
        ),
    ]
    seed: Annotated[
        Path | None,
        Variable(
            "OUTBOX_BUS_NKEY",
            "file with the nkey seed that the bus knows us by, a secret; without it the bus must let us in as we are",
            fault=_no_file,
        ),
    ] = None
    authority: Annotated[
        Path | None,
        Variable(
            "OUTBOX_BUS_CA",
            "file with the certificate authority of the bus, where it is none that this system knows",
            fault=_no_file,
        ),
    ] = None
    insecure: Insecure = False

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
