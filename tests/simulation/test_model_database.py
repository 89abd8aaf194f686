"""The database of the simulation answers as PostgreSQL does: the same events, batch by batch, leave the same rows."""

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from outbox import Attempt, Outbox
from outbox.catalogue import active
from simulation import strange
from simulation.declared import TABLES
from simulation.destination.line import Line
from simulation.destination.server import Server
from simulation.kernel import Kernel
from simulation.plan import draw
from simulation.programs import MIND, payloads
from simulation.world import MIND_ID
from tests.support.fleet import Host, centre_of
from tests.support.memory_link import MemoryLink, Store
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting, drain
from worker.apply.queries import query, statements
from worker.connect.connection import connect
from worker.faults.starts import Starts
from worker.migrate.own_tables import ddl

CATALOGUES = "outbox.catalogue:CATALOGUE,simulation.strange:CATALOGUE"


@pytest.fixture
def _both_catalogues(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The catalogue of this process is that of the simulation."""
    monkeypatch.setenv("OUTBOX_CATALOGUE", CATALOGUES)
    cached = (active, query, statements)
    for one in cached:
        one.cache_clear()
    yield
    monkeypatch.undo()
    for one in cached:
        one.cache_clear()


INBOX_COLUMNS = ("type", "key", "data", "event_id", "occurred_at")


def model() -> tuple[Server, Callable[[], Any]]:
    """A database in memory, and a way to connect to it, outside of any simulation."""
    kernel = Kernel(random.Random(1), watch=lambda *_: None, buried=lambda *_: None, finished=lambda: False)
    server = Server(kernel, UUID(int=1), lambda *_: None)
    server.tables.rows["minds"][MIND] = {"id": MIND_ID}
    return server, lambda: Line(server.connect(None), kernel, quiet_fd=0, shut_fd=0)


@contextmanager
def some_outbox(folder: Path, seed: int) -> Iterator[Outbox]:
    """What the generators of a few seeds say, without their faults."""
    with Outbox.open(folder / f"outbox-{seed}.db") as box:
        for scenario in (draw(seed + index) for index in range(4)):
            for work in scenario.work[0][0]:
                box.append(*payloads(work))
        yield box


def rows_of_model(server: Server) -> dict[str, Any]:
    rows = server.tables.rows
    found: dict[str, Any] = {kind: [row for _, row in sorted(rows[kind].items())] for kind in TABLES}
    found["inbox"] = [tuple(row[name] for name in INBOX_COLUMNS) for _, row in sorted(rows["inbox"].items())]
    found["tags"] = sorted(rows["tags"])
    found["content_tags"] = sorted((*key, row["last_event_id"]) for key, row in rows["content_tags"].items())
    found["content_minds"] = sorted((*key, row["last_event_id"]) for key, row in rows["content_minds"].items())
    found["removed"] = sorted((*key, row["last_event_id"]) for key, row in rows["removed_links"].items())
    found["sources"] = [(row["applied_seq"], row["applied_event_id"]) for row in rows["sources"].values()]
    parked = {seq: row for (_, seq), row in rows["parked"].items()}
    found["parked"] = [(seq, row["state"], row["reason"], row["attempts"]) for seq, row in sorted(parked.items())]
    return found


def rows_of_postgres(dsn: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        for kind, table in TABLES.items():
            columns = ", ".join(table.columns)
            rows = list(connection.execute(f"select {columns} from {table.of.table}".encode()))
            found[kind] = sorted(rows, key=table.key_of)
    with psycopg.connect(dsn) as connection:

        def ask(query: str) -> list[tuple[Any, ...]]:
            return connection.execute(query).fetchall()

        found["tags"] = sorted(name for (name,) in ask("select name from tags"))
        found["content_tags"] = sorted(
            ask("select content_id, name, last_event_id from content_tags join tags on tags.id = tag_id")
        )
        found["content_minds"] = sorted(ask("select content_id, mind_id, role::text, last_event_id from content_minds"))
        found["removed"] = sorted(ask("select content_id, kind, linked, last_event_id from outbox.removed_links"))
        found["sources"] = ask("select applied_seq, applied_event_id from outbox.sources")
        found["inbox"] = ask(f"select {', '.join(INBOX_COLUMNS)} from outbox.inbox order by outbox_id, seq")
        found["parked"] = ask("select seq, state, reason, attempts from outbox.parked order by seq")
    return found


def by_name(found: dict[str, Any]) -> dict[str, Any]:
    """Put the natural key in the place of a number that a sequence gave: which one it was is promised to nobody."""
    for kind, table in TABLES.items():
        if table.of.numbered:
            names = {row["id"]: table.key_of(row) for row in found[kind]}
            found[kind] = [{**row, "id": names[row["id"]]} for row in found[kind]]
            for other, pointing in TABLES.items():
                for column in [column for column, to in pointing.references.items() if to == kind]:
                    found[other] = [{**row, column: names[row[column]]} for row in found[other]]
    return found


def with_strange_tables(database: Database) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(strange.DDL)
        connection.execute(ddl(strange.CATALOGUE).encode())
        connection.execute("insert into minds (id, slug, display_name) values (%s, %s, 'Ana')", [MIND_ID, MIND])


@pytest.mark.usefixtures("_both_catalogues")
@pytest.mark.parametrize("seed", range(100, 106))
@pytest.mark.parametrize("most", [1, 3, 50])
def test_the_model_of_the_database_ends_as_postgres_does(
    seed: int, most: int, database: Database, tmp_path: Path
) -> None:
    """Whatever is proven in the simulation is proven of statements that do in PostgreSQL what they do there."""
    with_strange_tables(database)
    with some_outbox(tmp_path, seed) as box:
        drain(box, database.worker_dsn, max_events=most)
    server, dial = model()
    # The parked list is kept in the file, too: the model gets a file of its own, of the same events.
    with some_copy(tmp_path, seed) as box:
        drain(box, dial, max_events=most)  # type: ignore[arg-type]
    assert by_name(rows_of_model(server)) == by_name(rows_of_postgres(database.dsn))


@contextmanager
def some_copy(folder: Path, seed: int) -> Iterator[Outbox]:
    """The same log as it was before anybody delivered it."""
    with Outbox.open(folder / f"outbox-{seed}.db") as box:
        for state in ("held", "parked"):  # none is left that others are held behind
            box.connection.execute("delete from parked where state = ?", [state])
        box.connection.execute("delete from destinations")
        box.connection.execute("delete from meta where key = 'destination_id'")
        yield box


def carried_over_a_bus(boxes: list[Outbox], database: Database, dial: Callable[[], Any] | None) -> None:
    store, waker = Store(), NoWaiting()
    hosts = [Host(box, MemoryLink(store), frame_events=7) for box in boxes]
    centre = centre_of(MemoryLink(store), database, waker, dial=dial, together=True, max_events=5)
    for _ in range(200):
        assert [host.step() for host in hosts] == [None, None]
        centre.step()
        if all(host.applied == host.box.last_seq for host in hosts):
            break
    centre.ended()


@pytest.mark.usefixtures("_both_catalogues")
@pytest.mark.parametrize("seed", [100, 104])
def test_the_model_answers_a_centre_as_postgres_does(seed: int, database: Database, tmp_path: Path) -> None:
    """Two outboxes that write the same rows, together and each alone: rows, positions, what was read, what is parked."""
    with_strange_tables(database)
    server, dial = model()
    for number in (1, 5):
        with some_outbox(tmp_path, seed + number) as box:
            name = Path(box.path).name
        (tmp_path / "model").mkdir(exist_ok=True)
        shutil.copy(tmp_path / name, tmp_path / "model" / name)
    for folder, to in ((tmp_path, None), (tmp_path / "model", dial)):
        with Outbox.open(folder / f"outbox-{seed + 1}.db") as one, Outbox.open(folder / f"outbox-{seed + 5}.db") as two:
            carried_over_a_bus([one, two], database, to)
    of_model, of_postgres = by_name(rows_of_model(server)), by_name(rows_of_postgres(database.dsn))
    for found in (of_model, of_postgres):
        for table in ("sources", "parked", "inbox"):
            found[table] = sorted(found[table], key=str)
    assert of_model == of_postgres
    assert of_model["parked"], "or nothing was told of it"
    rows = server.tables.rows
    with psycopg.connect(database.dsn) as connection:
        read = connection.execute("select lane, store, number, is_read from outbox.streams").fetchall()
        refs = connection.execute("select outbox_id, seq, refs from outbox.parked").fetchall()
    assert [(lane, *row.values()) for lane, row in rows["streams"].items()] == read
    assert sorted((*key, row["refs"]) for key, row in rows["parked"].items()) == sorted(refs)


@pytest.mark.parametrize("real", [True, False])
def test_the_model_keeps_start_records_as_postgres_does(real: bool, database: Database) -> None:  # noqa: FBT001
    """A range that overlaps another takes its place, a start that somebody waited in is taken back once."""
    dial = (lambda: connect(database.worker_dsn)) if real else model()[1]
    dead, outbox_id = Starts(dial, nullcontext), UUID(int=1)
    for seq, last_seq in ((5, 6), (6, 9), (20, 20), (20, 20), (30, 31)):
        dead.of(outbox_id).begin(seq, last_seq)
    dead.of(outbox_id).finish(30, 31)
    dead.of(outbox_id).waits(20, begins=True)
    dead.close()
    for forgiven in (Attempt(seq=20, last_seq=20, starts=2), None):
        found, connection = Starts(dial, nullcontext), dial()
        found.load(connection, ["1"], wary=True)
        connection.close()
        records = found.of(outbox_id)
        assert records.unfinished() == [Attempt(seq=6, last_seq=9, starts=1), Attempt(seq=20, last_seq=20, starts=1)]
        assert records.forgive() == forgiven
