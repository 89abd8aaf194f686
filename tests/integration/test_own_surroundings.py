"""What doctor, check, rehearsal, lists and console say of a project's own tables."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner

from outbox import Outbox, Recorded
from outbox.catalogue import active
from outbox.commands.parked import parked
from tests.integration.test_own_removals import BREAD, SHELVED, WINDOW, did, erased, line, order
from tests.integration.test_own_tables import box, rows, shop_database, shops
from tests.support import shop
from tests.support.postgres import Database
from tests.support.relaying import drain
from worker.connect.connection import connect
from worker.console.detail import read_detail
from worker.console.finding import Wanted, parked_page
from worker.doctor import database as doctor
from worker.faults.rehearse import Rehearsal, rehearse
from worker.migrate import migrate
from worker.migrate.in_the_way import in_the_way

__all__ = ["box", "shop_database", "shops"]

EVERYTHING = """
    select (select count(*) from shop.customers), (select count(*) from shop.orders), (select count(*) from shop.lines),
    (select count(*) from shop.shelved), (select count(*) from shop.marks), (select count(*) from outbox.sources),
    (select count(*) from outbox.inbox), (select count(*) from outbox.removed_rows),
    (select count(*) from outbox.removed_links)"""


def rehearsed(database: Database, event_type: str | None = None) -> Rehearsal:
    with connect(database.worker_dsn) as connection:
        return rehearse(connection, event_type)


def test_a_rehearsal_tries_every_type_of_an_own_catalogue_and_the_inbox_and_leaves_nothing(
    shop_database: Database,
) -> None:
    found = rehearsed(shop_database)
    assert found.refused is None
    assert found.shown == active().contracts.keys()
    assert rows(shop_database, EVERYTHING) == [(0,) * 9]


def test_what_stands_in_the_way_of_an_own_table_is_named(shop_database: Database) -> None:
    """A right that is missing, and a trigger that keeps every row: as doctor and check report them."""
    did(shop_database, "revoke delete on shop.shelved from outbox_worker")
    refused = rehearsed(shop_database).refused
    assert refused is not None
    assert "grant delete on shop.shelved to outbox_worker" in refused.reason
    with connect(shop_database.worker_dsn) as connection:
        assert "DELETE on shop.shelved" in doctor.rights(connection).found.replace("delete", "DELETE")
        assert "grant delete on shop.shelved" in doctor.in_the_way(connection).remedy
        assert doctor.tried(connection).outcome == "fail"
    with connect(shop_database.dsn) as connection:
        names = {finding.name for finding in in_the_way(connection, shop_database.worker_dsn)}
    assert names == {"own_tables", "in_the_way"}
    did(
        shop_database,
        "grant delete on shop.shelved to outbox_worker",
        "create function shop.keep() returns trigger language plpgsql as 'begin return null; end'",
        "create trigger keep before insert on shop.stock for each row execute function shop.keep()",
    )
    refused = rehearsed(shop_database).refused
    assert refused is not None
    assert "trigger keep" in refused.reason


def test_an_example_that_is_refused_as_a_value_is_no_finding(shop_database: Database) -> None:
    """The rules of a table are its owner's. But nothing was shown to go through either."""
    did(shop_database, "alter table shop.lines add check (pieces > 100)")
    found = rehearsed(shop_database)
    assert found.refused is None
    assert active().contracts.keys() - found.shown == {"line.added", "line.removed"}
    assert rehearsed(shop_database, "line.added").shown.isdisjoint({"line.added"})
    with connect(shop_database.worker_dsn) as connection:
        told = doctor.tried(connection)
    assert (told.outcome, "line.added, line.removed" in told.found) == ("ok", True)


def test_a_rehearsal_removes_nothing_that_it_did_not_make(box: Outbox, shop_database: Database) -> None:
    """An example may bear the name of a row that is there."""
    box.append(order(), line())
    drain(box, shop_database.worker_dsn)
    before = rows(shop_database, "select to_jsonb(o)::text, to_jsonb(l)::text from shop.orders o, shop.lines l")
    found = rehearsed(shop_database)
    assert found.refused is None
    assert active().contracts.keys() - found.shown == {
        "order.erased",
        "line.removed",
        "order.cancelled",
        "order.unmarked",
    }
    assert rows(shop_database, "select to_jsonb(o)::text, to_jsonb(l)::text from shop.orders o, shop.lines l") == before


def test_a_refused_insert_into_the_inbox_is_found_before_an_event_meets_it(shop_database: Database) -> None:
    did(shop_database, "drop policy outbox_worker_inbox on outbox.inbox")
    assert rehearsed(shop_database).refused is not None


def test_tables_that_the_api_cannot_reach_need_no_row_security(shop_database: Database) -> None:
    with connect(shop_database.worker_dsn) as connection:
        assert doctor.row_security(connection).outcome == "ok"
        did(shop_database, "grant usage on schema shop to anon", "grant select on shop.lines to anon")
        found = doctor.row_security(connection)
    assert found.outcome == "fail"
    assert found.remedy.startswith("alter table shop.lines enable row level security")


@pytest.mark.usefixtures("shops")
def test_a_dry_run_says_what_own_tables_lack(database: Database) -> None:
    """The tables, then their columns and the worker's rights."""
    for ddl, lacking in (("select 1", "is not there"), (shop.DDL, "outbox_worker may not delete")):
        did(database, ddl)
        report = migrate(database.dsn, "up", backups=None, dry_run=True)
        (found,) = [check for check in report.checks if check.name == "own tables"]
        assert (found.outcome.value, lacking in found.found) == ("warning", True)


def test_lists_and_console_name_what_a_parked_event_is_about(
    box: Outbox, shop_database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By its natural key, several parts as a list; a link by the row whose it is."""
    box.append(line("salt", 0, token=UUID(int=3)), order(), line(), erased(), BREAD, SHELVED)
    box.append(shop.StockCounted(place="shelf", article="bread", pieces=2**63 - 1), WINDOW)
    box.append(Recorded(type="till.opened", key="A"))
    did(shop_database, "alter table shop.stock add check (pieces < 9)")
    did(shop_database, "alter table outbox.inbox add check (type <> 'till.opened')")
    drain(box, shop_database.worker_dsn)
    keys = {1: str(UUID(int=3)), 4: '["lisbon", 1]', 6: "bread", 7: '["shelf", "bread"]', 9: '["till.opened", "A"]'}
    page = parked_page(box, Wanted(), after=0)
    assert {one.seq: one.key for one in page.rows} == keys
    assert 4 in [one.seq for one in parked_page(box, Wanted(text='["lisbon", 1]'), after=0).rows]
    assert (read_detail(box, 4).key, read_detail(box, 4).key_fields) == ('["lisbon", 1]', ("tenant", "number"))
    monkeypatch.setenv("OUTBOX_PATH", str(tmp_path / "outbox.db"))
    told = CliRunner().invoke(parked, ["list"], catch_exceptions=False, standalone_mode=False).stdout
    for line_, key in zip(told.splitlines(), keys.values(), strict=True):
        assert f" {key}  " in line_
