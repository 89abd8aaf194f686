"""The status as plain lines: for pipes, logs and tickets. Labels and their order never change."""

from __future__ import annotations

from collections.abc import Iterator

from outbox.ops.assessment import Answer, Assessment, Need, Tone, assess
from outbox.ops.status import Status
from outbox.terminal import one_line

_WIDTH = 12
LABELS = ("generation", "wrong", "waiting", "draining", "done", "needs you")


def lines(status: Status) -> list[str]:
    """Write the status in the order in which an operator asks."""
    return [*screen(assess(status)), f"{'outbox':<{_WIDTH}}{status.outbox_id}"]


def screen(found: Assessment) -> Iterator[str]:
    """Write the six answers, one label each; what continues an answer is indented."""
    trouble = found.trouble or (Answer(text="nothing", tone=Tone.WELL),)
    answers = (
        [found.generation.text],
        [one.text for one in trouble],
        [found.waiting.text],
        [found.draining.text],
        [found.done.text],
        [line for need in found.needs for line in _need(need)] or ["nothing"],
    )
    for label, texts in zip(LABELS, answers, strict=True):
        yield f"{label:<{_WIDTH}}{one_line(texts[0])}"
        yield from (f"{'':<{_WIDTH}}{one_line(text)}" for text in texts[1:])


def _need(need: Need) -> Iterator[str]:
    yield f"{need.what} (docs/runbook.md#{need.entry})" if need.entry else need.what
    if need.command:
        yield f"$ {need.command}"
