"""Hosts, a server and a centre in this process, gone through step by step: nothing waits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from outbox import Outbox
from tests.support.make_outbox import lesson, project
from tests.support.nats import NatsServer
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting
from worker.bus.central import Centre
from worker.bus.forward import Forwarder, ForwardOptions
from worker.bus.link import BusAway, Link
from worker.connect.connection import Connection, connect
from worker.faults.outage import Backoff, Patience
from worker.options import Options

QUICK = Backoff(first=0.0, cap=0.0, environment=0.0, login=0.0)


def centre_of(
    link: Link,
    database: Database,
    waker: NoWaiting,
    lanes: str = "*",
    dial: Callable[[], Connection] | None = None,
    *,
    together: bool = False,
    **options: Any,
) -> Centre:
    """A centre that waits for nothing."""
    return Centre(
        link,
        dial or (lambda: connect(database.worker_dsn)),
        list(lanes),
        waker=waker,
        options=Options(**options),
        backoff=QUICK,
        together=together,
        clock=waker.clock,
    )


class Host:
    """A forwarder that is driven from outside; its clock is moved by hand."""

    def __init__(self, box: Outbox, link: Link, **options: Any) -> None:
        self.box, self.link = box, link
        self.waker = NoWaiting()
        self.forwarder = Forwarder(
            box,
            link,
            waker=self.waker,
            patience=Patience(box, QUICK, clock=self.waker.clock),
            options=ForwardOptions(**options),
            clock=self.waker.clock,
        )
        self.begun = False

    def step(self) -> Exception | None:
        """One round; what interrupts it is returned, and the next round begins anew, as `run` does."""
        try:
            if not self.begun:
                self.forwarder._resume()
                self.begun = True
            self.forwarder.step()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.begun = False
            return error
        return None

    @property
    def applied(self) -> int:
        position = self.box.relay.position
        return 0 if position is None else position.applied_seq


class Fleet:
    """A server, a database, hosts; the centre is made anew whenever it `dies`."""

    def __init__(self, server: NatsServer, database: Database, *, together: bool = False) -> None:
        self.server, self.database = server, database
        self.hosts: list[Host] = []
        self.links: list[Link] = []
        self.centres: list[Centre] = []
        self.centre_waker = NoWaiting()
        self.options: dict[str, Any] = {}
        self.together = together
        self.centre = self.new_centre()
        self.centre.step()  # makes the streams

    def linked(self, name: object) -> Link:
        link = self.server.link(name)
        self.links.append(link)
        return link

    def new_centre(self, lanes: str = "*", dial: Callable[[], Connection] | None = None) -> Centre:
        link = self.linked("centre")
        centre = centre_of(link, self.database, self.centre_waker, lanes, dial, together=self.together, **self.options)
        self.centres.append(centre)
        return centre

    def host(self, box: Outbox, *, known: bool = False, **options: Any) -> Host:
        if not known:
            self.server.admit(str(box.outbox_id), box.outbox_id)
        host = Host(box, self.linked(box.outbox_id), **options)
        self.hosts.append(host)
        return host

    def until(self, holds: Callable[[], bool], rounds: int = 400) -> list[Exception]:
        """Go round until something holds; returns what interrupted hosts on the way."""
        errors: list[Exception] = []
        for _ in range(rounds):
            if holds():
                return errors
            errors += [error for host in self.hosts if (error := host.step()) is not None]
            with suppress(BusAway):
                self.centre.step()
        raise AssertionError(f"not within {rounds} rounds; {errors[-1:]}")

    def until_all_is_applied(self, rounds: int = 400) -> list[Exception]:
        return self.until(lambda: all(host.applied == host.box.last_seq for host in self.hosts), rounds)

    def close(self) -> None:
        for centre in self.centres:
            centre._starts.close()
            centre._leave_joint()
        for link in self.links:
            link.close()


@contextmanager
def fleet(folder: Path, database: Database, *, together: bool = False) -> Iterator[Fleet]:
    server = NatsServer(folder / "nats")
    server.start()
    made = Fleet(server, database, together=together)
    try:
        yield made
    finally:
        made.close()
        server.stop()


def positions(database: Database) -> dict[UUID, int]:
    with psycopg.connect(database.dsn) as connection:
        return dict(connection.execute("select outbox_id, applied_seq from outbox.sources").fetchall())


def course(path: Path, slug: str, lessons: int) -> Outbox:
    box = Outbox.open(path)
    with box.unit() as unit:
        for payload in project(slug):
            unit.append(payload)
    add_lessons(box, slug, range(1, lessons + 1))
    return box


def add_lessons(box: Outbox, slug: str, numbers: range, *, body: str | None = None) -> None:
    with box.unit() as unit:
        for number in numbers:
            unit.append(lesson(number, project=slug, body=body))


def refuse(database: Database, slug: str) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(f"alter table contents add constraint refused check (slug <> '{slug}')")


def on_the_list(database: Database) -> dict[int, str]:
    with psycopg.connect(database.dsn) as connection:
        return dict(connection.execute("select seq, state from outbox.parked order by seq").fetchall())
