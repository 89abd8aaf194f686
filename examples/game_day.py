"""Six bad days in some minutes, on a real PostgreSQL and real processes: `make game-day`.

An outage, a wrong password, a poisoned lesson, a full disk, a cloned outbox, a database restored from a backup: for
each it shows what the operator sees, the one command that resolves it, and the proof that nothing was lost. The exit
code says whether every proof held. With `--transcript` times, ids and paths are made the same from run to run; that is
docs/game-day.md.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from stage import SAMPLE_BRIEF, SAMPLE_COURSE, WORKER_ROLE, ProofFailed, Stage, argv, let_the_worker_in
from transcript import Transcript

DEADLINE_SECONDS = 60.0
SMALL_DISK = "size=16m"
SEES, MENDS, PROVES = "What the operator sees:", "What resolves it:", "The proof that nothing was lost:"
LONG_TITLE = "Café: " + "o que a moagem muda na xícara, " * 4
CONFIGURED = ("OUTBOX_", "CONTENT_ROOT", "SUPABASE_", "CREATOR_")

LESSON = """
from outbox import Outbox, OutboxSettings
from outbox.catalogue import ContentFidelityScored, ContentUpserted
settings = OutboxSettings.from_env()
with Outbox.open(settings.outbox_path, content_root=settings.content_root) as box, box.unit() as unit:
    unit.append(ContentUpserted(slug="cafe--1-9-moagem", title={title!r}, content_type="course_lesson", project="cafe"))
    unit.append(ContentFidelityScored(slug="cafe--1-9-moagem", score=0.9))
"""


class Host(Stage):
    """One host: its outbox, and its worker in the background."""

    def __init__(self, home: Path, script: Transcript) -> None:
        super().__init__(home, script.command)
        self.script = script
        self.env["OUTBOX_POLL_SECONDS"] = "0.5"
        self._worker: subprocess.Popen[bytes] | None = None

    def start_worker(self) -> None:
        with (self.home / "worker.log").open("ab") as log:
            self._worker = subprocess.Popen(argv("worker", "run"), env=self.env, cwd=self.home, stderr=log)

    def stop_worker(self) -> None:
        if self._worker is not None:
            self._worker.send_signal(signal.SIGTERM)
            try:
                self._worker.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._worker.kill()
                self._worker.wait()
            self._worker = None

    def until(self, what: str, holds: Callable[[dict[str, object]], bool]) -> None:
        """Look at the status until it is as expected.

        Raises:
            ProofFailed: it is not within a minute.
        """
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not holds(self.status()):
            if time.monotonic() > deadline:
                raise ProofFailed(f"not within {DEADLINE_SECONDS:.0f} s: {what}\n{self.status()}")
            time.sleep(0.1)

    def until_drained(self) -> None:
        self.until("everything is delivered", lambda now: now["backlog"] == 0 and state(now) == "following")

    def until_state(self, name: str) -> None:
        self.until(f"the worker is in state {name}", lambda now: state(now) == name)

    def prove_nothing_is_lost(self) -> None:
        """Files, log and rows agree, by hash."""
        found = json.loads(self.run("worker", "verify", "--json", show=False))
        agree, rows = found["agree"], found["rows"]
        self.script.command(
            "worker verify", f"{found['files']} files, {found['events']} events, {rows} rows, {agree} agree"
        )
        self.script.proof(f"{agree} of {rows} rows agree", holds=not found["differences"] and agree == rows > 0)


def state(status: dict[str, object]) -> str:
    worker = status["worker"]
    assert isinstance(worker, dict)
    return str(worker["state"])


def write_course(folder: Path, name: str, lessons: int) -> Path:
    """Write a small course by hand."""
    place = folder / name.lower()
    (place / "lessons").mkdir(parents=True)
    for number in range(1, lessons + 1):
        text = f"# Aula 1.{number}: {name}, parte {number}\n\n" + f"O que se aprende na parte {number}.\n" * 20
        (place / "lessons" / f"1.{number}-parte-{number}.md").write_text(text, encoding="utf-8")
    return place


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--on-a-small-disk"]:
        return full_disk(Path(arguments[1]))
    script = Transcript(normalised="--transcript" in arguments)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="outbox-game-day-") as folder:
        host = Host(Path(folder), script)
        script.stands_for(folder, "/srv/creatoros")
        try:
            play(host)
        except ProofFailed as failure:
            log = Path(folder) / "worker.log"
            told = log.read_text(encoding="utf-8")[-2000:] if log.exists() else ""
            print(f"\nthe game day failed: {failure}\n{told}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("interrupted; everything that was started is stopped", file=sys.stderr)
            return 130
        finally:
            host.stop_worker()
            host.server.stop()
            host.server.remove_data()
    print(f"every proof held, in {time.monotonic() - began:.0f} s; nothing was left running", file=sys.stderr)
    return 0


def play(host: Host) -> None:
    opening(host)
    outage(host)
    wrong_password(host)
    poisoned_lesson(host)
    on_a_small_disk(host)
    cloned_outbox(host)
    restored_database(host)
    host.script.end()


def opening(host: Host) -> None:
    """A calm day: a course is imported and delivered."""
    script = host.script
    script.heading("Before: a calm day")
    script.say("A course was imported, the worker has delivered it.")
    host.server.start()
    host.env["SUPABASE_MIGRATE_DB_URL"] = host.server.dsn()
    host.env["SUPABASE_DB_URL"] = host.server.dsn(user=WORKER_ROLE)
    host.run("worker", "migrate", "up", "--no-backup", show=False)
    let_the_worker_in(host.server)
    host.run("generate", "import", str(SAMPLE_COURSE), show=False)
    host.start_worker()
    host.until_drained()
    host.run("outbox", "status")
    host.prove_nothing_is_lost()


def outage(host: Host) -> None:
    script = host.script
    script.heading("1. Outage")
    script.say(
        "The database is gone in the middle of the day. A course is imported meanwhile: a generator does not notice."
    )
    host.server.stop(mode="immediate")
    host.run("generate", "import", str(write_course(host.home, "Cafe", 12)))
    host.until_state("outage")
    script.say(SEES)
    host.run("outbox", "status")
    parked = host.status()["parked"]
    script.say(MENDS)
    script.say("Nothing on this host: the worker tries for ever. The database comes back, and it drains by itself.")
    host.server.start()
    host.until_drained()
    host.run("outbox", "outages")
    script.say(PROVES)
    script.proof("no event was blamed for the outage", holds=parked == 0 and host.status()["parked"] == 0)
    host.prove_nothing_is_lost()


def wrong_password(host: Host) -> None:
    script = host.script
    script.heading("2. Wrong password")
    script.say("Somebody has changed the password of the worker's role. A lesson is edited and taken in meanwhile.")
    let_the_worker_in(host.server, "a-new-password")
    disconnect_everybody(host)
    edit_a_lesson(host)
    host.run("generate", "sync", str(host.home / "cafe"))
    host.until_state("blocked")
    script.say(SEES)
    host.run("outbox", "status")
    lines = host.run("worker", "doctor", expect=4, show=False).splitlines()
    place = next(place for place, line in enumerate(lines) if line.startswith("fail"))
    script.command("worker doctor | grep -A 1 ^fail", "\n".join(lines[place : place + 2]))
    script.say(MENDS + " the new password in SUPABASE_DB_URL, and")
    script.command("systemctl restart creatoros-outbox-worker", "")
    host.stop_worker()
    host.env["SUPABASE_DB_URL"] = host.env["SUPABASE_DB_URL"].replace(host.server.password, "a-new-password")
    host.start_worker()
    host.until_drained()
    script.say(PROVES)
    host.prove_nothing_is_lost()


def poisoned_lesson(host: Host) -> None:
    script = host.script
    script.heading("3. A poisoned lesson")
    script.say(
        "The database has a rule that nobody told the generators, and one lesson breaks it. Others are imported, too."
    )
    with psycopg.connect(host.server.dsn(), autocommit=True) as connection:
        connection.execute("alter table contents add constraint titles_are_short check (length(title) <= 120)")
    code = LESSON.format(title=LONG_TITLE)
    subprocess.run([sys.executable, "-c", code], env=host.env, cwd=host.home, check=True)
    host.run("generate", "import", str(write_course(host.home, "Cha", 6)), show=False)
    host.until("the lesson is parked", lambda now: now["parked"] == 2 and now["backlog"] == 0)
    script.say(SEES)
    host.run("outbox", "status")
    host.run("outbox", "parked", "list")
    (first, _) = json.loads(host.run("outbox", "parked", "list", "--json", show=False))
    script.say(MENDS)
    title = json.dumps("Café: o que a moagem muda", ensure_ascii=False)
    host.run("outbox", "parked", "edit", str(first["seq"]), "--set", f"title={title}", "--reason", "title was too long")
    host.until("nothing is parked", lambda now: now["parked"] == 0)
    script.say(PROVES)
    host.prove_nothing_is_lost()


def on_a_small_disk(host: Host) -> None:
    """Play the full disk on a file system of its own, or with a limit on the size of files where none can be had."""
    script = host.script
    script.heading("4. Full disk")
    script.say("The disk of the outbox and of the content is full when a course is generated.")
    place = host.home / "small"
    place.mkdir()
    env = {**host.env, "SUPABASE_DB_URL": host.env["SUPABASE_DB_URL"]}
    me = [sys.executable, __file__, "--on-a-small-disk", str(place)]
    namespaces = ["--mount"] if os.geteuid() == 0 else ["--map-root-user", "--mount"]
    unshare = shutil.which("unshare")
    if unshare and subprocess.run([unshare, *namespaces, "true"], capture_output=True, check=False).returncode == 0:
        # In a mount namespace of its own: nothing stays mounted, whatever becomes of it.
        mount = 'mount -t tmpfs -o "$1" tmpfs "$2" && shift 2 && exec "$@"'
        me = [unshare, *namespaces, "sh", "-c", mount, "sh", SMALL_DISK, str(place), *me]
    else:
        print("no small disk can be mounted here: a limit on the size of files stands in for it", file=sys.stderr)
        env["GAME_DAY_WITHOUT_DISK"] = "1"
    with subprocess.Popen(me, env=env, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            kind, *values = json.loads(line)
            getattr(script, kind)(*values)
    if child.returncode != 0:
        raise ProofFailed("the full disk, see above")


class Relayed:
    """Hands what is to be shown to the process that keeps the transcript."""

    def _hand(self, *what: object) -> None:
        print(json.dumps(what), flush=True)

    def say(self, text: str) -> None:
        self._hand("say", text)

    def command(self, command: str, printed: str | None) -> None:
        self._hand("command", command, printed)

    def proof(self, claim: str, *, holds: bool) -> None:
        if not holds:
            raise ProofFailed(claim)
        self._hand("proof", claim)


def full_disk(place: Path) -> int:
    """The part of the full disk that is played where the disk is small."""
    script = Relayed()
    host = Host(place, script)  # type: ignore[arg-type]
    host.env["SUPABASE_DB_URL"] = os.environ["SUPABASE_DB_URL"]
    limited = "GAME_DAY_WITHOUT_DISK" in os.environ
    try:
        host.run("generate", "import", str(write_course(place, "Mate", 3)), show=False)
        host.start_worker()
        host.until_drained()
        with no_room(place, limited=limited) as command:
            done = subprocess.run(
                [*command, *argv("generate", "course", str(SAMPLE_BRIEF), "--approve")],
                env=host.env, cwd=place, capture_output=True, text=True, check=False,
            )  # fmt: skip
            script.command(f"generate course {SAMPLE_BRIEF.name} --approve", done.stderr.strip().splitlines()[-1])
            script.proof("the generator was refused, exit code 1", holds=done.returncode == 1)
            script.say(SEES)
            host.run("outbox", "status")
            script.say(MENDS + " room, and the same command again.")
            script.command("rm -r old-things", "")
        host.run("generate", "course", str(SAMPLE_BRIEF), "--approve")
        host.until_drained()
        script.say(PROVES)
        host.run("outbox", "recover")
        host.prove_nothing_is_lost()
    except ProofFailed as failure:
        log = (place / "worker.log").read_text(encoding="utf-8")[-2000:]
        print(f"full disk: {failure}\n{log}", file=sys.stderr)
        return 1
    finally:
        host.stop_worker()
    return 0


@contextmanager
def no_room(place: Path, *, limited: bool) -> Iterator[list[str]]:
    """Take all room away for the length of the block; yields words to put before the command that is to find none."""
    if limited:
        yield ["sh", "-c", 'ulimit -f 2; exec "$@"', "sh"]  # two blocks of 512 bytes
        return
    ballast = place / "old-things"
    with ballast.open("wb", buffering=0) as file:
        found = os.statvfs(place)
        os.posix_fallocate(file.fileno(), 0, found.f_bavail * found.f_frsize)
    try:
        yield []
    finally:
        ballast.unlink()


def cloned_outbox(host: Host) -> None:
    script = host.script
    script.heading("5. Cloned outbox")
    script.say("The outbox was copied to a second host, and both went on: the same numbers stand for different events.")
    other = Host(host.home / "second-host", script)
    other.home.mkdir()
    other.env |= {key: value for key, value in host.env.items() if key.startswith("SUPABASE_")}
    copy = Path(other.env["OUTBOX_PATH"])
    copy.parent.mkdir()
    host.run("outbox", "backup", str(copy), show=False)
    host.run("generate", "import", str(write_course(host.home, "Sal", 3)), show=False)
    host.until_drained()
    made_there = write_course(other.home, "Pimenta", 8)
    other.run("generate", "import", str(made_there), show=False)
    other.start_worker()
    try:
        other.until_state("blocked")
        script.say(SEES + " on the second host, where nothing was delivered twice and nothing skipped:")
        other.run("outbox", "status")
        other.stop_worker()
        script.say(MENDS + " the copy is kept aside, and what was made there goes into an outbox of its own.")
        script.command("mv outbox outbox-cloned", "")
        copy.parent.rename(other.home / "outbox-cloned")
        other.run("generate", "import", str(made_there))
        other.start_worker()
        other.until_drained()
    finally:
        other.stop_worker()
    script.say(PROVES + " on the second host, and on the first:")
    other.prove_nothing_is_lost()
    host.prove_nothing_is_lost()


def restored_database(host: Host) -> None:
    script = host.script
    script.heading("6. Database restored from a backup")
    script.say("The database has to go back to its backup of this morning. What was delivered since is gone there.")
    admin = host.server.dsn(database="template1", user="supabase_admin")
    host.run("outbox", "pause", "--reason", "the database is restored", show=False)
    disconnect_everybody(host)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("create database backup template postgres")
    host.run("outbox", "resume", show=False)
    edit_a_lesson(host)
    host.run("generate", "sync", str(host.home / "cafe"), show=False)
    host.run("generate", "import", str(write_course(host.home, "Mel", 10)), show=False)
    host.until_drained()
    host.run("outbox", "pause", "--reason", "the database is restored")
    disconnect_everybody(host)
    with psycopg.connect(admin) as connection:
        connection.execute("alter database postgres rename to lost")
        connection.execute("alter database backup rename to postgres")
    host.until_state("holding")
    script.say(SEES)
    host.run("outbox", "status")
    lines = host.run("worker", "verify", expect=4, show=False).splitlines()
    script.command("worker verify | head -n 3", "\n".join(lines[:3]))
    script.proof("what was delivered since the backup is missing, and waits in the log", holds=len(lines) > 10)
    script.say(MENDS)
    host.run("outbox", "resume")
    host.until("everything is delivered again", lambda now: now["backlog"] == 0 and everything_agrees(host))
    script.say(PROVES)
    host.prove_nothing_is_lost()


def everything_agrees(host: Host) -> bool:
    done = subprocess.run(argv("worker", "verify"), env=host.env, cwd=host.home, capture_output=True, check=False)
    return done.returncode == 0


def edit_a_lesson(host: Host) -> None:
    lesson = host.home / "cafe" / "lessons" / "1.1-parte-1.md"
    lesson.write_text(lesson.read_text(encoding="utf-8") + "\nRevista.\n", encoding="utf-8")


def disconnect_everybody(host: Host) -> None:
    with psycopg.connect(host.server.dsn(database="template1", user="supabase_admin"), autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'postgres'")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
