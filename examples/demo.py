"""The main job on real input, in seconds: offline, backlog, outage, drain, proof.

`make demo` runs it. Everything happens in a temporary directory with the commands that users type; the one server that
is started, an embedded PostgreSQL on 127.0.0.1, is stopped again, also on Ctrl-C. The exit code says whether every
proof held.
"""

import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from rich.console import Console
from rich.tree import Tree
from stage import (
    SAMPLE_BRIEF,
    SAMPLE_COURSE,
    SAMPLE_SOURCES,
    UNREACHABLE,
    WORKER_ROLE,
    ProofFailed,
    Stage,
    let_the_worker_in,
)

console = Console(highlight=False)


def told(command: str, printed: str | None) -> None:
    if printed is None:
        console.print(f"[bold cyan]$[/] [bold]{command}[/]")
    else:
        console.print(printed, markup=False)


@contextmanager
def step(title: str) -> Iterator[None]:
    console.print()
    console.rule(f"[bold]{title}", align="left")
    began = time.monotonic()
    yield
    console.print(f"[dim]{time.monotonic() - began:.1f} s[/]")


def prove(claim: str, *, holds: bool) -> None:
    """Print a claim with its outcome.

    Raises:
        ProofFailed: it does not hold.
    """
    console.print(f"[{'green' if holds else 'red'}]{'✔' if holds else '✘'} {claim}")
    if not holds:
        raise ProofFailed(claim)


def main() -> int:
    return perform(play)


def perform(play: Callable[[Stage], None]) -> int:
    """Play in a scratch home, and return the exit code. What was started is stopped, also on Ctrl-C."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="outbox-demo-") as folder:
        stage = Stage(Path(folder), told)
        try:
            play(stage)
        except ProofFailed as failure:
            console.print(f"[red]the demo failed:[/] {failure}")
            return 1
        except KeyboardInterrupt:
            console.print("[yellow]interrupted; everything that was started is stopped")
            return 130
        finally:
            stage.server.stop()
            stage.server.remove_data()
    console.print(f"\n[green bold]Every proof held, in {time.monotonic() - began:.0f} s.[/] Nothing was left running.")
    return 0


def play(stage: Stage) -> None:
    with step("1. The database is away, and generators do not notice"):
        stage.run("generate", "import", str(SAMPLE_COURSE))
        stage.run("generate", "course", str(SAMPLE_BRIEF), "--approve", "--sources", str(SAMPLE_SOURCES))
        stage.run("outbox", "status")
        waiting = int(str(stage.status()["backlog"]))
        prove(f"{waiting} events wait in one local file, none needed a network", holds=waiting > 0)

    with step("2. A worker that finds no database loses nothing and blames nothing"):
        # An address at which nothing listens: the server's own, once it has been stopped.
        stage.server.start()
        stage.env["SUPABASE_MIGRATE_DB_URL"] = stage.server.dsn()
        stage.env["SUPABASE_DB_URL"] = stage.server.dsn(user=WORKER_ROLE)
        stage.server.stop(mode="immediate")
        stage.run("worker", "drain", "--patience", "1", "--quiet", expect=UNREACHABLE)
        after = stage.status()
        prove(f"still {waiting} events, none parked", holds=after["backlog"] == waiting and after["parked"] == 0)

    with step("3. The database is back: the schema is made, the backlog drains"):
        stage.server.start()
        stage.run("worker", "migrate", "up", "--no-backup")
        let_the_worker_in(stage.server)
        stage.run("worker", "drain")
        stage.run("outbox", "outages")
        prove("nothing waits", holds=stage.status()["backlog"] == 0)

    with step("4. What Postgres has now"):
        rows = read_back(stage.server.dsn())
        show_tree(rows)

    with step("5. Files, log and rows agree by hash"):
        found = json.loads(stage.run("worker", "verify", "--json"))
        prove(f"{found['agree']} of {found['rows']} rows agree", holds=not found["differences"] and found["agree"] > 0)

    with step("6. Importing the same course again says nothing new"):
        before = stage.status()["last_seq"]
        stage.run("generate", "import", str(SAMPLE_COURSE))
        prove("no event was appended", holds=stage.status()["last_seq"] == before)


Row = tuple[str, str | None, str, str, int | None, str]


def read_back(dsn: str) -> list[Row]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(
            """
            select c.slug, p.slug, c.content_type, c.title, c.sequence_order, j.name
            from public.contents as c
            join public.content_projects as j on j.id = c.project_id
            left join public.contents as p on p.id = c.parent_content_id
            where c.deleted_at is null
            order by j.slug, c.sequence_order nulls first, c.slug
            """
        ).fetchall()


def show_tree(rows: list[Row]) -> None:
    """Print outline, modules and lessons as the rows refer to each other."""
    children: dict[str | None, list[Row]] = {}
    for row in rows:
        children.setdefault(row[1], []).append(row)
    for outline in (row for row in rows if row[2] == "course_outline"):
        tree = Tree(f"[bold]{outline[5]}")
        for module in children.get(outline[0], []):
            if module[2] == "course_lesson":  # a bonus lesson belongs to no module
                tree.add(module[3])
            elif module[2] == "course_module":
                branch = tree.add(module[3])
                for lesson in children.get(module[0], []):
                    if lesson[2] == "course_lesson":
                        branch.add(lesson[3])
        console.print(tree)
    counts = Counter(row[2] for row in rows)
    console.print(", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())))
    prove(
        "both courses are there, with modules and lessons",
        holds=counts["course_outline"] == 2 and counts["course_module"] >= 6 and counts["course_lesson"] >= 24,
    )


if __name__ == "__main__":
    sys.exit(main())
