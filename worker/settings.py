"""The worker's configuration: read from the environment once, all faults told together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from outbox import OutboxError, OutboxSettings, environment
from worker.errors import SettingsFault
from worker.options import HOLD_AFTER_ALIKE

POLL_SECONDS = 5.0
BATCH_EVENTS = 500
BATCH_BYTES = 4 * 1024 * 1024
STATEMENT_TIMEOUT_SECONDS = 30.0
HIGHEST_PORT = 65535

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """What a worker process needs to know.

    Attributes:
        outbox: where the outbox file and the content are.
        db_url: SUPABASE_DB_URL, a secret: in no log, error or repr. None if it is not set.
        persist: CREATOR_OS_DB_PERSIST; False keeps everything in the outbox.
        poll_seconds: OUTBOX_POLL_SECONDS, the longest an event waits if its wake-up was lost.
        batch_events: OUTBOX_BATCH_EVENTS, the most events in one transaction.
        batch_bytes: OUTBOX_BATCH_BYTES, the most payload in one transaction (one event may exceed it).
        second_lane: OUTBOX_SECOND_LANE, whether a large batch goes over two connections at once.
        statement_timeout_seconds: OUTBOX_STATEMENT_TIMEOUT_SECONDS.
        hold_after_alike: OUTBOX_HOLD_AFTER_ALIKE, how many events in a row, refused alike, are not parked any more but
            taken for a fault of the database; 0: every one is parked.
        metrics_port: OUTBOX_METRICS_PORT, where `worker run` answers Prometheus on 127.0.0.1; None: nowhere.
        metrics_file: OUTBOX_METRICS_FILE, what it writes for node_exporter's textfile collector; None: nothing.
        notify: OUTBOX_NOTIFY, addresses of people to notify; secrets, as db_url is.
    """

    outbox: OutboxSettings
    db_url: str | None = field(default=None, repr=False)
    persist: bool = False
    poll_seconds: float = POLL_SECONDS
    batch_events: int = BATCH_EVENTS
    batch_bytes: int = BATCH_BYTES
    second_lane: bool = True
    statement_timeout_seconds: float = STATEMENT_TIMEOUT_SECONDS
    hold_after_alike: int = HOLD_AFTER_ALIKE
    metrics_port: int | None = None
    metrics_file: Path | None = None
    notify: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the environment, and `.env` below it.

        Args:
            environ: instead of the process's own environment; then no `.env` is read.

        Raises:
            SettingsFault: one line per fault, all of them.
        """
        values: dict[str, str] = dict(environ if environ is not None else environment())
        reader = _Reader(values)
        outbox: OutboxSettings | None = None
        try:
            outbox = OutboxSettings.from_env(environ)
        except OutboxError as exc:
            reader.faults.append(str(exc))
        db_url = values.get("SUPABASE_DB_URL", "").strip() or None
        if db_url is not None and not db_url.startswith(("postgresql://", "postgres://")) and "=" not in db_url:
            reader.faults.append("SUPABASE_DB_URL: not a connection string; it begins with postgresql://")
        persist = reader.flag("CREATOR_OS_DB_PERSIST", default=False)
        poll_seconds = reader.number("OUTBOX_POLL_SECONDS", default=POLL_SECONDS, least=0.05)
        batch_events = reader.number("OUTBOX_BATCH_EVENTS", default=BATCH_EVENTS, least=1)
        batch_bytes = reader.number("OUTBOX_BATCH_BYTES", default=BATCH_BYTES, least=1)
        second_lane = reader.flag("OUTBOX_SECOND_LANE", default=True)
        timeout = reader.number("OUTBOX_STATEMENT_TIMEOUT_SECONDS", default=STATEMENT_TIMEOUT_SECONDS, least=1)
        alike = reader.number("OUTBOX_HOLD_AFTER_ALIKE", default=HOLD_AFTER_ALIKE, least=0)
        metrics_port = reader.port("OUTBOX_METRICS_PORT")
        metrics_file = values.get("OUTBOX_METRICS_FILE", "").strip()
        if reader.faults or outbox is None:
            raise SettingsFault("\n".join(reader.faults))
        return cls(
            outbox=outbox,
            db_url=db_url,
            persist=persist,
            poll_seconds=poll_seconds,
            batch_events=int(batch_events),
            batch_bytes=int(batch_bytes),
            second_lane=second_lane,
            statement_timeout_seconds=timeout,
            hold_after_alike=int(alike),
            metrics_port=metrics_port,
            metrics_file=Path(metrics_file).expanduser() if metrics_file else None,
            notify=tuple(values.get("OUTBOX_NOTIFY", "").split()),
        )

    @property
    def local_postgres_dir(self) -> Path:
        """Where `--local` keeps its database: beside the outbox file."""
        return self.outbox.outbox_path.parent / "local-postgres"


class _Reader:
    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.faults: list[str] = []

    def flag(self, name: str, *, default: bool) -> bool:
        raw = self._values.get(name, "").strip()
        if not raw:
            return default
        if raw.lower() in _TRUE:
            return True
        if raw.lower() not in _FALSE:
            self.faults.append(f"{name}: {raw!r} is neither true nor false")
        return False

    def port(self, name: str) -> int | None:
        raw = self._values.get(name, "").strip()
        if not raw:
            return None
        if not raw.isdecimal() or int(raw) > HIGHEST_PORT:
            self.faults.append(f"{name}: {raw!r} is not a port (1 to {HIGHEST_PORT}, or 0 for any that is free)")
            return None
        return int(raw)

    def number(self, name: str, *, default: float, least: float) -> float:
        raw = self._values.get(name, "").strip()
        if not raw:
            return default
        try:
            value = float(raw)
        except ValueError:
            value = float("nan")
        if not least <= value < float("inf"):
            self.faults.append(f"{name}: {raw!r} is not a number of at least {least:g}")
            return default
        return value
