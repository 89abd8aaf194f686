"""The checkpoint between the cheap step and the expensive one: nothing is generated before somebody said yes.

The author sees the whole plan and approves it with a typed "yes", edits it (checked and shown again), has it made
anew from the brief (the edited one is kept, time-stamped), or cancels. End of input and Ctrl-C are cancel. Every
decision goes to `.state/approvals.jsonl` with the time, the user and the hash of what was decided on; lines are only
ever added.
"""

import getpass
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import click

from generators.lessons import Writer
from generators.making.check import Findings, check
from generators.reading.curriculum import Curriculum
from generators.reading.curriculum.own_file import load_curriculum
from generators.whole_file import write_whole

AUDIT_FILE = "approvals.jsonl"
BACKUP_FOLDER = "backups"
_YES = "yes"


class Decision(StrEnum):
    """What was decided at the checkpoint."""

    APPROVED = "approved"
    EDITED = "edited"
    REGENERATED = "regenerated"
    CANCELLED = "cancelled"


@dataclass(slots=True)
class Approval:
    """One course at its checkpoint.

    Attributes:
        draft: the curriculum.yaml to decide on; edits go to this file.
        regenerate: makes the curriculum anew from the brief and returns its bytes.
        now: the clock, UTC.
        edit: opens the draft in the author's editor.
    """

    draft: Path
    state_folder: Path
    writer: Writer
    regenerate: Callable[[], bytes]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    edit: Callable[[Path], None] = lambda path: click.edit(filename=str(path))

    def ask(self) -> bool:
        """Show the draft and ask until it is approved or cancelled; False is cancelled."""
        while True:
            data = self.draft.read_bytes()
            findings = check(data)
            show(data, findings, self.writer)
            how = "typed"
            try:
                answer = self._prompt(findings)
            except (click.Abort, EOFError, KeyboardInterrupt):
                click.echo("", err=True)
                answer, how = "cancel", "interrupted or end of input"
            if answer == "approve" and self.draft.read_bytes() != data:
                # Edited in another window while the question stood: what was not shown is not approved.
                click.echo("the draft was changed since it was shown; here it is again", err=True)
            elif answer == "approve":
                self.record(Decision.APPROVED, data, how=how)
                return True
            elif answer == "edit":
                self._edit()
            elif answer == "regenerate":
                self._start_over()
            else:
                self.record(Decision.CANCELLED, data, how=how)
                return False

    def approve_unasked(self) -> Findings:
        """Approve because the caller said so beforehand (`--approve`); a draft with errors is not approved."""
        data = self.draft.read_bytes()
        findings = check(data)
        if not findings.errors:
            self.record(Decision.APPROVED, data, how="--approve")
        return findings

    def record(self, decision: Decision, data: bytes, *, how: str) -> None:
        """Add a line to the audit trail."""
        entry = {
            "at": self.now().isoformat(),
            "decision": decision.value,
            "how": how,
            "by": _user(),
            "curriculum_sha256": hashlib.sha256(data).hexdigest(),
        }
        self.state_folder.mkdir(parents=True, exist_ok=True)
        with (self.state_folder / AUDIT_FILE).open("a", encoding="utf-8") as trail:
            trail.write(json.dumps(entry, ensure_ascii=False) + "\n")
            trail.flush()
            os.fsync(trail.fileno())

    def last(self) -> dict[str, str]:
        """When, how and by whom the newest decision was taken; empty before the first."""
        trail = self.state_folder / AUDIT_FILE
        lines = trail.read_text("utf-8").splitlines() if trail.exists() else []
        entry = json.loads(lines[-1]) if lines else {}
        return {name: str(entry[name]) for name in ("at", "how", "by") if name in entry}

    def _prompt(self, findings: Findings) -> str:
        options = "edit, regenerate or cancel" if findings.errors else "yes to approve, or edit, regenerate, cancel"
        answer = str(click.prompt(f"Your decision: {options}", err=True, default="", show_default=False)).strip()
        if answer == _YES and not findings.errors:
            return "approve"
        if answer in {"e", "edit"}:
            return "edit"
        if answer in {"r", "regenerate"}:
            return "regenerate"
        if answer in {"c", "cancel", "n", "no"}:
            return "cancel"
        click.echo('Nothing was approved: type the whole word "yes" to approve.', err=True)
        return self._prompt(findings)

    def _edit(self) -> None:
        try:
            self.edit(self.draft)
        except click.ClickException as exc:
            # No editor, or one that failed, decides nothing: the author is asked again.
            click.echo(f"error: {exc.format_message()}; set EDITOR, or edit {self.draft} in another window", err=True)
            return
        self.record(Decision.EDITED, self.draft.read_bytes(), how="editor")

    def _start_over(self) -> None:
        backups = self.state_folder / BACKUP_FOLDER
        backups.mkdir(parents=True, exist_ok=True)
        stamp = self.now().strftime("%Y%m%dT%H%M%S%fZ")
        kept = backups / f"curriculum-{stamp}.yaml"
        write_whole(kept, self.draft.read_bytes())
        click.echo(f"made anew from the brief; the draft until now is kept as {kept}", err=True)
        write_whole(self.draft, self.regenerate())
        self.record(Decision.REGENERATED, self.draft.read_bytes(), how="typed")


def show(data: bytes, findings: Findings, writer: Writer) -> None:
    """Print the plan to stderr: totals, estimate, every module and lesson, and what is wrong with it."""
    if not findings.errors:
        _show_plan(load_curriculum(data), writer)
    for error in findings.errors:
        click.echo(f"error: {error}", err=True)
    for warning in findings.warnings:
        click.echo(f"warning: {warning}", err=True)


def _show_plan(curriculum: Curriculum, writer: Writer) -> None:
    lessons = list(curriculum.lessons)
    minutes = curriculum.total_minutes or 0
    estimate = writer.estimate(len(lessons), minutes)
    click.echo(f"\n{curriculum.title}", err=True)
    size = f"{_count(len(curriculum.modules), 'module')}, {_count(len(lessons), 'lesson')}"
    click.echo(f"{size}, {minutes} minutes ({minutes / 60:.1f} h)", err=True)
    seconds = f"about {estimate.seconds:.0f} s" if estimate.seconds >= 1 else "about a second"
    click.echo(f"writing them with “{writer.name}” takes {seconds} and costs {estimate.note}", err=True)
    for module in curriculum.modules:
        click.echo(f"\n  Module {module.number}: {module.title or '(no title)'} ({module.minutes or 0} min)", err=True)
        for lesson in module.lessons:
            click.echo(
                f"    {lesson.lesson_id:>5}  {lesson.title or '(no title)'} ({lesson.minutes or 0} min)", err=True
            )
    click.echo("", err=True)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"
