"""One PostgreSQL on this machine, for `--local` and for tests.

Life of a data folder: initialised once (superuser `supabase_admin`, a random password in a 0600 file, a port
of its own), prepared once (roles and schemas as Supabase has them), then started and stopped any number of
times with the same address. Several processes may want it at once: under a lock file the first starts it and
owns it, the others use it. The owner stops it, on leaving the context, at exit, and through a guard process
if it is killed; an owner that is gone is succeeded by the next process that asks. Nothing is ever ended that does
not serve this very data folder.
"""

import atexit
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Literal, Self

from outbox import host
from worker.standin.account import Account, shelf
from worker.standin.binaries import reachable_programs, wheel_programs
from worker.standin.errors import StandInError
from worker.standin.guard import Guard
from worker.standin.owner import owner_is_alive, write_owner
from worker.standin.port import is_free, stable_port
from worker.standin.postmaster import running_pid
from worker.standin.prepare import prepare

ADMIN = "supabase_admin"
StopMode = Literal["fast", "immediate"]


class LocalPostgres:
    """A PostgreSQL server of our own on 127.0.0.1.

    Args:
        data_dir: folder for password, port and (unless we are root, see `account`) the server's files.
        durable: False turns fsync off: for tests, whose data may vanish with the machine.
        default_grants: True grants every new table of `public` to the API roles, as projects made before
            2026-05-30 do; False as newer ones.
        programs: folder of another PostgreSQL's programs (15 or newer); the wheel's otherwise.
    """

    def __init__(
        self,
        data_dir: Path | str,
        *,
        durable: bool = True,
        default_grants: bool = False,
        programs: Path | None = None,
    ) -> None:
        self.data_dir = Path(data_dir).absolute()
        self._durable = durable
        self._default_grants = default_grants
        self._account = Account.current()
        self._programs = programs
        self._guard: Guard | None = None

    @property
    def programs(self) -> Path:
        """The folder of pg_dump, pg_restore, psql and the others."""
        found = self._programs or wheel_programs()
        return found if self._account.is_self else reachable_programs(found, self._account, shelf())

    @property
    def cluster(self) -> Path:
        """The server's data folder (PGDATA)."""
        return self._account.home(self.data_dir) / "cluster"

    @property
    def running(self) -> bool:
        """Whether the server is up, whichever process started it."""
        return running_pid(self.cluster) is not None

    @property
    def owned(self) -> bool:
        """Whether this object started the server and will stop it."""
        return self._guard is not None

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1, the same for the life of the data folder."""
        return stable_port(self.data_dir / "port")

    @property
    def password(self) -> str:
        """The password of every login role of the stand-in."""
        return (self.data_dir / "password").read_text(encoding="ascii")

    def dsn(self, database: str = "postgres", user: str = "postgres") -> str:
        """A connection string; contains the password, so it must not be logged."""
        return f"postgresql://{user}:{self.password}@127.0.0.1:{self.port}/{database}?sslmode=disable"

    def start(self) -> None:
        """Start the server, or use the one that another process started.

        Raises:
            StandInError: it does not come up; the message holds the end of its log.
        """
        with self._alone(make=True):
            if self.running and not self.owned and not owner_is_alive(self.data_dir):
                # Its guard may be half-way through stopping it: joining in, then starting afresh, is sure.
                self._pg_ctl("stop", "-w", "-t", "60", "-m", "fast")
            if self.running:
                return
            if self._guard is not None:  # it died under us, by a crash or by somebody's hand
                self._release()
            if not (self.data_dir / "ready").exists():
                self._initialise()
            if not is_free(self.port):
                raise StandInError(
                    f"port {self.port} of the local database is taken by another program: "
                    f"end that program, or delete {self.data_dir / 'port'} to have another port chosen"
                )
            self._pg_ctl("start", "-w", "-t", "60", "-l", str(self.cluster.parent / "server.log"))
            self._take_over()
            if not (self.data_dir / "ready").exists():
                prepare(self.dsn(user=ADMIN), password=self.password, default_grants=self._default_grants)
                (self.data_dir / "ready").touch()

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop the server if this object started it; otherwise leave it to its owner.

        Args:
            mode: "fast" ends sessions and shuts down cleanly; "immediate" is a crash: recovery follows.
        """
        if self._guard is None:
            return
        with self._alone():
            if self.running:
                self._pg_ctl("stop", "-w", "-t", "60", "-m", mode)
            self._release()

    def discard_orphan(self) -> bool:
        """End the server and delete its data if the process that started it is gone.

        Returns:
            False if somebody owns it, or is just starting it: then nothing was done.
        """
        try:
            with self._alone():  # a process that starts it holds this until the owner is written down
                if owner_is_alive(self.data_dir):
                    return False
                if self.running:
                    self._pg_ctl("stop", "-w", "-t", "60", "-m", "immediate")
                self.remove_data()
                return True
        except FileNotFoundError:  # somebody else was faster
            return False

    def remove_data(self) -> None:
        """Delete the data folder and the server's files.

        Raises:
            StandInError: the server is running.
        """
        if self.running:
            raise StandInError(f"the local database in {self.data_dir} is running: stop it before its files go")
        shutil.rmtree(self.cluster.parent, ignore_errors=True)
        shutil.rmtree(self.data_dir, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _initialise(self) -> None:
        password_file = self.data_dir / "password"
        with os.fdopen(os.open(password_file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_hex(16))
        home = self.cluster.parent
        if self.cluster.exists():  # an initialisation that was cut short
            shutil.rmtree(self.cluster)
        for_initdb = home / "password"
        for_initdb.touch(0o600)
        self._account.give(for_initdb)
        try:
            for_initdb.write_text(self.password, encoding="ascii")
            # The bootstrap superuser is supabase_admin, so that `postgres` can be an ordinary role:
            # PostgreSQL lets nobody demote the role that initdb made.
            self._command(
                str(self.programs / "initdb"), "-D", str(self.cluster), "-U", ADMIN, f"--pwfile={for_initdb}",
                "--auth-host=scram-sha-256", "--auth-local=reject", "--encoding=UTF8", "--locale=C",
                "--no-instructions", *(() if self._durable else ("--no-sync",)),
            )  # fmt: skip
        finally:
            for_initdb.unlink()
        with (self.cluster / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write(self._settings())

    def _settings(self) -> str:
        settings = {
            "listen_addresses": "'127.0.0.1'",
            "port": str(self.port),
            "unix_socket_directories": "''",
            "password_encryption": "'scram-sha-256'",
            "max_connections": "60",  # what the smallest Supabase sizes allow
            "statement_timeout": "'2min'",
            "shared_buffers": "'128MB'",
            "dynamic_shared_memory_type": "mmap",  # small containers give /dev/shm 64 MB
            "log_min_messages": "warning",
            "pgrst.db_schemas": "'public, graphql_public'",
            # Never synchronous_commit: without it an "immediate" stop loses acknowledged commits, which no
            # crash of a real server does. Without fsync only a crash of the machine could.
            "fsync": "on" if self._durable else "off",
            "full_page_writes": "on" if self._durable else "off",
        }
        return "".join(f"{key} = {value}\n" for key, value in settings.items())

    def _pg_ctl(self, action: str, *arguments: str) -> None:
        try:
            self._command(str(self.programs / "pg_ctl"), action, "-D", str(self.cluster), "-s", *arguments)
        except StandInError as exc:
            log = self.cluster.parent / "server.log"
            tail = log.read_text(encoding="utf-8", errors="replace")[-2000:] if log.exists() else ""
            raise StandInError(f"{exc}\n{tail}".rstrip()) from exc

    def _command(self, *command: str) -> None:
        done = self._account.run(command, cwd=self.cluster.parent)
        if done.returncode != 0:
            raise StandInError(f"the local database: {Path(command[0]).name} failed: {done.stdout.strip()[-2000:]}")

    def _take_over(self) -> None:
        write_owner(self.data_dir)
        self._guard = Guard(self.programs / "pg_ctl", self.cluster, self._account)
        atexit.register(self.stop)

    def _release(self) -> None:
        if self._guard is not None:
            self._guard.dismiss()
            self._guard = None
        # The owner stays written down for as long as its process lives: it may start the server again.
        atexit.unregister(self.stop)

    @contextmanager
    def _alone(self, *, make: bool = False) -> Iterator[None]:
        """Hold the lock of the data folder; with `make`, of a new one if it is missing.

        A sweep may delete the folder while we wait for its lock: then what we got is the lock of nothing.
        """
        file = self._lock(make=make)
        try:
            yield
        finally:
            file.close()

    def _lock(self, *, make: bool) -> IO[str]:
        lock = self.data_dir / "lock"
        while True:
            if make:
                self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                file = lock.open("w")
            except FileNotFoundError:
                if make:
                    continue
                raise
            host.lock(file.fileno())
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), lock.stat()):
                    return file
            file.close()
