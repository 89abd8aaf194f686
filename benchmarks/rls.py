"""What row level security costs: a creator reads one project of theirs among 100,000 contents.

The same statement, in the same transaction form, once as the owner of the table (no policy applies) and once as the
signed-in creator, interleaved on a connection each (a prepared statement is planned anew when the role changes).
"""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg

from benchmarks.finding import Reading
from benchmarks.measure import Times, each_p50_ms, p50_ratio, take_turns
from worker.migrate import apply_all
from worker.standin import LocalPostgres

CONTENTS, PROJECTS, TURNS = 100_000, 200, 300
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


def run(folder: Path) -> Iterator[Reading]:
    """Needs no database of yours."""
    server = LocalPostgres(folder / "server", durable=False)
    with server:
        apply_all(server.dsn())
        with psycopg.connect(server.dsn(), autocommit=True) as owner:
            owner.execute(FILL.encode())
            owner.execute("vacuum analyze")
            with psycopg.connect(server.dsn(), autocommit=True) as creator:
                times = _take_turns(owner, creator)
    server.remove_data()
    yield Reading(
        theme="rls",
        what=f"own project of {CONTENTS // PROJECTS} rows among {CONTENTS:,}: with policies / without, p50",
        value=p50_ratio(times, "with", "without"),
        target=1.3,
        sides=each_p50_ms(times),
    )


def _take_turns(owner: psycopg.Connection, creator: psycopg.Connection) -> Times:
    def as_owner(_: int) -> list[tuple[object, ...]]:
        with owner.transaction():
            owner.execute(IMPERSONATE, ("postgres", ""))
            return owner.execute(OWN_PROJECT).fetchall()

    def as_creator(_: int) -> list[tuple[object, ...]]:
        claims = json.dumps({"sub": USER, "role": "authenticated"})
        with creator.transaction():
            creator.execute(IMPERSONATE, ("authenticated", claims))
            return creator.execute(OWN_PROJECT).fetchall()

    assert as_owner(0) == as_creator(0) != []
    return take_turns({"with": as_creator, "without": as_owner}, TURNS)
