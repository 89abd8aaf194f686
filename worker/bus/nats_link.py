"""NATS JetStream as the transport. The only module that knows it.

Two streams: `OUTBOX` with the logs, a subject for each (`outbox.log.<digit>.<id>`), and `APPLIED` with the newest
word about each (`outbox.applied.<id>`). Every publish names the message that it follows under its subject, so the
server refuses a second or stale writer. No message ids: within the window in which the server looks for doubles, what
was sent again after a loss would be acknowledged and not stored. No consumers: messages are asked for by number, so a
server that was restarted, purged or replaced is asked in the same way.

nats-py is asyncio; its loop runs in a thread, and each verb waits for its answer. A connection that fails is dropped,
and the next verb opens another: how long to wait between is the caller's to say.
"""

import asyncio
import json
import ssl
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.js.api import RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NoStreamResponseError, NotFoundError

from worker.bus.frames import Message
from worker.bus.link import NOBODY, BusAway, BusRefused, Read, Received, Stale, partition_of
from worker.errors import SettingsFault

LOG_STREAM, WORD_STREAM = "OUTBOX", "APPLIED"
ANSWER_SECONDS = 5.0
WRONG_LAST = 10071
KEEP_SECONDS = 7 * 24 * 3600
AT_ONCE = 64
T = TypeVar("T")
_STREAMS = (
    StreamConfig(
        name=LOG_STREAM,
        subjects=["outbox.log.*.*"],
        storage=StorageType.FILE,
        retention=RetentionPolicy.LIMITS,
        max_age=KEEP_SECONDS,
        allow_direct=True,
    ),
    StreamConfig(
        name=WORD_STREAM,
        subjects=["outbox.applied.*"],
        storage=StorageType.FILE,
        max_msgs_per_subject=1,
        allow_direct=True,
    ),
)
_MENDED_BY_PEOPLE = ("authorization", "permissions violation", "user authentication", "certificate")


class NatsLink:
    """A connection to NATS.

    Args:
        url: of the server, or of several of one cluster with commas between: nats://host:4222, or tls://.
        name: of the one that connects: the outbox id of a host, `centre` for the centre; part of its inbox.
        seed: file with the nkey seed; None: no key.
        authority: file with the certificate authority of the server.
        insecure: whether another machine may be asked without TLS.
        keeps: whether to make the streams where they are missing; the centre does.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        seed: Path | None = None,
        authority: Path | None = None,
        insecure: bool = False,
        keeps: bool = False,
    ) -> None:
        urls = [one.strip() for one in url.split(",")]
        for one in urls:
            _check_address(one, insecure=insecure or authority is not None)
        self._options: dict[str, Any] = {
            "servers": urls,
            "allow_reconnect": False,
            "max_reconnect_attempts": 1,  # of connecting at all
            "reconnect_time_wait": 0,
            "connect_timeout": ANSWER_SECONDS,
            "inbox_prefix": f"_INBOX_{name}",
            "name": f"outbox {name}",
            "error_cb": self._told,
            "disconnected_cb": self._lost,
        }
        if seed is not None:
            self._options["nkeys_seed"] = str(seed)
        if any(one.startswith("tls:") for one in urls) or authority is not None:
            self._options["tls"] = ssl.create_default_context(cafile=str(authority) if authority else None)
        self._keeps = keeps
        self._client: Client | None = None
        self._refusal = ""
        self._task: asyncio.Future[Any] | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="bus", daemon=True)
        self._thread.start()

    def publish_after(self, outbox_id: UUID, message: Message, last: int) -> int:
        """See `Link`."""
        headers = {**message.headers, "Nats-Expected-Last-Subject-Sequence": str(last)}
        return self._do(self._publish(_log_subject(outbox_id), message.data, headers))

    def newest_of(self, outbox_id: UUID, *, word: bool = False) -> Received | None:
        """See `Link`."""
        stream, subject = (WORD_STREAM, word_subject(outbox_id)) if word else (LOG_STREAM, _log_subject(outbox_id))
        return self._do(self._newest(stream, subject))

    def read_from(self, lane: str, after: int, *, store: str = "", most_bytes: int) -> Read:
        """See `Link`."""
        return self._do(self._read(f"outbox.log.{lane}.*", after, store, most_bytes))

    def say(self, outbox_id: UUID, data: bytes) -> None:
        """See `Link`."""
        self._do(self._publish(word_subject(outbox_id), data, {}))

    def close(self) -> None:
        """See `Link`."""
        with suppress(Exception):
            asyncio.run_coroutine_threadsafe(self._drop(), self._loop).result(ANSWER_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(ANSWER_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()

    async def _told(self, error: Exception) -> None:
        if any(word in str(error).lower() for word in _MENDED_BY_PEOPLE):
            self._refusal = str(error)

    def _do(self, what: Coroutine[Any, Any, T]) -> T:
        self._refusal = ""
        future = asyncio.run_coroutine_threadsafe(self._while_connected(what), self._loop)
        try:
            return future.result(2 * ANSWER_SECONDS)
        except APIError as error:
            if error.err_code == WRONG_LAST:
                raise Stale("another message came last under this outbox") from error
            self._leave()
            raise BusAway(f"the bus refused it: {error.description or error}") from error
        except (NoRespondersError, NoStreamResponseError) as error:
            raise BusAway("the bus keeps no logs yet: `worker apply` makes the streams when it starts") from error
        except (NatsError, OSError, TimeoutError, NotInTime, asyncio.IncompleteReadError) as error:
            self._leave()
            told = self._refusal or str(error) or type(error).__name__
            if isinstance(error, ssl.SSLError) or any(word in told.lower() for word in _MENDED_BY_PEOPLE):
                raise BusRefused(f"the bus lets us not do that: {told}") from error
            raise BusAway(f"the bus does not answer: {told}") from error

    async def _while_connected(self, what: Coroutine[Any, Any, T]) -> T:
        """Wait for it until the connection is lost: nats-py lets an answer be waited for that cannot come any more."""
        self._task = asyncio.ensure_future(what)
        try:
            return await asyncio.wait_for(self._task, 2 * ANSWER_SECONDS)
        except asyncio.CancelledError:
            raise ConnectionError("the connection was lost") from None
        finally:
            self._task = None

    async def _lost(self) -> None:
        if self._client is not None and self._task is not None:
            self._task.cancel()

    def _leave(self) -> None:
        with suppress(Exception):
            asyncio.run_coroutine_threadsafe(self._drop(), self._loop).result(ANSWER_SECONDS)

    async def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):
                await asyncio.wait_for(client.close(), 1.0)

    async def _connected(self) -> Client:
        if self._client is None or not self._client.is_connected:
            await self._drop()
            client = Client()
            try:
                await client.connect(**self._options)
            except BaseException:
                with suppress(Exception):  # what it opened is not left open
                    await asyncio.wait_for(client.close(), 1.0)
                raise
            self._client = client
        return self._client

    async def _publish(self, subject: str, data: bytes, headers: Mapping[str, str]) -> int:
        client = await self._connected()
        stream = client.jetstream(timeout=ANSWER_SECONDS)
        try:
            return (await stream.publish(subject, data, headers=dict(headers) or None)).seq
        except NoStreamResponseError:
            if not self._keeps:
                raise
            await self._make(client)
            return (await stream.publish(subject, data, headers=dict(headers) or None)).seq

    async def _newest(self, stream: str, subject: str) -> Received | None:
        answer = await (await self._connected()).request(
            f"$JS.API.DIRECT.GET.{stream}.{subject}", timeout=ANSWER_SECONDS
        )
        headers = answer.headers or {}
        if "Nats-Sequence" in headers:
            return _received(headers, answer.data)
        if (status := headers.get("Status")) == "404":
            return None
        raise APIError(code=int(status or 500), description=headers.get("Description"))

    async def _read(self, subjects: str, after: int, store: str, most_bytes: int) -> Read:
        client = await self._connected()
        name, newest = await self._store(client)
        if name != store or newest < after:
            after = 0
        if newest <= after:
            return Read(name, after, [])
        messages = await self._next(client, subjects, after, most_bytes)
        # Nothing found is no reason to go on: the replica that was asked may be behind the one that told the newest.
        return Read(name, messages[-1].number if messages else after, messages)

    async def _store(self, client: Client) -> tuple[str, int]:
        stream = client.jetstream(timeout=ANSWER_SECONDS)
        try:
            info = await stream.stream_info(LOG_STREAM)
        except NotFoundError:
            if not self._keeps:
                raise
            await self._make(client)
            info = await stream.stream_info(LOG_STREAM)
        return f"{info.config.name} {info.created}", info.state.last_seq

    async def _make(self, client: Client) -> None:
        """Make what is missing; streams that are there stay as somebody made them."""
        manager = client.jetstream(timeout=ANSWER_SECONDS)
        for config in _STREAMS:
            try:
                await manager.stream_info(str(config.name))
            except NotFoundError:
                await manager.add_stream(config)

    async def _next(self, client: Client, subjects: str, after: int, most_bytes: int) -> list[Received]:
        """Ask for many at once; the server ends its answer with a message of its own."""
        inbox = client.new_inbox()
        answers = await client.subscribe(inbox)
        try:
            wanted = {"seq": after + 1, "next_by_subj": subjects, "batch": AT_ONCE, "max_bytes": most_bytes}
            await client.publish(f"$JS.API.DIRECT.GET.{LOG_STREAM}", json.dumps(wanted).encode(), reply=inbox)
            messages: list[Received] = []
            while True:
                answer = await answers.next_msg(timeout=ANSWER_SECONDS)
                headers = answer.headers or {}
                status = headers.get("Status")
                if "Nats-Sequence" in headers:
                    messages.append(_received(headers, answer.data))
                elif status in {"204", "404"}:  # the end; nothing there
                    return messages
                else:
                    raise APIError(code=int(status or 500), description=headers.get("Description"))
        finally:
            await answers.unsubscribe()


def _check_address(url: str, *, insecure: bool) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"nats", "tls"} or not parts.hostname:
        raise SettingsFault("the address of the bus begins with nats:// or tls://, and names a host")
    if parts.username or parts.password:
        raise SettingsFault("the address of the bus holds no secret: name the file of an nkey instead")
    if parts.scheme == "nats" and not insecure and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise SettingsFault(
            f"{parts.hostname} is another machine, and nats:// sends everything to it in the clear",
            remedy="write tls://, or OUTBOX_INSECURE=true if that network is yours alone",
        )


def _log_subject(outbox_id: UUID) -> str:
    return f"outbox.log.{partition_of(outbox_id)}.{outbox_id}"


def word_subject(outbox_id: UUID) -> str:
    """Under which the centre's words about an outbox stand."""
    return f"outbox.applied.{outbox_id}"


def _received(headers: Mapping[str, str], data: bytes) -> Received:
    subject = headers["Nats-Subject"]
    *_, digit, name = subject.split(".")
    try:
        outbox_id = UUID(name)
    except ValueError:
        outbox_id = NOBODY
    if digit != "applied" and digit != partition_of(outbox_id):
        outbox_id = NOBODY
    return Received(outbox_id, int(headers["Nats-Sequence"]), Message(headers, data))
