"""Makes an nkey for a host or the centre, with what it may do: `python -m worker.bus.keys --help`.

The seed, a secret, goes into a file that the owner alone may read. The stanza, which holds no secret, goes into
`users.conf` beside the server's configuration. A host may write its own log and read its own two subjects; nothing
else.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import click

from worker.bus.link import partition_of


def made(path: Path) -> str:
    """Make a key: its seed into a new file, its public half returned.

    Raises:
        FileExistsError: there is a file already.
    """
    # Imported here: it comes with the extra `[bus]`.
    import nkeys  # noqa: PLC0415

    seed: bytes = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
        file.write(seed)
    return str(nkeys.from_seed(bytearray(seed)).public_key.decode())


def stanza(public: str, outbox_id: UUID | None) -> str:
    """What a key may do: of a host that forwards this outbox, or of the centre."""
    if outbox_id is None:
        publish = [
            "outbox.applied.*",
            "$JS.API.DIRECT.GET.OUTBOX",
            *(f"$JS.API.STREAM.{verb}.{name}" for verb in ("INFO", "CREATE") for name in ("OUTBOX", "APPLIED")),
        ]
        inbox = "_INBOX_centre.>"
    else:
        log = f"outbox.log.{partition_of(outbox_id)}.{outbox_id}"
        word = f"outbox.applied.{outbox_id}"
        publish = [log, f"$JS.API.DIRECT.GET.OUTBOX.{log}", f"$JS.API.DIRECT.GET.APPLIED.{word}"]
        inbox = f"_INBOX_{outbox_id}.>"
    allowed = ", ".join(f'"{one}"' for one in publish)
    rights = f'publish: {{ allow: [{allowed}] }}, subscribe: {{ allow: ["{inbox}"] }}'
    return f"{{ nkey: {public}, permissions: {{ {rights} }} }}"


def users(stanzas: Sequence[str]) -> str:
    """The whole of `users.conf`."""
    lines = "\n".join(f"    {one}" for one in stanzas)
    return f"users: [\n{lines}\n]\n"


@click.command()
@click.argument("seed", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--outbox", type=click.UUID, help="The id of the outbox that the host forwards; without: for the centre.")
def main(*, seed: Path, outbox: UUID | None) -> None:
    """Make a key, its seed into the new file SEED, and print the stanza for users.conf.

    \b
    Example:
      python -m worker.bus.keys host.nk --outbox "$(outbox status --json | jq -r .outbox_id)"
    """
    try:
        click.echo(stanza(made(seed), outbox))
    except FileExistsError:
        click.echo(f"{seed} is there already: a key is never written over", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
