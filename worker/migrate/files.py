"""The migrations that ship with this package, as the Supabase CLI would read them."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from worker.migrate.statements import split

# Found beside this package and not by name: a project may well have a `migrations` folder of its own on its path.
FOLDER = Path(__file__).parents[2] / "migrations" / "supabase"

# The CLI's own pattern. It looks at one folder only, so a rollback in the sub-folder is none of its
# migrations.
_NAME = re.compile(r"^([0-9]+)_(.*)\.sql$")

# Earlier forms of a file that some databases were migrated by. What such a form did, a later file does again, so a
# database that records one has not drifted (docs/adr, "Opened last"): version -> SHA-256 of its statements.
_EARLIER_FORMS = {
    "20260101000500": frozenset({"b4df259ae69c7cb3886b76c4cb329dbc11604e93b67c3a098719c9baaef74139"}),
    "20260101000510": frozenset({"df82ae12d62cff0b21bd4e37a127fdf7611c1f5024ac8765c27bc13899dbeabf"}),
    "20260101000600": frozenset({"45a219e6b8df5997fd5fdda59fc493a641b366aa70e182592f0ab3d294a53e4a"}),
    "20260101000700": frozenset({"eb1c082c61c52d6d03a46f76b863b2657a70d3657172276cf7d60231cd368d9a"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step of the schema: its file, and the file that takes it back."""

    version: str
    name: str
    sql: str
    rollback: str

    @property
    def file_name(self) -> str:
        """As it is called on disk, the same for the step and its rollback."""
        return f"{self.version}_{self.name}.sql"

    @property
    def statements(self) -> list[str]:
        """The file split as the CLI splits it; this is what the history keeps."""
        return split(self.sql)

    def was(self, statements: list[str]) -> bool:
        """Whether these statements are this file, as it is or in an earlier form that a later file makes good."""
        digest = hashlib.sha256("\n".join(statements).encode()).hexdigest()
        return statements == self.statements or digest in _EARLIER_FORMS.get(self.version, frozenset())


def load() -> tuple[Migration, ...]:
    """Every migration, oldest first."""
    rollbacks = FOLDER / "rollbacks"
    found = (
        Migration(
            version=match[1],
            name=match[2],
            sql=entry.read_text(encoding="utf-8"),
            rollback=rollbacks.joinpath(entry.name).read_text(encoding="utf-8"),
        )
        for entry in FOLDER.iterdir()
        if (match := _NAME.match(entry.name))
    )
    return tuple(sorted(found, key=lambda migration: migration.version))
