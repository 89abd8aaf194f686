"""Tables of a project's own: a shop sells offline, and its rows arrive in its own schema.

`make demo-shop` runs it, with the files of `shop/` and the commands that users type, in a temporary directory. The
exit code says whether every proof held.
"""

import json
import shutil
import subprocess
import sys
from typing import Any

import psycopg
from demo import console, perform, prove, step, told
from stage import EXAMPLES, WORKER_ROLE, ProofFailed, Stage, let_the_worker_in

SHOP = EXAMPLES / "shop"


def main() -> int:
    return perform(play)


def play(stage: Stage) -> None:
    stage.env["OUTBOX_CATALOGUE"] = "events:CATALOGUE"
    for name in ("events.py", "sell.py", "tidy.py"):
        shutil.copy(SHOP / name, stage.home)

    with step("1. The till sells, without a network"):
        run(stage, "sell.py")
        waiting = int(str(stage.status()["backlog"]))
        prove(f"{waiting} events wait in one local file", holds=waiting > 0)

    with step("2. The database: the shop's tables, and what the worker needs of them"):
        stage.server.start()
        stage.env["SUPABASE_MIGRATE_DB_URL"] = stage.server.dsn()
        stage.env["SUPABASE_DB_URL"] = stage.server.dsn(user=WORKER_ROLE)
        stage.run("worker", "migrate", "up", "--no-backup", show=False)
        let_the_worker_in(stage.server)
        with psycopg.connect(stage.server.dsn(), autocommit=True) as connection:
            connection.execute((SHOP / "tables.sql").read_bytes())
            refused = stage.run("worker", "migrate", "check", expect=4)
            prove("the check names what they lack", holds="last_event_id" in refused)
            connection.execute(stage.run("worker", "migrate", "sql").encode())
        stage.run("worker", "migrate", "check")

    with step("3. The backlog drains"):
        stage.run("worker", "drain")
        prove("nothing waits", holds=stage.status()["backlog"] == 0)
        with psycopg.connect(stage.server.dsn()) as connection:
            rows = orders(connection)
        for till, number, state, name, total, _ in rows[:5]:
            console.print(f"{till}-{number:<3} {state:<6} {name:<6} {total}")
        prove(
            f"{len(rows)} orders, each the sum of its lines", holds=bool(rows) and all(row[4] == row[5] for row in rows)
        )

    with step("4. Log and rows agree, and selling again says nothing new"):
        found = json.loads(stage.run("worker", "verify", "--json"))
        prove(f"{found['agree']} of {found['rows']} rows agree", holds=not found["differences"] and found["agree"] > 0)
        before = stage.status()["last_seq"]
        run(stage, "sell.py")
        prove("no event was appended", holds=stage.status()["last_seq"] == before)

    with step("5. A line is removed for good, and an article unlinked from its shelf"):
        run(stage, "tidy.py")
        stage.run("worker", "drain")
        stage.run("worker", "replay", "--all")
        with psycopg.connect(stage.server.dsn()) as connection:
            (first, *_) = orders(connection)
            shelved = connection.execute(
                "select a.code from shop.shelved as l join shop.articles as a on a.id = l.article_id"
                " order by l.row_number"
            ).fetchall()
            remembered = connection.execute("select relation from outbox.removed_rows").fetchall()
        prove("its order is the sum of the lines that are left, after a replay, too", holds=first[4] == first[5])
        prove(f"{', '.join(code for (code,) in shelved)} stay in the window", holds=shelved == [("bread",), ("salt",)])
        prove("the database remembers what was removed", holds=remembered == [("shop.lines",)])
        found = json.loads(stage.run("worker", "verify", "--json"))
        prove(f"{found['agree']} of {found['rows']} rows agree", holds=not found["differences"])


def orders(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select o.till, o.number, o.state::text, c.name, o.total, sum(l.pieces * l.price) from shop.orders as o"
        " join shop.customers as c on c.id = o.customer_id join shop.lines as l on l.order_id = o.id"
        " where o.cancelled_at is null group by o.id, c.name order by o.number"
    ).fetchall()


def run(stage: Stage, script: str) -> None:
    told(f"python {script}", None)
    done = subprocess.run(
        [sys.executable, script], env=stage.env, cwd=stage.home, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ProofFailed(done.stderr)
    told("", done.stdout.rstrip())


if __name__ == "__main__":
    sys.exit(main())
