"""Every environment variable of the worker, as docs/configuration.md tells it."""

from outbox.settings import VARIABLES as OF_THE_OUTBOX
from outbox.settings import Variable
from worker.options import HOLD_AFTER_ALIKE
from worker.settings import BATCH_BYTES, BATCH_EVENTS, POLL_SECONDS, STATEMENT_TIMEOUT_SECONDS

VARIABLES = (
    Variable(
        name="CREATOR_OS_DB_PERSIST",
        default="false",
        read_by="worker",
        meaning="`false`: hold everything in the outbox; `true`: deliver. The switch for rollout and rollback",
    ),
    Variable(
        name="SUPABASE_DB_URL",
        read_by="worker",
        meaning="connection string of the role `outbox_worker`; a secret, in no log, error or row",
    ),
    Variable(
        name="SUPABASE_MIGRATE_DB_URL",
        default="SUPABASE_DB_URL",
        read_by="`worker migrate`",
        meaning="connection string of the role `postgres`",
    ),
    Variable(
        name="OUTBOX_INSECURE",
        default="false",
        read_by="worker",
        meaning=(
            "`true`: another machine may be asked without TLS, if the connection string or the server is without; "
            "`false`: that is refused. This machine (loopback, a socket) needs none"
        ),
    ),
    Variable(
        name="OUTBOX_POLL_SECONDS",
        default=f"{POLL_SECONDS:g}",
        read_by="worker",
        meaning="the longest an event waits if its wake-up was lost",
    ),
    Variable(
        name="OUTBOX_BATCH_EVENTS",
        default=str(BATCH_EVENTS),
        read_by="worker",
        meaning="the most events in one transaction",
    ),
    Variable(
        name="OUTBOX_BATCH_BYTES",
        default=str(BATCH_BYTES),
        read_by="worker",
        meaning="the most payload in one transaction; one event may exceed it",
    ),
    Variable(
        name="OUTBOX_SECOND_LANE",
        default="true",
        read_by="worker",
        meaning=(
            "`true`: a large batch goes over two connections at once, half over each, committed one after the other; "
            "`false`: over one"
        ),
    ),
    Variable(
        name="OUTBOX_STATEMENT_TIMEOUT_SECONDS",
        default=f"{STATEMENT_TIMEOUT_SECONDS:g}",
        read_by="worker",
        meaning="limit of one statement",
    ),
    Variable(
        name="OUTBOX_HOLD_AFTER_ALIKE",
        default=str(HOLD_AFTER_ALIKE),
        read_by="worker",
        meaning=(
            "so many events in a row refused with the same words are the database's fault: hold, park no more; "
            "0: park them all"
        ),
    ),
    Variable(
        name="OUTBOX_METRICS_PORT",
        read_by="`worker run`",
        meaning="port of 127.0.0.1 where Prometheus finds `/metrics`, `/healthz`, `/readyz`; see docs/metrics.md",
    ),
    Variable(
        name="OUTBOX_METRICS_FILE",
        read_by="`worker run`",
        meaning="file written every 15 s for the textfile collector of node_exporter; its name ends in `.prom`",
    ),
    Variable(
        name="OUTBOX_NOTIFY",
        read_by="`worker run`",
        meaning=(
            "addresses of people who are told (Apprise URLs, with spaces between; extra `[notify]`): an outage began "
            "or is over, an event was parked, a person is needed; secrets, in no log, error or row"
        ),
    ),
    Variable(
        name="OUTBOX_BUS_URL",
        read_by="`worker forward`, `worker apply`",
        meaning="the bus: `nats://host:4222` or `tls://host:4222`; several servers of one cluster with commas between",
    ),
    Variable(
        name="OUTBOX_BUS_NKEY",
        read_by="`worker forward`, `worker apply`",
        meaning="file with the nkey seed that the bus knows us by; a secret",
    ),
    Variable(
        name="OUTBOX_BUS_CA",
        read_by="`worker forward`, `worker apply`",
        meaning="file with the certificate authority of the bus, where it is none that this system knows",
    ),
    Variable(
        name="OUTBOX_PG_DUMP",
        default="the best one found",
        read_by="`worker migrate`",
        meaning="a pg_dump at least as new as the server",
    ),
)
KNOWN = frozenset(variable.name for variable in (*OF_THE_OUTBOX, *VARIABLES))
# Read by tests and by processes that tests start.
FOR_TESTS = frozenset({"OUTBOX_FAILPOINT", "SUPABASE_CLI"})
