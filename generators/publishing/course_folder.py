from dataclasses import dataclass
from pathlib import Path

COURSES = "courses"


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseFolder:
    """Where a generated course lives: `courses/<slug>` below CONTENT_ROOT."""

    root: Path
    slug: str

    @property
    def path(self) -> Path:
        return self.root / COURSES / self.slug

    def relative(self, name: str) -> str:
        """A file of the course as a path relative to CONTENT_ROOT, with forward slashes."""
        return f"{COURSES}/{self.slug}/{name}"
