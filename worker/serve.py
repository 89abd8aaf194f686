"""The life of `worker run`: take the lock, hold or deliver, end within five seconds of SIGTERM."""

import os
from importlib.metadata import version

from worker.errors import Holding
from worker.logs import get_log
from worker.runtime import destination, relay_for, served_outbox, waker_for
from worker.settings import WorkerSettings
from worker.supervisor import Supervisor
from worker.suspects import died
from worker.wakeup import StopAtOnce, stopped_by_signals


def serve(settings: WorkerSettings, *, local: bool) -> None:
    """Serve the outbox until a signal ends it.

    Args:
        settings: of this process.
        local: use the embedded Postgres.

    Raises:
        WorkerRunning: another worker serves this outbox.
        SettingsFault: no database is named although delivering is switched on.
    """
    log = get_log()
    supervisor = Supervisor(os.environ)
    with served_outbox(settings) as box, waker_for(box, supervisor) as waker, stopped_by_signals(waker):
        wary = died(box)
        box.relay.set_state("starting")
        supervisor.ready()
        log.info("worker.started", pid=os.getpid(), version=version("creatoros-outbox"), outbox_id=str(box.outbox_id))
        try:
            if not settings.persist:
                reason = str(Holding())
                log.warning("relay.holding", reason=reason, last_seq=box.last_seq)
                while not waker.stopping:
                    box.relay.set_state("holding", reason)
                    waker.sleep(60.0)
            else:
                with destination(settings, local=local) as dsn:
                    relay, _ = relay_for(box, settings, dsn, waker, wary=wary, supervisor=supervisor)
                    relay.run()
            log.info("worker.stopped", clean=True)
        except StopAtOnce:
            # Safe at any instant: the position tells what was committed. See `relay`.
            log.warning("worker.stopped", clean=False)
        finally:
            supervisor.stopping()
            box.relay.set_state("stopped")
