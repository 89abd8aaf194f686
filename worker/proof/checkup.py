"""What `worker verify` does: compare, mend if asked to, compare again."""

from contextlib import ExitStack

from outbox import Outbox
from worker.apply.position import greet
from worker.connect.dial import reach
from worker.errors import Holding
from worker.proof.repair import Repaired, repair_all
from worker.proof.verify import Verified, verify_all
from worker.run.runtime import destination, served_outbox
from worker.settings import WorkerSettings


def check_and_repair(settings: WorkerSettings, *, repair: bool, local: bool) -> tuple[Verified, list[Repaired]]:
    """Compare files, log and rows; with `repair`, write the rows that are wrong again.

    Returns:
        What is found in the end, and what was mended.

    Raises:
        Holding: CREATOR_OS_DB_PERSIST is not true, and `repair` would write.
        WorkerRunning: with `repair`, another worker serves this outbox.
    """
    if repair and not settings.persist:
        raise Holding
    where = settings.outbox
    with ExitStack() as opened:
        if repair:
            box = opened.enter_context(served_outbox(settings))
        else:
            box = opened.enter_context(Outbox.open(where.outbox_path, content_root=where.content_root, create=False))
        dsn = opened.enter_context(destination(settings, local=local))
        connection = opened.enter_context(reach(dsn))
        found = verify_all(connection, box, where.content_root)
        if not repair or found.proven:
            return found, []
        repaired = repair_all(connection, box, found, greet(connection, box))
        return verify_all(connection, box, where.content_root), repaired
