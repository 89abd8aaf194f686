"""A generator that never rests: `generator.py OUTBOX ROOT LANE LIFE`, until SIGTERM.

It creates lessons, overwrites them, also those that other lanes write, and patches them, at a steady pace. After each
unit has returned it says so on stdout: what is said must survive anything. What the disk refuses it says as well, opens
the outbox anew, and goes on.
"""

import json
import random
import signal
import sys
import time
from pathlib import Path

from outbox import Outbox, StorageFailed, StorageFull, Unit
from outbox import catalogue as c

UNITS_PER_SECOND = 60.0
LESSONS = 150  # of each lane, and as many that all lanes share
SHARED = "soak-shared"


class Generator:
    """One life of one lane."""

    def __init__(self, lane: str, life: str) -> None:
        self.lane = lane
        self.life = life
        self.chance = random.Random(f"{lane}/{life}")
        self.stopping = False
        self._made: set[str] = set()
        self._units = 0
        self._due = time.monotonic()

    def run(self, path: Path, root: Path) -> None:
        while not self.stopping:
            try:
                with Outbox.open(path, content_root=root) as box:
                    while not self.stopping:
                        self.unit(box)
                        self.keep_pace()
            except (StorageFull, StorageFailed) as exc:
                self.say(refused=type(exc).__name__)
                self.keep_pace()

    def keep_pace(self) -> None:
        """The load is steady; what was held up is made up for, at most a second of it."""
        self._due = max(self._due + 1 / UNITS_PER_SECOND, time.monotonic() - 1)
        time.sleep(max(0.0, self._due - time.monotonic()))

    def unit(self, box: Outbox) -> None:
        self._units += 1
        token = f"{self.lane}/{self.life}/{self._units}"
        project = self.chance.choice((f"soak-{self.lane}", f"soak-{self.lane}", SHARED))
        slug = f"{project}--lesson-{self.chance.randrange(LESSONS)}"
        with box.unit() as unit:
            if project not in self._made:
                unit.append(c.ProjectUpserted(slug=project, name=f"Soak {project}"))
            if slug not in self._made or self.chance.random() < 0.5:
                body = (
                    f"# {slug}\n\nVersion {token}: ação, pão e 🍞.\n"
                    + "Uma linha a mais.\n" * self.chance.randrange(60)
                )
                file = f"courses/{project}/{slug}.md"
                unit.write(file, body.encode())
                unit.append(self._lesson(slug, project, body, file))
            self._patch(unit, slug)
            unit.append(c.ContentMetadataMerged(slug=slug, metadata={"token": token}))
        self._made |= {project, slug}
        self.say(token=token, events={event.seq: str(event.event_id) for event in unit.result.appended})

    def _lesson(self, slug: str, project: str, body: str, file: str) -> c.ContentUpserted:
        return c.ContentUpserted(
            slug=slug, title=slug, content_type="course_lesson", project=project, body=body, file_path=file
        )  # fmt: skip

    def _patch(self, unit: Unit, slug: str) -> None:
        match self.chance.randrange(8):
            case 0:
                unit.append(c.ContentFidelityScored(slug=slug, score=self.chance.randrange(100) / 100))
            case 1:
                unit.append(c.ContentTagged(slug=slug, tag=f"tag-{self.chance.randrange(5)}"))
            case 2:
                unit.append(c.ContentUntagged(slug=slug, tag=f"tag-{self.chance.randrange(5)}"))
            case 3:
                unit.append(c.ContentStatusChanged(slug=slug, status=self.chance.choice(("draft", "reviewed"))))
            case 4:
                unit.append(c.ContentDeleted(slug=slug, deleted_at="2026-03-01T12:00:00Z"))

    def say(self, **fact: object) -> None:
        sys.stdout.write(json.dumps(fact) + "\n")
        sys.stdout.flush()

    def stop(self, *_: object) -> None:
        self.stopping = True


def main() -> None:
    generator = Generator(sys.argv[3], sys.argv[4])
    signal.signal(signal.SIGTERM, generator.stop)
    generator.run(Path(sys.argv[1]), Path(sys.argv[2]))


if __name__ == "__main__":
    main()
