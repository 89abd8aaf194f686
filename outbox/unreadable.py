"""The six answers where the outbox file itself cannot be used."""

from __future__ import annotations

from outbox.assessment import Answer, Assessment, Need, Tone
from outbox.errors import OutboxCorrupt, OutboxError, OutboxTooNew, StorageFull

_NEEDS: dict[type[OutboxError], Need] = {
    OutboxCorrupt: Need(
        what="keep a copy of the file, then save what can be read of it",
        command="outbox recover --salvage outbox-new.db",
        entry="corrupt-file",
    ),
    OutboxTooNew: Need(what="install the newer version on this host", entry="newer-file"),
    StorageFull: Need(what="make room beside the outbox", command="df -h", entry="disk-full"),
}
_ELSE = Need(what="see that the disk works and the file is this user's", command="ls -la", entry="storage-fails")


def unreadable(error: OutboxError) -> Assessment:
    """Answer the six questions from the error that kept the file from being read."""
    return Assessment(
        generation=Answer(text="NOT SAFE: nothing can be appended; files and events so far stay", tone=Tone.BAD),
        trouble=(Answer(text=str(error).partition(". ")[0], tone=Tone.BAD),),
        waiting=Answer(text="unknown: the log cannot be read", tone=Tone.PLAIN),
        draining=Answer(text="no", tone=Tone.BAD),
        done=Answer(text="not before a person acts", tone=Tone.PLAIN),
        needs=(_NEEDS.get(type(error), _ELSE),),
    )
