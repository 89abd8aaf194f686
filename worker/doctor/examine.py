"""Looks at this host, the outbox and the database, and says for each thing whether it is well and what mends it."""

from collections.abc import Iterator, Mapping

import psycopg

from outbox import Outbox, environment
from worker.connect.address import understood
from worker.connect.connection import connect
from worker.doctor.address import examine_address
from worker.doctor.database import examine_database
from worker.doctor.finding import Finding
from worker.doctor.host import examine_host
from worker.doctor.outbox_file import examine_outbox, opened
from worker.errors import SettingsFault, Unreachable, WorkerError
from worker.faults.evidence import explained
from worker.faults.verdict import Phase, judge
from worker.run.dial import as_error
from worker.settings import WorkerSettings


def examine(settings: WorkerSettings, dsn: str | None, environ: Mapping[str, str] | None = None) -> list[Finding]:
    """Examine everything.

    Args:
        settings: of this process.
        dsn: the database; None if none is named.
        environ: what the settings were read from; the process's own, and `.env`, by default.
    """
    found = [*examine_host(settings, environment() if environ is None else environ)]
    with opened(settings) as (box, finding):
        found.append(finding)
        if box is not None:
            found += examine_outbox(box)
        if dsn is None:
            remedy = "set SUPABASE_DB_URL (docs/configuration.md), or add --local"
            return [*found, Finding(check="database", outcome="fail", found="none is named", remedy=remedy)]
        return [*found, *_destination(dsn, box, settings)]


def _destination(dsn: str, box: Outbox | None, settings: WorkerSettings) -> Iterator[Finding]:
    try:
        connection = connect(dsn)
    except SettingsFault:  # it cannot even be read
        yield from examine_address(dsn)
        return
    except (psycopg.Error, OSError) as exc:
        yield from examine_address(dsn, libpq=understood(exc if isinstance(exc, psycopg.Error) else None))
        yield refused(as_error(judge(exc, Phase.CONNECT, known_address=False)))
        return
    with connection:
        yield from examine_address(dsn, libpq=understood(connection), connected=True)
        try:
            yield from examine_database(connection, box, settings, lambda: connect(dsn))
        except psycopg.Error as exc:
            yield refused(as_error(explained(connection, exc, judge(exc, Phase.APPLY))))
        except WorkerError as exc:
            yield refused(exc)


def refused(error: WorkerError) -> Finding:
    """Return the finding for a database that could not be examined."""
    if isinstance(error, Unreachable):
        remedy = "wait: it is retried for ever and nothing is lost; or correct host and port (docs/runbook.md#outage)"
        return Finding(check="database", outcome="fail", found=error.what, remedy=remedy, unreachable=True)
    remedy = error.remedy or f"docs/runbook.md#{error.entry or 'environment'} tells each of these reasons"
    return Finding(check="database", outcome="fail", found=error.what, remedy=remedy)


def of_faults(faults: SettingsFault) -> list[Finding]:
    """Return one finding for each setting that cannot be used; without settings there is nothing more to examine."""
    remedy = "correct it, see docs/configuration.md"
    return [
        Finding(check="configuration", outcome="fail", found=fault, remedy=remedy) for fault in str(faults).splitlines()
    ]


def exit_code(found: list[Finding]) -> int:
    """Return 4 if something must be mended, 5 if only the database does not answer, else 0."""
    failed = [finding for finding in found if finding.outcome == "fail"]
    if any(not finding.unreachable for finding in failed):
        return 4
    return 5 if failed else 0
