"""Taking over what people changed by hand since it was published.

Every course that the outbox knows a file of is read again, by the importer: only what changed becomes an event. A file
that is gone is no more than reported, unless deletions are asked for: then its content is deleted softly, and a later
return of the file revives it.
"""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from generators.publishing import Import, Minds, import_folders
from generators.reading.course import is_course
from outbox import FileMoved, KnownFile, Outbox, catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What a sync found and did.

    Attributes:
        changed: files whose bytes differ from what was published.
        gone: files that are no longer there.
        deleted: slugs of the contents that were deleted softly.
        imported: the courses that were read again.
    """

    changed: tuple[Path, ...]
    gone: tuple[Path, ...]
    deleted: tuple[str, ...]
    imported: Import


def sync(
    box: Outbox,
    folders: Iterable[Path],
    *,
    content_root: Path,
    deletions: bool = False,
    minds: Minds | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Synced:
    """Bring the outbox up to what lies on disk.

    Args:
        box: the outbox.
        folders: only files below these count; none means every file that the outbox knows.
        content_root: where published files lie.
        deletions: delete the contents of files that are gone.
        minds: creator and persona, as for an import.
        now: the clock, UTC.

    Raises:
        OutboxError: the outbox itself failed; each course is taken over whole or not at all.
    """
    wanted = [folder.resolve() for folder in folders]
    changed: list[Path] = []
    gone: list[tuple[KnownFile, Path]] = []
    courses: set[Path] = set()
    for known in list(box.files()):
        path = (Path(known.base) if known.base else content_root.resolve()) / known.path
        if wanted and not any(path.is_relative_to(folder) for folder in wanted):
            continue
        course = _course_of(known, path, content_root.resolve())
        if course is not None:
            courses.add(course)
        if not path.is_file():
            gone.append((known, path))
        elif _sha256(path) != known.sha256:
            changed.append(path)
    deleted = _delete(box, gone, now) if deletions else []
    imported = import_folders(sorted(courses), box, content_root=content_root, minds=minds)
    return Synced(
        changed=tuple(changed), gone=tuple(path for _, path in gone), deleted=tuple(deleted), imported=imported
    )


def _delete(box: Outbox, gone: list[tuple[KnownFile, Path]], now: Callable[[], datetime]) -> list[str]:
    slugs = []
    for known, _ in gone:
        with suppress(FileMoved), box.unit() as unit:  # it is there again: published meanwhile, or put back
            unit.forget(known.path, base=known.base)
            if known.slug is not None:
                unit.append(catalogue.ContentDeleted(slug=known.slug, deleted_at=now()))
        if unit.committed and known.slug is not None:
            slugs.append(known.slug)
    return slugs


def _course_of(known: KnownFile, path: Path, root: Path) -> Path | None:
    """The folder of the course that a file belongs to; None when the folder is gone as well."""
    if known.base:
        folders = [Path(known.base) / Path(known.path).parts[0]]
    else:
        # The outermost, as an import of CONTENT_ROOT would find it.
        folders = [folder for folder in reversed(path.parents) if folder.is_relative_to(root) and folder != root]
    return next((folder for folder in folders if folder.is_dir() and is_course(folder)), None)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
