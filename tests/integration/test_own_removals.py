"""Rows of a project's own that are removed for good, and its links: what arrives, in whatever order, and what is proven."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from outbox import Outbox, Payload
from outbox.operating import plan_prune, prune
from outbox.ops import resolve
from tests.integration.test_own_tables import AT, box, rows, shop_database, shops, verified
from tests.support import shop
from tests.support.lessons import SetClock
from tests.support.postgres import Database
from tests.support.relaying import drain, relay
from worker.apply.position import greet
from worker.connect.connection import connect
from worker.errors import WorkerError
from worker.options import Ending
from worker.proof.repair import repair_all
from worker.proof.verify import verify_all
from worker.run.replay import apply_again

__all__ = ["box", "shop_database", "shops"]

BREAD = shop.ArticleListed(code="bread", title="Bread")
WINDOW = shop.ShelfBuilt(name="window")
SHELVED = shop.ArticleShelved(code="bread", shelf="window", row_number=1)
LINKS = (
    "select a.code, s.name, l.row_number from shop.shelved l join shop.articles a on a.id = l.article_id"
    " join shop.shelves s on s.id = l.shelf_id order by 1, 2"
)
LINES = "select article, pieces from shop.lines order by 1"


def order(number: int = 1) -> shop.OrderPlaced:
    return shop.OrderPlaced(tenant="lisbon", number=number, total=Decimal(1), placed_at=AT, details={})


def line(article: str = "bread", pieces: int = 2, *, number: int = 1, token: UUID = shop.TOKEN) -> shop.LineAdded:
    return shop.LineAdded(token=token, order=("lisbon", number), article=article, pieces=pieces, price=Decimal(1))


def erased(number: int = 1) -> shop.OrderErased:
    return shop.OrderErased(tenant="lisbon", number=number)


REMOVED = shop.LineRemoved(token=shop.TOKEN)


def did(database: Database, *statements: str) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def repaired(database: Database, box: Outbox, root: Path) -> list[str | None]:
    with connect(database.worker_dsn) as connection:
        return [
            one.reason for one in repair_all(connection, box, verify_all(connection, box, root), greet(connection, box))
        ]


def replayed(database: Database, box: Outbox) -> Ending:
    """From the first event on, as `worker replay --all` sets it back."""
    did(database, "update outbox.sources set applied_seq = 0, applied_event_id = null")
    return drain(box, database.worker_dsn)


@pytest.mark.parametrize("at_once", [1, 500])
def test_a_removed_row_is_gone_and_the_event_that_removed_it_is_remembered(
    box: Outbox, shop_database: Database, tmp_path: Path, at_once: int
) -> None:
    """One event at a time or all in one batch, also with a key of several parts."""
    box.append(order(), line(), shop.StockCounted(place="shelf", article="bread", pieces=1))
    (*_, removal, dropped) = box.append(REMOVED, shop.StockDropped(place="shelf", article="bread")).appended
    assert drain(box, shop_database.worker_dsn, max_events=at_once) is Ending.EMPTY
    assert rows(shop_database, LINES) == rows(shop_database, "select * from shop.stock") == []
    assert rows(shop_database, "select relation, key, last_event_id from outbox.removed_rows order by 1") == [
        ("shop.lines", str(shop.TOKEN), removal.event_id),
        ("shop.stock", '["shelf", "bread"]', dropped.event_id),
    ]
    assert verified(shop_database, box, tmp_path) == []


def test_whatever_was_removed_twice_or_never_there_is_no_fault(
    box: Outbox, shop_database: Database, tmp_path: Path
) -> None:
    """Removing is no news while nothing made the row again; where another host did it first, nothing is left to do."""
    with Outbox.open(tmp_path / "other.db") as other:
        box.append(order(), line(), REMOVED, REMOVED)
        assert box.last_seq == 3
        other.append(REMOVED, shop.StockDropped(place="shelf", article="bread"))
        for one in (box, other):
            assert drain(one, shop_database.worker_dsn) is Ending.EMPTY
            assert one.parked.list() == []
            assert verified(shop_database, one, tmp_path) == []


@pytest.mark.parametrize("at_once", [1, 500])
def test_a_row_that_is_made_again_has_nothing_of_the_one_that_was_removed(
    box: Outbox, shop_database: Database, tmp_path: Path, at_once: int
) -> None:
    """It is another row under the same name: what the new event leaves open has its default."""
    box.append(order(), shop.OrderMoved(tenant="lisbon", number=1, state="paid"), line(), line(pieces=5))
    box.append(REMOVED, erased(), order(), line(pieces=7))
    assert drain(box, shop_database.worker_dsn, max_events=at_once) is Ending.EMPTY
    assert rows(shop_database, LINES) == [("bread", 7)]
    assert rows(shop_database, "select state::text from shop.orders") == [("open",)]
    assert verified(shop_database, box, tmp_path) == []


def at(hour: int) -> SetClock:
    """Events of one millisecond are told apart by chance."""
    return SetClock(dt.datetime(2026, 3, 1, hour, tzinfo=dt.UTC))


@pytest.mark.parametrize("at_once", [1, 500])
def test_the_newest_of_three_hosts_wins_in_any_order_of_arrival(
    box: Outbox, shop_database: Database, tmp_path: Path, at_once: int
) -> None:
    """Made, removed, made anew on another host each; whichever is delivered first."""
    for number, places in enumerate(permutations(range(3)), 10):
        hosts = [Outbox.open(tmp_path / f"{number}-{place}.db", clock=at(hour=place)) for place in range(3)]
        token = UUID(int=number)
        for host, said in zip(
            hosts, (line("old", token=token), shop.LineRemoved(token=token), line("new", token=token)), strict=True
        ):
            host.append(order(), said)
        for place in places:
            assert drain(hosts[place], shop_database.worker_dsn, max_events=at_once) is Ending.EMPTY
            assert hosts[place].parked.list() == []
        assert rows(shop_database, f"select article from shop.lines where token = '{token}'") == [("new",)], places
        for host in hosts:
            assert verified(shop_database, host, tmp_path) == [], places
            host.close()


def test_an_older_event_does_not_bring_a_removed_row_back_nor_park(
    box: Outbox, shop_database: Database, tmp_path: Path
) -> None:
    """Not what made it, not what patched it."""
    with Outbox.open(tmp_path / "older.db", clock=SetClock()) as older:
        older.append(order(), shop.OrderMoved(tenant="lisbon", number=1, state="paid"), line())
        box.append(order(), line(), REMOVED, erased())
        for one in (box, older):
            assert drain(one, shop_database.worker_dsn) is Ending.EMPTY
            assert one.parked.list() == []
        assert rows(shop_database, "select 1 from shop.orders") == []


def test_a_replay_leaves_removed_rows_away(box: Outbox, shop_database: Database, tmp_path: Path) -> None:
    """A line that pointed at an order which is gone by now is no fault either: it was moved to another."""
    box.append(order(1), line(number=1), order(2), line(number=2), erased(1))
    box.append(line("salt", token=UUID(int=5), number=2), shop.LineRemoved(token=UUID(int=5)))
    drain(box, shop_database.worker_dsn)
    before = rows(shop_database, "select to_jsonb(l)::text from shop.lines l")
    assert replayed(shop_database, box) is Ending.EMPTY
    assert box.parked.list() == []
    assert rows(shop_database, "select to_jsonb(l)::text from shop.lines l") == before
    with connect(shop_database.worker_dsn) as connection:
        assert apply_again(connection, box, str(UUID(int=5))) == 2
    assert rows(shop_database, LINES) == [("bread", 2)]
    assert verified(shop_database, box, tmp_path) == []


def test_a_database_that_was_put_back_gets_the_removal_again(
    box: Outbox, shop_database: Database, tmp_path: Path
) -> None:
    """Rows, what is remembered and the position go back together."""
    box.append(order(), line())
    drain(box, shop_database.worker_dsn)
    kept = rows(shop_database, "select applied_seq, applied_event_id from outbox.sources")
    row = rows(shop_database, "select to_jsonb(l)::text from shop.lines l")
    box.append(REMOVED)
    drain(box, shop_database.worker_dsn)
    ((seq, event_id),), ((text,),) = kept, row
    did(
        shop_database,
        "delete from outbox.removed_rows",
        f"insert into shop.lines select * from jsonb_populate_record(null::shop.lines, '{text}')",
        f"update outbox.sources set applied_seq = {seq}, applied_event_id = '{event_id}'",
    )
    assert drain(box, shop_database.worker_dsn) is Ending.EMPTY
    assert rows(shop_database, LINES) == []
    assert len(rows(shop_database, "select 1 from outbox.removed_rows")) == 1


def test_a_row_that_a_foreign_key_needs_parks_the_event_with_the_reason(
    box: Outbox, shop_database: Database, tmp_path: Path
) -> None:
    """The rest flows; what follows of the same row is held. Once the line is gone, a retry goes through."""
    box.append(order(), line(), erased(), order(), shop.StockCounted(place="shelf", article="salt", pieces=1))
    drain(box, shop_database.worker_dsn)
    parked = {row.seq: (row.state.value, row.reason) for row in box.parked.list()}
    assert parked[3][0] == "parked"
    assert parked[3][1].startswith("rows of shop.lines still need what it removes (constraint lines_order_id_fkey)")
    assert parked[4][0] == "held"
    assert len(rows(shop_database, "select 1 from shop.stock")) == 1
    box.append(REMOVED)
    drain(box, shop_database.worker_dsn)
    resolve.retry(box, 3)
    assert drain(box, shop_database.worker_dsn) is Ending.EMPTY
    assert box.parked.list() == []
    assert rows(shop_database, LINES) == []
    assert len(rows(shop_database, "select 1 from shop.orders")) == 1
    assert verified(shop_database, box, tmp_path) == []


def test_what_refers_to_a_removed_row_is_parked_and_says_which_event_removed_it(
    box: Outbox, shop_database: Database
) -> None:
    removal = box.append(order(), erased()).appended[-1]
    box.append(line(), shop.OrderMoved(tenant="lisbon", number=1, state="paid"))
    drain(box, shop_database.worker_dsn)
    reasons = [row.reason for row in box.parked.list()]
    assert reasons == [
        f'it refers to order ["lisbon", 1], which event {removal.event_id} removed',
        f'it changes order ["lisbon", 1], which event {removal.event_id} removed',
    ]


def test_verify_finds_a_removed_row_that_is_there_and_a_removal_that_is_forgotten_and_repair_mends_both(
    box: Outbox, shop_database: Database, tmp_path: Path
) -> None:
    box.append(order(), line(), REMOVED, shop.StockCounted(place="shelf", article="salt", pieces=1))
    box.append(shop.StockDropped(place="shelf", article="salt"))
    drain(box, shop_database.worker_dsn)
    did(
        shop_database,
        "insert into shop.lines select gen_random_uuid(), id, 'bread', 1, 1 from shop.orders",
        f"update shop.lines set token = '{shop.TOKEN}'",
        "delete from outbox.removed_rows where relation = 'shop.stock'",
    )
    assert [(one["kind"], one["what"], one["detail"]) for one in verified(shop_database, box, tmp_path)] == [
        ("row_differs", f"line {shop.TOKEN}", "it is there, and was removed"),
        ("row_differs", 'stock ["shelf", "salt"]', "that it was removed is not remembered"),
    ]
    assert repaired(shop_database, box, tmp_path) == [None, None]
    assert rows(shop_database, LINES) == []
    assert verified(shop_database, box, tmp_path) == []


def test_repair_makes_a_row_again_that_once_pointed_at_one_that_is_gone(
    box: Outbox, shop_database: Database, tmp_path: Path
) -> None:
    box.append(order(1), line(number=1), order(2), line(number=2), erased(1))
    drain(box, shop_database.worker_dsn)
    did(shop_database, "delete from shop.lines")
    assert repaired(shop_database, box, tmp_path) == [None]
    assert verified(shop_database, box, tmp_path) == []


def test_what_is_removed_is_proven_and_pruned_and_stays_away(
    box: Outbox, shop_database: Database, tmp_path: Path
) -> None:
    """After a prune, too: an older event of another host finds what is remembered, and the row may be made anew."""
    with Outbox.open(tmp_path / "older.db", clock=SetClock()) as older:
        older.append(order(), line("old"))
        box.append(order(), line(), REMOVED, shop.StockCounted(place="shelf", article="salt", pieces=1))
        drain(box, shop_database.worker_dsn)
        assert verified(shop_database, box, tmp_path) == []
        assert prune(box, plan_prune(box, keep_days=0)) > 0
        drain(older, shop_database.worker_dsn)
        assert rows(shop_database, LINES) == []
    assert box.append(REMOVED).unchanged == 1
    box.append(line("new"))
    drain(box, shop_database.worker_dsn)
    assert rows(shop_database, LINES) == [("new", 2)]
    assert verified(shop_database, box, tmp_path) == []


def test_a_poisoned_event_beside_a_removal_is_parked_alone(box: Outbox, shop_database: Database) -> None:
    box.append(order(), line(), line("salt", 0, token=UUID(int=3)), REMOVED, line("new", 4))
    drain(box, shop_database.worker_dsn)
    assert [row.seq for row in box.parked.list()] == [3]
    assert rows(shop_database, LINES) == [("new", 4)]


def held(box: Outbox, database: Database, mend: str) -> str:
    """Why the relay holds; it goes on once the database's owner has run this."""
    with pytest.raises(WorkerError) as told:
        drain(box, database.worker_dsn)
    assert box.parked.list() == []
    did(database, mend)
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    return str(told.value)


@pytest.mark.parametrize(
    ("broken", "mend", "words"),
    [
        (
            "revoke delete on shop.lines from outbox_worker",
            "grant delete on shop.lines to outbox_worker",
            "grant delete on shop.lines to",
        ),
        (
            """
            alter table shop.lines enable row level security;
            create policy reads on shop.lines for select to outbox_worker using (true);
            create policy writes on shop.lines for insert to outbox_worker with check (true);
            create policy changes on shop.lines for update to outbox_worker using (true)
            """,
            "create policy removes on shop.lines for delete to outbox_worker using (true)",
            "row level security on shop.lines",
        ),
    ],
)
def test_a_worker_that_may_not_delete_holds_and_names_what_mends_it(
    box: Outbox, shop_database: Database, broken: str, mend: str, words: str
) -> None:
    """The rows that it may write arrive; nothing is parked."""
    box.append(order(), line())
    drain(box, shop_database.worker_dsn)
    did(shop_database, *broken.split(";"))
    box.append(REMOVED)
    assert words in held(box, shop_database, mend)
    assert box.parked.list() == []
    assert rows(shop_database, LINES) == []


def test_a_trigger_that_keeps_the_row_parks_its_removal(box: Outbox, shop_database: Database) -> None:
    did(
        shop_database,
        "create function shop.keep() returns trigger language plpgsql as 'begin return null; end'",
        "create trigger keep before delete on shop.lines for each row execute function shop.keep()",
    )
    box.append(order(), line(), REMOVED)
    drain(box, shop_database.worker_dsn)
    (row,) = box.parked.list()
    assert row.seq == 3
    assert row.reason.startswith("the database kept a row of lines as it was")
    assert "trigger keep" in row.reason


# Links


@pytest.mark.parametrize("at_once", [1, 500])
def test_links_of_own_tables_are_made_changed_and_removed(
    box: Outbox, shop_database: Database, tmp_path: Path, at_once: int
) -> None:
    """Between a number and a uuid, with a further column; and to rows that are added where they are new."""
    salt = shop.ArticleListed(code="salt", title="Salt")
    box.append(BREAD, salt, WINDOW, SHELVED, shop.ArticleShelved(code="salt", shelf="window", row_number=None))
    box.append(order(), shop.OrderMarked(tenant="lisbon", number=1, mark="urgent", colour="red"))
    box.append(shop.OrderMarked(tenant="lisbon", number=1, mark="gift"))
    assert drain(box, shop_database.worker_dsn, max_events=at_once) is Ending.EMPTY
    assert rows(shop_database, LINKS) == [("bread", "window", 1), ("salt", "window", None)]
    marks = "select m.name, m.colour from shop.marked l join shop.marks m on m.id = l.mark_id order by 1"
    assert rows(shop_database, marks) == [("gift", None), ("urgent", "red")]
    assert verified(shop_database, box, tmp_path) == []
    box.append(shop.ArticleShelved(code="bread", shelf="window", row_number=3))
    box.append(shop.ArticleUnshelved(code="salt", shelf="window"))
    box.append(shop.OrderUnmarked(tenant="lisbon", number=1, mark="urgent"))
    assert drain(box, shop_database.worker_dsn, max_events=at_once) is Ending.EMPTY
    assert rows(shop_database, LINKS) == [("bread", "window", 3)]
    assert rows(shop_database, marks) == [("gift", None)]
    assert len(rows(shop_database, "select 1 from shop.marks")) == 2
    assert rows(shop_database, "select kind from outbox.removed_links order by 1") == [
        ("shop.marked",),
        ("shop.shelved",),
    ]
    assert verified(shop_database, box, tmp_path) == []
    assert replayed(shop_database, box) is Ending.EMPTY
    assert rows(shop_database, LINKS) == [("bread", "window", 3)]
    assert verified(shop_database, box, tmp_path) == []


def test_an_older_link_of_another_host_does_not_come_back(box: Outbox, shop_database: Database, tmp_path: Path) -> None:
    """Not after it was unlinked; and not after one of its ends was removed and made anew."""
    with Outbox.open(tmp_path / "older.db", clock=SetClock()) as older:
        older.append(BREAD, WINDOW, SHELVED, shop.ArticleListed(code="salt", title="Salt"))
        older.append(shop.ArticleShelved(code="salt", shelf="window", row_number=2))
        box.append(BREAD, WINDOW, SHELVED, shop.ArticleUnshelved(code="bread", shelf="window"))
        box.append(shop.ArticleDelisted(code="salt"), shop.ArticleListed(code="salt", title="Sea salt"))
        for one in (box, older):
            assert drain(one, shop_database.worker_dsn) is Ending.EMPTY
            assert one.parked.list() == []
    assert rows(shop_database, LINKS) == []


def test_a_link_to_a_row_that_is_not_there_yet_is_parked_and_goes_through_once_it_is(
    box: Outbox, shop_database: Database, tmp_path: Path
) -> None:
    box.append(BREAD, SHELVED)
    drain(box, shop_database.worker_dsn)
    assert [row.reason for row in box.parked.list()] == ["it refers to shelf window, which does not exist"]
    box.append(WINDOW)
    drain(box, shop_database.worker_dsn)
    resolve.retry(box, 2)
    assert drain(box, shop_database.worker_dsn) is Ending.EMPTY
    assert rows(shop_database, LINKS) == [("bread", "window", 1)]
    assert verified(shop_database, box, tmp_path) == []


def test_a_link_is_held_behind_a_parked_event_of_either_end(box: Outbox, shop_database: Database) -> None:
    did(shop_database, "alter table shop.shelves add check (name <> 'window')")
    box.append(BREAD, WINDOW, SHELVED)
    drain(box, shop_database.worker_dsn)
    assert [(row.seq, row.state.value) for row in box.parked.list()] == [(2, "parked"), (3, "held")]


def test_links_go_with_their_row_and_are_news_again_once_it_is_made_anew(
    box: Outbox, shop_database: Database, tmp_path: Path
) -> None:
    """A foreign key that cascades takes them; the log knows."""
    box.append(BREAD, WINDOW, SHELVED, shop.ArticleDelisted(code="bread"))
    drain(box, shop_database.worker_dsn)
    assert rows(shop_database, LINKS) == []
    assert verified(shop_database, box, tmp_path) == []
    assert len(box.append(BREAD, SHELVED).appended) == 2
    assert drain(box, shop_database.worker_dsn) is Ending.EMPTY
    assert rows(shop_database, LINKS) == [("bread", "window", 1)]
    assert verified(shop_database, box, tmp_path) == []


def test_a_link_is_news_again_once_its_other_end_was_removed_and_made_anew(
    box: Outbox, shop_database: Database, tmp_path: Path
) -> None:
    did(
        shop_database,
        "alter table shop.shelved drop constraint shelved_shelf_id_fkey",
        "alter table shop.shelved add foreign key (shelf_id) references shop.shelves on delete cascade",
    )
    torn = shop.ShelfTornDown(name="window")
    box.append(BREAD, WINDOW, SHELVED, torn)
    drain(box, shop_database.worker_dsn)
    assert verified(shop_database, box, tmp_path) == []
    assert len(box.append(WINDOW, SHELVED).appended) == 2
    assert drain(box, shop_database.worker_dsn) is Ending.EMPTY
    assert rows(shop_database, LINKS) == [("bread", "window", 1)]
    assert replayed(shop_database, box) is Ending.EMPTY
    assert box.parked.list() == []
    assert verified(shop_database, box, tmp_path) == []


def test_an_end_that_a_link_needs_is_not_removed_until_it_is_unlinked(
    box: Outbox, shop_database: Database, tmp_path: Path
) -> None:
    box.append(BREAD, WINDOW, SHELVED, shop.ShelfTornDown(name="window"))
    drain(box, shop_database.worker_dsn)
    (row,) = box.parked.list()
    assert row.reason.startswith("rows of shop.shelved still need what it removes")
    box.append(shop.ArticleUnshelved(code="bread", shelf="window"))
    drain(box, shop_database.worker_dsn)
    resolve.retry(box, 4)
    assert drain(box, shop_database.worker_dsn) is Ending.EMPTY
    assert rows(shop_database, "select 1 from shop.shelves") == []
    assert verified(shop_database, box, tmp_path) == []


def test_verify_names_links_that_differ_and_repair_mends_them(
    box: Outbox, shop_database: Database, tmp_path: Path
) -> None:
    """Gone, there too much, or with another value in a further column."""
    other = shop.ShelfBuilt(name="cellar")
    box.append(BREAD, WINDOW, other, SHELVED, order(), shop.OrderMarked(tenant="lisbon", number=1, mark="urgent"))
    box.append(shop.ArticleShelved(code="bread", shelf="cellar", row_number=2))
    box.append(shop.ArticleUnshelved(code="bread", shelf="cellar"))
    drain(box, shop_database.worker_dsn)
    did(
        shop_database,
        "update shop.shelved set row_number = 9",
        "insert into shop.shelved select a.id, s.id, 2, now() from shop.articles a, shop.shelves s where s.name = 'cellar'",
        "delete from shop.marked",
    )
    found = {one["what"]: one["detail"] for one in verified(shop_database, box, tmp_path)}
    assert found == {"article bread": "shelf window; shelf cellar", 'order ["lisbon", 1]': "mark urgent"}
    assert repaired(shop_database, box, tmp_path) == [None, None]
    assert rows(shop_database, LINKS) == [("bread", "window", 1)]
    assert verified(shop_database, box, tmp_path) == []


def test_a_database_without_the_newest_migration_holds_and_parks_nothing(
    box: Outbox, shop_database: Database, tmp_path: Path
) -> None:
    """A link that the older table cannot remember waits for `worker migrate up`."""
    check = "add constraint removed_links_kind_check check (kind in ('mind', 'tag'))"
    did(shop_database, f"alter table outbox.removed_links {check}")
    box.append(BREAD, WINDOW, SHELVED, shop.ArticleUnshelved(code="bread", shelf="window"))
    mend = "alter table outbox.removed_links drop constraint if exists removed_links_kind_check"
    assert "worker migrate check" in held(box, shop_database, mend)
    assert box.parked.list() == []


def events_of_all_kinds() -> list[Payload]:
    return [
        order(), line(), BREAD, WINDOW, SHELVED, REMOVED, shop.ArticleUnshelved(code="bread", shelf="window"),
        shop.ArticleDelisted(code="bread"), line("new"), BREAD, SHELVED,
    ]  # fmt: skip


@pytest.mark.parametrize("batches", range(1, 5))
def test_a_worker_that_dies_between_any_two_batches_loses_and_doubles_nothing(
    box: Outbox, shop_database: Database, tmp_path: Path, batches: int
) -> None:
    """What the one took the next one finds, whether it was told of the COMMIT or not."""
    box.append(*events_of_all_kinds())
    seen: list[Any] = []

    class Dead(Exception):
        pass

    def die(*args: Any) -> None:
        seen.append(args)
        if len(seen) == batches:
            raise Dead

    with pytest.raises(Dead):
        relay(box, shop_database.worker_dsn, max_events=3, on_batch=die).run()
    drain(box, shop_database.worker_dsn, max_events=2)
    assert rows(shop_database, LINES) == [("new", 2)]
    assert rows(shop_database, LINKS) == [("bread", "window", 1)]
    assert verified(shop_database, box, tmp_path) == []


def test_two_hosts_that_make_and_remove_the_same_rows_at_once_leave_what_is_newest(
    box: Outbox, shop_database: Database, tmp_path: Path
) -> None:
    """Whoever removes a row that is not there yet is seen by the one that is about to make it."""
    with Outbox.open(tmp_path / "maker.db", clock=SetClock()) as maker:
        places = [f"p{number}" for number in range(40)]
        maker.append(*(shop.StockCounted(place=place, article="bread", pieces=1) for place in places))
        box.append(*(shop.StockDropped(place=place, article="bread") for place in places))
    with ThreadPoolExecutor(2) as both:
        endings = list(both.map(lambda path: _drained(path, shop_database), (tmp_path / "maker.db", box.path)))
    assert endings == [Ending.EMPTY, Ending.EMPTY]
    assert rows(shop_database, "select 1 from shop.stock") == []
    assert len(rows(shop_database, "select 1 from outbox.removed_rows")) == 40


def _drained(path: Path, database: Database) -> Ending:
    with Outbox.open(path) as one:
        return drain(one, database.worker_dsn, max_events=1)
