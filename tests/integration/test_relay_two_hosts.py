"""Two outboxes into one database at the same time: neither stops the other, and the newest event of each row wins."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg

from outbox import Outbox
from outbox import catalogue as c
from tests.support.postgres import Database
from tests.support.relaying import drain
from worker.options import Ending

PAGES = 60
ROUNDS = 3


def test_two_hosts_write_the_same_rows_at_once(tmp_path: Path, database: Database) -> None:
    """Overlapping rows in opposite orders: no deadlock that lasts, nothing parked, the newest state everywhere."""
    paths = [tmp_path / host / "outbox.db" for host in ("one", "two")]
    newest: dict[str, tuple[str, str]] = {}
    with Outbox.open(paths[0]) as one, Outbox.open(paths[1]) as two:
        for turn in range(ROUNDS):
            for host, box in (("one", one), ("two", two)):
                numbers = range(PAGES) if host == "one" else reversed(range(PAGES))
                for number in numbers:
                    title = f"{host} {turn}"
                    page = c.ContentUpserted(slug=f"p--{number}", title=title, content_type="other")
                    (event,) = box.append(page).appended
                    seen = newest.get(page.slug, ("", ""))
                    newest[page.slug] = max(seen, (str(event.event_id), title))

    def deliver(path: Path) -> tuple[Ending, int]:
        with Outbox.open(path) as box:
            return drain(box, database.worker_dsn, max_events=7), box.parked.count()

    with ThreadPoolExecutor(2) as hosts:
        assert list(hosts.map(deliver, paths)) == [(Ending.EMPTY, 0)] * 2
    with psycopg.connect(database.dsn) as connection:
        rows = connection.execute("select slug, last_event_id::text, title from contents").fetchall()
    assert {slug: (event_id, title) for slug, event_id, title in rows} == newest
