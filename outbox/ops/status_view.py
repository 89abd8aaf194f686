"""The status on a terminal, of any width, dark or light: rich's sixteen named colours follow the terminal's theme."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from outbox.ops.assessment import Answer, Assessment, Need, Tone, assess
from outbox.ops.status import Status

_MARKS = {Tone.WELL: "✓", Tone.BUSY: "…", Tone.WARN: "!", Tone.BAD: "✗", Tone.PLAIN: " "}
_STYLES = {Tone.WELL: "green", Tone.BUSY: "cyan", Tone.WARN: "bold yellow", Tone.BAD: "bold red", Tone.PLAIN: ""}
_BAR_WIDTH = 40
_INDENT = 13  # columns, of an answer


def view(status: Status) -> RenderableType:
    """Draw the status."""
    footer = Text(f"{status.path}  {status.read_at:%Y-%m-%d %H:%M:%S} UTC", style="dim", overflow="fold")
    return Group(answers(assess(status), bar=_bar(status)), Padding(footer, (1, 0, 0, 2)))


def answers(found: Assessment, *, bar: RenderableType | None = None) -> RenderableType:
    """Draw the six answers; a mark says the same as the colour, for people who see no colours."""
    grid = _grid()
    _row(grid, "generation", found.generation, loud=True)
    for place, trouble in enumerate(found.trouble or (Answer(text="nothing", tone=Tone.WELL),)):
        _row(grid, "" if place else "wrong", trouble, loud=True)
    _row(grid, "waiting", found.waiting)
    _row(grid, "draining", found.draining)
    if bar is not None:
        grid.add_row("", "", bar)
    _row(grid, "done", found.done)
    return Group(grid, *_needs(found.needs))


class _Whole:
    """A line that is there to be copied: where it does not fit below its answer, it begins further left."""

    def __init__(self, text: str, style: str) -> None:
        self._text = Text(text, style=style, overflow="fold")

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        left = _INDENT if options.max_width >= _INDENT + len(self._text) else 2
        yield Padding(self._text, (0, 0, 0, left), expand=False)


def _grid() -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(width=len("generation"), style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


def _row(grid: Table, label: str, answer: Answer, *, loud: bool = False) -> None:
    style = _STYLES[answer.tone]
    # Sentences stay in the terminal's own colour (yellow is hard to read on white); only what is bad stands out.
    text_style = style if loud and answer.tone is Tone.BAD else ""
    grid.add_row(Text(_MARKS[answer.tone], style=style), label, Text(answer.text, style=text_style))


def _needs(needs: tuple[Need, ...]) -> Iterator[RenderableType]:
    grid = _grid()
    if not needs:
        grid.add_row(Text("✓", style="green"), "needs you", "nothing")
        yield grid
    for place, need in enumerate(needs):
        grid = _grid()
        grid.add_row(Text("→", style="bold magenta"), "" if place else "needs you", Text(need.what))
        yield grid
        if need.command:
            yield _Whole(f"$ {need.command}", "bold")
        if need.entry:
            yield _Whole(f"docs/runbook.md#{need.entry}", "dim")


def _bar(status: Status) -> RenderableType | None:
    if status.worker.state != "draining" or not status.backlog:
        return None
    return ProgressBar(
        total=status.last_seq, completed=status.applied_seq, width=_BAR_WIDTH, complete_style="cyan", pulse=False
    )
