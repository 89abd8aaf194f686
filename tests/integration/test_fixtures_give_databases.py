import psycopg

from tests.support.postgres import Database
from worker.standin import LocalPostgres


def test_a_database_has_the_schema_and_an_identity_of_its_own(database: Database, postgres: LocalPostgres) -> None:
    """Clones of one template are different destinations."""
    with (
        psycopg.connect(postgres.dsn("migrated_standin_explicit")) as template,
        psycopg.connect(database.dsn) as clone,
    ):
        read = "select destination_id from outbox.destination"
        assert template.execute(read).fetchone() != clone.execute(read).fetchone()


def test_the_worker_role_can_log_in_and_read_its_position(database: Database) -> None:
    """The least-privilege role reaches its own schema."""
    with psycopg.connect(database.worker_dsn) as connection:
        assert connection.execute("select count(*) from outbox.sources").fetchone() == (0,)


def test_an_empty_database_holds_nothing_of_ours(empty_database: Database) -> None:
    """It is as Supabase hands it out."""
    with psycopg.connect(empty_database.dsn) as connection:
        found = connection.execute("select current_user, to_regclass('public.contents')").fetchone()
    assert found == ("postgres", None)
