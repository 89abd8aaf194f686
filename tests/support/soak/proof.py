"""After a soak: what was acknowledged is in the log once and in Postgres once, in its newest state, and nothing else is."""

import itertools
import shutil
from dataclasses import dataclass
from pathlib import Path

import psycopg

from outbox import Outbox
from outbox.ops.check import run_checks
from tests.support.postgres import Server
from tests.support.processes import environment, worker
from tests.support.rows import all_rows

# Each batch moves the position in the transaction of its effects. If the moves that were committed join without gap or
# overlap, every event took effect exactly once.
_WITNESS = """
create schema soak;
create table soak.moves (number bigint generated always as identity, old_seq bigint, new_seq bigint);
create function soak.witness() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into soak.moves (old_seq, new_seq) values (old.applied_seq, new.applied_seq);
  return new;
end $$;
create trigger witness after update of applied_seq on outbox.sources for each row
  when (old.applied_seq is distinct from new.applied_seq) execute function soak.witness();
"""


def witness(dsn: str) -> None:
    """Have the database write down every move of the position."""
    with psycopg.connect(dsn) as connection:
        connection.execute(_WITNESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the comparison found.

    Attributes:
        events: in the log.
        batches: transactions that applied them.
        lost: acknowledged and not in the log, or in the log and not applied.
        doubled: in the log or applied more than once.
    """

    events: int
    batches: int
    lost: int
    doubled: int


def compare(outbox: Path, acknowledged: dict[str, dict[int, str]], dsn: str) -> Found:
    """Count what is lost or doubled, from acknowledgement to log and from log to database."""
    with Outbox.open(outbox) as box:
        last_seq = box.last_seq
        rows = box.connection.execute("select seq, event_id, payload ->> '$.metadata.token' from events").fetchall()
        ids = {seq: event_id for seq, event_id, _ in rows}
        tokens = [token for *_, token in rows if token is not None]
    lost = sum(ids.get(seq) != one for events in acknowledged.values() for seq, one in events.items())
    lost += len(acknowledged.keys() - set(tokens))
    doubled = len(tokens) - len(set(tokens)) + len(ids) - len(set(ids.values()))
    with psycopg.connect(dsn) as connection:
        moves = connection.execute("select old_seq, new_seq from soak.moves order by number").fetchall()
    steps = [(0, 0), *moves, (last_seq, last_seq)]
    for (_, reached), (start, _) in itertools.pairwise(steps):
        lost += max(0, start - reached)
        doubled += max(0, reached - start)
    return Found(events=len(rows), batches=len(moves), lost=lost, doubled=doubled)


def assert_whole(outbox: Path, root: Path) -> None:
    """The outbox passes every check, nothing is parked, and each file is there as the log says."""
    with Outbox.open(outbox, content_root=root) as box:
        assert box.recovered.nothing, box.recovered
        failed = [finding for finding in run_checks(box) if not finding.ok]
        assert not failed, failed
        assert box.parked.count() == 0
        newest: dict[str, str] = dict(
            box.connection.execute(
                "select payload ->> '$.file_path', payload ->> '$.body' from events"
                " where type = 'content.upserted' order by seq"
            )
        )
    there = {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}
    assert there == newest


def assert_rows_are_a_replay_of_the_log(outbox: Path, dsn: str, server: Server, directory: Path) -> None:
    """The same log into a fresh database, with nobody interfering, gives the same rows."""
    copy = directory / "replay" / "outbox.db"
    copy.parent.mkdir()
    with Outbox.open(outbox) as box:
        box.checkpoint()
    shutil.copy(outbox, copy)
    with Outbox.open(copy) as box:  # it goes to another database on purpose
        box.connection.execute("delete from destinations")
        box.connection.execute("delete from meta where key = 'destination_id'")
    database = server.clone(server.migrated())
    try:
        with worker("drain", "--quiet", env=environment(copy, database.worker_dsn), cwd=directory) as process:
            assert process.wait() == 0
        rows, replayed = all_rows(dsn), all_rows(database.dsn)
    finally:
        server.drop(database)
    for table, expected in replayed.items():
        differing = sorted({*rows[table]} ^ {*expected})
        assert not differing, f"{table} is not what the log comes to: {len(differing)} rows, such as {differing[:4]}"
