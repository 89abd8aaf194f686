"""The inbox table as a transport, spoken to through psycopg: what an HTTPS client would ask of the API, with its role and claims."""

import json
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from tests.support.postgres import Database
from worker.bus.frames import Message
from worker.bus.link import BusAway, BusRefused, Read, Received, Stale


class InboxLink:
    """A host with a JWT that names its outbox; or the centre, as outbox_worker. A `Link`."""

    def __init__(self, database: Database, outbox_id: UUID | None = None) -> None:
        self._connection = psycopg.connect(database.api_dsn if outbox_id else database.worker_dsn, autocommit=True)
        if outbox_id is not None:
            claims = json.dumps({"role": "authenticated", "outbox_id": str(outbox_id)})
            self._connection.execute("select set_config('request.jwt.claims', %s, false)", [claims])
            self._connection.execute("set role authenticated")

    def publish_after(self, outbox_id: UUID, message: Message, last: int) -> int:
        del outbox_id  # the claim says it
        call = "select outbox_bus.carry(%s, %s, %s)"
        try:
            (number,) = self._one(call, [last, Jsonb(dict(message.headers)), message.data]) or (0,)
        except psycopg.Error as error:
            if error.sqlstate == "PT409":
                raise Stale("another message came last") from error
            raise
        return int(number)

    def newest_of(self, outbox_id: UUID, *, word: bool = False) -> Received | None:
        if word:
            text = "select number, '{}'::jsonb, data from outbox_bus.words where outbox_id = %s"
        else:
            text = (
                "select number, headers, data from outbox_bus.carried where outbox_id = %s order by number desc limit 1"
            )
        found = self._one(text, [outbox_id])
        return None if found is None else Received(outbox_id, found[0], Message(found[1], found[2]))

    def read_from(self, lane: str, after: int, *, store: str = "", most_bytes: int) -> Read:
        del store, most_bytes
        (newest,) = self._one("select coalesce(max(number), 0) from outbox_bus.carried", []) or (0,)
        after = 0 if newest < after else after
        rows = self._connection.execute(
            "select outbox_id, number, headers, data from outbox_bus.carried"
            " where number > %s and (%s = '*' or right(outbox_id::text, 1) = %s) order by number limit 64",
            [after, lane, lane],
        ).fetchall()
        found = [Received(outbox_id, number, Message(headers, data)) for outbox_id, number, headers, data in rows]
        return Read("inbox", found[-1].number if found else after, found)

    def say(self, outbox_id: UUID, data: bytes) -> None:
        self._connection.execute(
            "insert into outbox_bus.words as w (outbox_id, data) values (%s, %s)"
            " on conflict (outbox_id) do update set data = excluded.data, number = w.number + 1, said_at = now()",
            [outbox_id, data],
        )

    def close(self) -> None:
        self._connection.close()

    def _one(self, text: str, values: list[object]) -> tuple[object, ...] | None:
        try:
            return self._connection.execute(text, values).fetchone()
        except psycopg.errors.InsufficientPrivilege as error:
            raise BusRefused("it lets us not do that") from error
        except psycopg.OperationalError as error:
            raise BusAway("it does not answer") from error
