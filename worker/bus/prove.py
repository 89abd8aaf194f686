"""`worker verify --over`: a host's log is compared with rows that the centre knows, and the proof is noted."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from outbox import Outbox, OutboxSettings
from worker.apply.position import check_fits, check_same
from worker.bus.frames import Cargo, News, pack
from worker.bus.link import Link, Stale
from worker.bus.settings import BusSettings
from worker.bus.word import Word, decode
from worker.errors import Unreachable
from worker.proof.asked import Asked, Changed
from worker.proof.verify import Verified, compared

TRIES = 5
ANSWER_SECONDS, LOOK_SECONDS = 120.0, 0.2


def prove(where: OutboxSettings, bus: BusSettings, *, since_proof: bool = False) -> Verified:
    """Compare files, log and rows as `verify_all` does, by what the centre answers; nothing is believed of the bus.

    Raises:
        OutboxNotFound: there is no outbox file.
        TargetRefused: the database that the centre speaks of does not fit this outbox.
        BusAway, BusRefused: see `worker.bus.link`.
        Unreachable: no centre answers, or events are applied so quickly that no answer is of use.
    """
    with Outbox.open(where.outbox_path, content_root=where.content_root, create=False) as box:
        link = bus.link(str(box.outbox_id))
        try:
            return proven(box, link, where.content_root, since_proof=since_proof)
        finally:
            link.close()


def proven(
    box: Outbox, link: Link, root: Path, pause: Callable[[float], None] = time.sleep, *, since_proof: bool = False
) -> Verified:
    """The same with a transport; `pause` waits between two looks."""
    for _ in range(TRIES):
        word = _heard(box, link)
        if word.listed is None:
            raise Unreachable("the centre does not say what is parked: it is too much to be told")
        parked = frozenset(word.listed.facts())
        asked = Asked(word.position, parked)
        compared(cast("Any", asked), box, None, since_proof=since_proof)
        news = News(id=uuid4(), questions=asked.questions, parked=sorted(parked))
        try:
            newest = link.newest_of(box.outbox_id)
            last = 0 if newest is None else newest.number
            for message in pack(Cargo(news=news), after=word.seq, before=word.event_id):
                last = link.publish_after(box.outbox_id, message, last)
        except Stale:  # the forwarder sent something meanwhile
            pause(LOOK_SECONDS)
            continue
        answer = _answer(box, link, news, pause)
        if answer.answers is None or answer.destination != word.destination:
            continue
        try:
            answered = Asked(word.position, parked, asked.questions, answer.answers)
            found, note = compared(cast("Any", answered), box, root, since_proof=since_proof)
        except Changed:
            continue
        note()
        return found
    raise Unreachable("the database did not stand still, or differs in more rows than an answer holds: try again later")


def _heard(box: Outbox, link: Link) -> Word:
    received = link.newest_of(box.outbox_id, word=True)
    if received is None:
        raise Unreachable("the centre has said nothing of this outbox yet")
    word = decode(received.message.data)
    check_same(word.destination, box, "the bus leads")
    check_fits(word.position, box)
    return word


def _answer(box: Outbox, link: Link, news: News, pause: Callable[[float], None]) -> Word:
    for _ in range(int(ANSWER_SECONDS / LOOK_SECONDS)):
        if (word := _heard(box, link)).proof == news.id:
            return word
        pause(LOOK_SECONDS)
    raise Unreachable(f"the centre has not answered within {ANSWER_SECONDS:.0f} s")
