"""The migrations that ship with this package, as the Supabase CLI would read them."""

import re
from dataclasses import dataclass
from importlib import resources

from worker.migrate.statements import split

# The CLI's own pattern. It looks at one folder only, so a rollback in the sub-folder is none of its
# migrations.
_NAME = re.compile(r"^([0-9]+)_(.*)\.sql$")


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


def load() -> tuple[Migration, ...]:
    """Every migration, oldest first."""
    folder = resources.files("migrations").joinpath("supabase")
    rollbacks = folder.joinpath("rollbacks")
    found = (
        Migration(
            version=match[1],
            name=match[2],
            sql=entry.read_text(encoding="utf-8"),
            rollback=rollbacks.joinpath(entry.name).read_text(encoding="utf-8"),
        )
        for entry in folder.iterdir()
        if (match := _NAME.match(entry.name))
    )
    return tuple(sorted(found, key=lambda migration: migration.version))
