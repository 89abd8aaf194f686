import pytest

from worker.migrate import load
from worker.migrate.statements import split


@pytest.mark.parametrize(
    ("sql", "statements"),
    [
        ("select 1; select 2", ["select 1", "select 2"]),
        ("select ';'; select \"a;b\" from t;", ["select ';'", 'select "a;b" from t']),
        ("select 'it''s;'; x", ["select 'it''s;'", "x"]),
        (r"select e'a\';b'; x", [r"select e'a\';b'", "x"]),
        ("-- a; b\nselect 1;", ["-- a; b\nselect 1"]),
        ("/* a; /* b; */ c; */ select 1; x", ["/* a; /* b; */ c; */ select 1", "x"]),
        ("do $$ begin; end $$; x", ["do $$ begin; end $$", "x"]),
        ("do $a$ $$; $b$; $a$; x", ["do $a$ $$; $b$; $a$", "x"]),
        ("create rule r as on insert to t do (select 1; select 2); x", ["create rule r as on insert to t do (select 1; select 2)", "x"]),
        (
            "create function f() returns int language sql begin atomic select case when true then 1 end; select 2; end; x",
            ["create function f() returns int language sql begin atomic select case when true then 1 end; select 2; end", "x"],
        ),
        ("begin; select 1; end;", ["begin", "select 1", "end"]),
        ("select a$b$c; x", ["select a$b$c", "x"]),
        ("select 1;\n-- the last word", ["select 1", "-- the last word"]),
        (" ;; ", []),
    ],
)  # fmt: skip
def test_a_file_is_split_as_the_supabase_cli_splits_it(sql: str, statements: list[str]) -> None:
    """At semicolons that end a statement, and at no others."""
    assert split(sql) == statements


def test_every_migration_has_a_rollback_and_keeps_the_form() -> None:
    """14 digits, a name, no transaction control (it would end ours), a lock that is not waited for long."""
    for migration in load():
        assert len(migration.version) == 14
        assert migration.rollback.strip()
        for text in (migration.sql, migration.rollback):
            words = {
                statement.split(maxsplit=1)[0].lower() for statement in split(text) if not statement.startswith("--")
            }
            assert not words & {"begin", "commit", "rollback", "start"}
            assert "set local lock_timeout" in text
            assert "concurrently" not in " ".join(
                line for line in text.lower().splitlines() if not line.startswith("--")
            )
