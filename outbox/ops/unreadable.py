"""The six answers where the outbox file itself cannot be used."""

from __future__ import annotations

from outbox.errors import OutboxError, StorageFailed
from outbox.ops.assessment import Answer, Assessment, Need, Tone


def unreadable(error: OutboxError) -> Assessment:
    """Answer the six questions from the error that kept the file from being read."""
    return Assessment(
        generation=Answer(text="NOT SAFE: nothing can be appended; files and events so far stay", tone=Tone.BAD),
        trouble=(Answer(text=str(error).partition(". ")[0], tone=Tone.BAD),),
        waiting=Answer(text="unknown: the log cannot be read", tone=Tone.PLAIN),
        draining=Answer(text="no", tone=Tone.BAD),
        done=Answer(text="not before a person acts", tone=Tone.PLAIN),
        needs=(
            Need(
                what=error.remedy or str(StorageFailed.remedy),
                command=error.command,
                entry=error.entry or StorageFailed.entry,
            ),
        ),
    )
