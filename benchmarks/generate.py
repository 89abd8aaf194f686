"""What the outbox adds to generating a course; the persister's limits; an import beside a database, alive or not."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.course_pair import with_outbox, without_outbox
from benchmarks.finding import Reading
from benchmarks.lesson import bare_table, lesson
from benchmarks.measure import Times, each_p50_ms, p50_ms, p50_ratio, take_turns
from generators.persister import CoursePersister
from outbox import Outbox
from worker.standin import LocalPostgres

TURNS, IMPORT_TURNS = 15, 5
REAL_COURSES = Path(__file__).parents[2] / "shared" / "data" / "courses"
BATCH = 20
DEAD = "postgresql://nobody:nothing@127.0.0.1:9/postgres"


def run(folder: Path) -> Iterator[Reading]:
    times = course_times(folder, TURNS)
    yield Reading(
        theme="generate",
        what="course of 40 lessons / the same into files alone, p50",
        value=p50_ratio(times, "ours", "files alone"),
        target=1.1,
        sides=each_p50_ms(times),
    )
    yield from _persister(folder)
    yield from _import(folder)


def course_times(folder: Path, turns: int) -> Times:
    """Make the course both ways in turns; a fresh place each, made and cleared outside of what is timed."""
    variants = {"ours": with_outbox, "files alone": without_outbox}
    times: Times = {name: [] for name in variants}
    for turn in range(-2, turns):
        for name in list(variants)[:: 1 if turn % 2 else -1]:
            place = folder / f"{name}-{turn}"
            place.mkdir()
            Outbox.open(place / "outbox.db").close()  # made once for all courses
            began = time.perf_counter()
            variants[name](place)
            took = time.perf_counter() - began
            shutil.rmtree(place)
            if turn >= 0:
                times[name].append(took)
    return times


def _persister(folder: Path) -> Iterator[Reading]:
    bodies = [str(lesson(number).body) for number in range(BATCH)]
    bare = bare_table(folder / "bare.db")
    with Outbox.open(folder / "persister.db") as box:
        persister = CoursePersister(box)
        project = persister.persist_project({"name": "Pão caseiro"})

        def batch(turn: int) -> None:
            lessons = [{"title": f"Aula {turn}-{n}", "content": body} for n, body in enumerate(bodies)]
            persister.persist_lessons_batch(lessons, project)

        def single(turn: int) -> None:
            content = {"title": f"Uma {turn}", "content_type": "course_lesson", "content": bodies[0]}
            persister.persist_content(content, project)

        def insert(texts: list[str]) -> None:
            bare.execute("begin immediate")
            for text in texts:
                bare.execute("insert into bare (payload) values (?)", (text,))
            bare.execute("commit")

        steps = {"batch": batch, "bare batch": lambda _: insert(bodies)}
        steps |= {"single": single, "bare single": lambda _: insert(bodies[:1])}
        times = take_turns(steps, TURNS, warm_up=2)
    bare.close()
    for name, what, target in (("batch", f"{BATCH} lessons", 500), ("single", "one lesson", 100)):
        yield Reading(
            theme="generate",
            what=f"the persister: {what}, the slowest of {TURNS}",
            value=max(times[name]) * 1000,
            unit="ms",
            target=target,
            worst=True,
            sides={"p50": p50_ms(times[name]), "bare INSERT in one transaction, p50": p50_ms(times[f"bare {name}"])},
        )


def _import(folder: Path) -> Iterator[Reading]:
    """`generate import` as a process of its own, with a database that answers and with one that does not."""
    (folder / "imported").mkdir()
    with_outbox(folder / "imported")
    sources = {"40 lessons": folder / "imported" / "outputs" / "courses"}
    if REAL_COURSES.is_dir():
        sources["the seven real folders"] = REAL_COURSES
    postgres = LocalPostgres(folder / "postgres", durable=False)
    with postgres:
        addresses = {"dead": DEAD, "alive": postgres.dsn()}
        for name, source in sources.items():
            yield _dead_and_alive(folder, name, source, addresses)
    postgres.remove_data()


def _dead_and_alive(folder: Path, what: str, source: Path, addresses: dict[str, str]) -> Reading:
    def importing(name: str, turn: int) -> None:
        outbox = folder / f"import-{source.name}-{name}-{turn}.db"
        environment = {**os.environ, "OUTBOX_PATH": str(outbox), "SUPABASE_DB_URL": addresses[name]}
        command = [sys.executable, "-m", "generators", "import", str(source), "--quiet"]
        # What a real folder holds that cannot be read is reported with exit code 1, alive or dead.
        subprocess.run(command, env=environment, check=source != REAL_COURSES, stderr=subprocess.DEVNULL)

    variants = {name: (lambda turn, name=name: importing(name, turn)) for name in addresses}
    times = take_turns(variants, IMPORT_TURNS, warm_up=1)
    return Reading(
        theme="generate",
        what=f"import of {what}, database dead / alive, p50",
        value=p50_ratio(times, "dead", "alive"),
        target=1.05,
        sides=each_p50_ms(times),
    )
