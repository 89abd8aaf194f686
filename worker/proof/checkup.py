"""What `worker verify` does: compare, mend if asked to, compare again."""

from contextlib import ExitStack

from outbox import Outbox
from worker.apply.position import greet
from worker.errors import Holding
from worker.logs import logs_of_a_library
from worker.proof.repair import repair_all
from worker.proof.verify import Verified, verify_all
from worker.run.dial import connected
from worker.run.runtime import destination, served_outbox
from worker.settings import WorkerSettings


def verify(
    settings: WorkerSettings | None = None, *, repair: bool = False, local: bool = False, since_proof: bool = False
) -> Verified:
    """Compare files, log and rows, as `worker verify` does; with `repair`, write the rows that are wrong again.

    Args:
        settings: of the worker; None: from the environment, and `.env` below it.
        repair: write rows that are missing or differ again, as the log says. Without it nothing is written to the
            database.
        local: use the embedded Postgres.
        since_proof: compare only what events after the last proof say; everything where there is none.

    Returns:
        What was found in the end, and what was repaired before (`Verified.repaired`).

    Raises:
        SettingsFault: the environment does not say what is needed; or no database is named.
        OutboxNotFound: there is no outbox file.
        Unreachable: the database does not answer.
        Holding: CREATOR_OS_DB_PERSIST is not true, and `repair` would write.
        WorkerRunning: with `repair`, another worker serves this outbox.
    """
    settings = settings or WorkerSettings.from_env()
    if repair and not settings.persist:
        raise Holding
    where = settings.outbox
    with logs_of_a_library(), ExitStack() as opened:
        if repair:
            box = opened.enter_context(served_outbox(settings))
        else:
            box = opened.enter_context(Outbox.open(where.outbox_path, content_root=where.content_root, create=False))
        dsn = opened.enter_context(destination(settings, local=local))
        connection = opened.enter_context(connected(dsn))
        found = verify_all(connection, box, where.content_root, since_proof=since_proof)
        if not repair or found.proven:
            return found
        repaired = repair_all(connection, box, found, greet(connection, box))
        found = verify_all(connection, box, where.content_root, since_proof=since_proof)
        found.repaired = repaired
        return found
