"""Where a course's generation stands, in `.state/` of its folder, so that an interrupted run goes on where it stopped.

The state is a convenience, not a promise: it is renamed into place whole, and a lost or broken one costs no more than
doing again what is done already, which changes nothing.
"""

import contextlib
import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

STATE_FOLDER = ".state"
_FILE = "progress.json"


class Stage(StrEnum):
    """How far a course has come; each stage includes those before it."""

    ORGANISED = "organised"
    BRIEF_COMPLETE = "brief_complete"
    CURRICULUM_APPROVED = "curriculum_approved"
    LESSONS_IN_PROGRESS = "lessons_in_progress"
    COMPLETE = "complete"


@dataclass(slots=True)
class Progress:
    """What has been done.

    Attributes:
        brief_sha256: of the brief that the draft was made from.
        approved_sha256: of the curriculum.yaml that was approved.
        published: path relative to the course folder -> sha256 of what was published there.
        failed: lesson id -> why it could not be written.
        writer: who wrote the lessons, as `--writer` names it.
        asked: how that writer was asked: options, instructions, template, prices.
        sources: files and folders that the author named, as whole paths.
    """

    stage: Stage = Stage.ORGANISED
    brief_sha256: str | None = None
    approved_sha256: str | None = None
    published: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    writer: str | None = None
    asked: dict[str, Any] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)


class Checkpoint:
    """The progress of one course, loaded once and saved after every step."""

    def __init__(self, course_folder: Path) -> None:
        self.folder = course_folder / STATE_FOLDER
        self.progress = self._load()

    def save(self) -> None:
        """Replace the file as a whole; a crash leaves the old one or the new one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / _FILE
        temporary = path.with_suffix(".json.tmp")
        temporary.write_text(json.dumps(asdict(self.progress), ensure_ascii=False, indent=1) + "\n", "utf-8")
        temporary.replace(path)

    def reached(self, stage: Stage) -> None:
        """Note a stage, never going back."""
        order = list(Stage)
        if order.index(stage) > order.index(self.progress.stage):
            self.progress.stage = stage
        self.save()

    def _load(self) -> Progress:
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            raw: dict[str, Any] = json.loads((self.folder / _FILE).read_text("utf-8"))
            return Progress(
                stage=Stage(raw["stage"]),
                brief_sha256=raw["brief_sha256"],
                approved_sha256=raw["approved_sha256"],
                published={str(key): str(value) for key, value in raw["published"].items()},
                failed={str(key): str(value) for key, value in raw["failed"].items()},
                writer=raw.get("writer"),
                asked=dict(raw.get("asked") or {}),
                sources=[str(path) for path in raw.get("sources") or ()],
            )
        return Progress()
