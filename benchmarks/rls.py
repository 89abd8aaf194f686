"""What row level security costs: a creator reads one project of theirs among 100,000 contents.

The same statement, in the same transaction form, once as the owner of the table (no policy applies) and once as the
signed-in creator, interleaved on a connection each (a prepared statement is planned anew when the role changes).
Other load only ever adds, so each side counts with the best of ten blocks' medians; their ratio has a ceiling of 1.3.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from worker.migrate import apply_all
from worker.standin import LocalPostgres

CONTENTS, PROJECTS, ROUNDS = 100_000, 200, 400
BLOCKS = 10
CEILING = 1.3
Read = Callable[[], list[tuple[object, ...]]]
USER = "a0000000-0000-4000-8000-000000000001"

FILL = f"""
insert into auth.users (id) values ('{USER}');
insert into minds (id, slug, display_name)
select ('a0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'm' || n, 'M'
from generate_series(1, 20) n;
insert into user_profiles (id, mind_id) values ('{USER}', 'a0000000-0000-4000-8000-000000000001');
insert into content_projects (slug, name, creator_mind_id)
select 'p' || n, 'P', ('a0000000-0000-4000-8000-' || lpad((1 + n % 20)::text, 12, '0'))::uuid
from generate_series(1, {PROJECTS}) n;
drop index contents_text_idx;
insert into contents (slug, title, content_type, project_id, sequence_order, status)
select
    'c' || n, 'Aula ' || n, 'course_lesson', p.id, n / {PROJECTS},
    case when n % 10 = 0 then 'published' else 'draft' end
from generate_series(1, {CONTENTS}) n join content_projects p on p.slug = 'p' || (1 + n % {PROJECTS});
"""

IMPERSONATE = "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)"

OWN_PROJECT = (
    "select id, slug, title, status, sequence_order from contents "
    "where project_id = (select id from content_projects where slug = 'p20') order by sequence_order"
)


def run(rounds: int = ROUNDS) -> dict[str, float]:
    """Measure and print; needs no database of yours.

    Returns:
        `without_ms`, `with_ms` (medians) and their `ratio`.
    """
    with tempfile.TemporaryDirectory() as folder:
        server = LocalPostgres(Path(folder) / "server", durable=False)
        with server:
            apply_all(server.dsn())
            with psycopg.connect(server.dsn(), autocommit=True) as connection:
                connection.execute(FILL.encode())
                connection.execute("vacuum analyze")
                with psycopg.connect(server.dsn(), autocommit=True) as other:
                    found = _measure(connection, other, rounds)
        server.remove_data()
    verdict = "ok" if found["ratio"] <= CEILING else "TOO SLOW"
    print(
        f"rls: own project of {CONTENTS // PROJECTS} rows among {CONTENTS:,}: {found['without_ms']:.2f} ms without "
        f"policy, {found['with_ms']:.2f} ms with: {found['ratio']:.2f} x (ceiling {CEILING} x, {verdict})"
    )
    return found


def _measure(owner: psycopg.Connection, creator: psycopg.Connection, rounds: int) -> dict[str, float]:
    def as_owner() -> list[tuple[object, ...]]:
        with owner.transaction():
            owner.execute(IMPERSONATE, ("postgres", ""))
            return owner.execute(OWN_PROJECT).fetchall()

    def as_creator() -> list[tuple[object, ...]]:
        claims = json.dumps({"sub": USER, "role": "authenticated"})
        with creator.transaction():
            creator.execute(IMPERSONATE, ("authenticated", claims))
            return creator.execute(OWN_PROJECT).fetchall()

    assert as_owner() == as_creator() != []
    medians: dict[Read, list[float]] = {as_owner: [], as_creator: []}
    for _ in range(BLOCKS):
        times: dict[Read, list[float]] = {as_owner: [], as_creator: []}
        for _ in range(rounds // BLOCKS):
            for read, taken in times.items():
                started = time.perf_counter()
                read()
                taken.append((time.perf_counter() - started) * 1000)
        for read, taken in times.items():
            medians[read].append(statistics.median(taken))
    without, with_ = min(medians[as_owner]), min(medians[as_creator])
    return {"without_ms": without, "with_ms": with_, "ratio": with_ / without}


if __name__ == "__main__":
    run()
