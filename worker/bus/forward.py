"""The host's half: sends its log over the bus, and believes what Postgres says about it.

The state of this process is where it has sent up to (`_sent`), and that may be lost at any moment: at the start it is
read from the newest message under the outbox's own subject, and every word of the centre and every refusal of the
server may set it back. Nothing is deleted here and nothing is decided; the position that the centre tells is compared
with the log by the rules of the direct relay (`position.check_fits`), so that a copy of the file is refused before it
writes.

What is parked the centre says, and the list for people is made here as a direct worker makes it (`ParkedList`). What
they decide travels in the frame of its event, or, where the position has passed that, as news with the event, which are
sent again until the centre says what became of them.

That a frame is stored is a hint. Who notices that it is lost? The centre, if later frames come: it asks (`want`). If
none do, this host: when nothing was applied for a while it looks whether its newest message is still there. If it is
not, it sends again from the position. If it is, the centre may be away, and a single frame is sent again now and
then: a centre that passed it by without having it takes it up, and one that is away has not missed much.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from operator import attrgetter
from time import monotonic
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID, uuid4

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from outbox import Decision, EventNotFound, Outbox, OutboxCorrupt, Outcome
from outbox.relaying import SET_ASIDE, UNCLAIMED, failpoints
from worker.apply.position import Position, check_fits, check_same
from worker.bus.frames import EVENTS, RAW_BYTES, Cargo, FrameRefused, Message, News, head_of, pack
from worker.bus.link import BusAway, BusRefused, Link, Stale
from worker.bus.word import Word, decode
from worker.errors import TargetRefused, WorkerError
from worker.faults.outage import Interrupted, Patience
from worker.faults.parking import ParkedList
from worker.faults.verdict import Judgement, Verdict
from worker.logs import get_log
from worker.meter import Meter, NoMeter
from worker.notes import CANNOT_WRITE, best_effort
from worker.options import Waiting

WINDOW_EVENTS = 10_000
SILENT_SECONDS = 20.0
LONGEST_SILENCE_SECONDS = 1800.0
FIRST_LOOK_SECONDS = 0.05
IDLE_LOOK_SECONDS = 30.0
NOTE_EVERY_SECONDS = 1.0
LEADS = "the bus leads"
NEWS_EVENTS = 500
NEWS_AGAIN_SECONDS = 5.0


class _Told(NamedTuple):
    """News that were sent, about which events; when to send them again, and after how long then."""

    id: UUID | None = None
    about: Sequence[int] = ()
    decisions: Mapping[int, Decision] = MappingProxyType({})
    again_at: float = 0.0
    seconds: float = 0.0


_NO_NEWS = _Told()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardOptions:
    """What may differ from run to run.

    Attributes:
        poll_seconds: the longest an event waits if its wake-up was lost.
        silent_seconds: after how long without a word what was sent is looked after.
        window_events: how many events may be sent and not applied.
        frame_events: of a frame, at most.
        alive: called whenever the loop goes round.
        in_place: called when nothing is left, before waiting; see `in_place`.
        meter: counts.
    """

    poll_seconds: float = 5.0
    silent_seconds: float = SILENT_SECONDS
    window_events: int = WINDOW_EVENTS
    frame_events: int = EVENTS
    alive: Callable[[], None] = lambda: None
    in_place: Callable[[], None] = lambda: None
    meter: Meter = field(default_factory=NoMeter)


class Forwarder:
    """Sends one outbox to the bus.

    Args:
        box: the outbox; this process must hold its `WorkerLock`.
        link: the transport.
        waker: how to wait.
        patience: how long to wait in an outage.
        options: limits.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        box: Outbox,
        link: Link,
        *,
        waker: Waiting,
        patience: Patience,
        options: ForwardOptions,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._box = box
        self._link = link
        self._waker = waker
        self._patience = patience
        self._options = options
        self._clock = clock
        self._log = get_log()
        self._last = 0  # number of the newest message under our subject, as far as we know
        self._sent = 0
        self._applied: Position | None = None
        self._unlisted: str | None = None
        self._heard = 0  # number of the newest word
        self._moved_at = clock()  # when something was applied, sent for the first time, or looked after
        self._silence = options.silent_seconds
        self._is_silent = False  # and an outage is noted for it
        self._hear_at = clock()
        self._one_only = False  # one frame was sent again, and what becomes of it is waited for
        self._look = FIRST_LOOK_SECONDS
        self._noted = ("", 0.0)
        self._list = ParkedList(box)
        self._list.decisions = box.decisions()
        self._is_listed = False
        self._news = _NO_NEWS

    def run(self) -> None:
        """Send until told to stop."""
        retrying = Retrying(
            retry=retry_if_exception_type(Interrupted),
            wait=self._patience.wait,
            sleep=self._patience.sleeping(self._waker),
            stop=self._stops,
            reraise=True,
        )
        try:
            retrying(self._session)
        except Interrupted:
            if not self._waker.stopping:
                raise

    def _stops(self, _state: RetryCallState) -> bool:
        return self._waker.stopping

    def _session(self) -> None:
        try:
            self._resume()
            while not self._waker.stopping:
                self._options.alive()
                self.step()
        except BusAway as error:
            raise self._interrupted(Verdict.OUTAGE, error) from error
        except (BusRefused, TargetRefused, FrameRefused) as error:
            raise self._interrupted(Verdict.ENVIRONMENT, error) from error
        except CANNOT_WRITE as error:
            fault = self._box.fault(error)
            if isinstance(fault, OutboxCorrupt):
                raise self._interrupted(Verdict.ENVIRONMENT, fault) from error
            away = BusAway("the outbox file cannot be read or written")
            raise self._interrupted(Verdict.OUTAGE, away) from error
        finally:
            self._options.meter.interrupted()

    def _interrupted(self, verdict: Verdict, error: WorkerError | OutboxCorrupt) -> Interrupted:
        judgement = Judgement(verdict=verdict, sqlstate=None, reason=error.what, kind=error.kind, remedy=error.remedy)
        failure = Interrupted(judgement, cause=error if verdict is Verdict.ENVIRONMENT else None)
        self._options.meter.failed(verdict)
        self._patience.interrupted(failure)
        return failure

    def _resume(self) -> None:
        """Read what stands under our two subjects: no state of our own is needed."""
        self._heard = self._last = self._sent = 0
        self._applied = Position.noted(self._box.relay.position)
        if (newest := self._link.newest_of(self._box.outbox_id)) is not None:
            self._last = newest.number
            self._sent = self._sent_before(newest.message)
        self._hear()
        self._sent = max(self._sent, self._done)
        self._log.info("forward.connected", sent=self._sent, applied=self._done)
        self._options.meter.connected()
        self._moved_at, self._look = self._clock(), FIRST_LOOK_SECONDS

    def _sent_before(self, message: Message) -> int:
        """Up to where the newest message under our subject goes, which is one of ours."""
        try:
            head = head_of(message)
        except FrameRefused as refused:
            self._log.error("forward.not_ours", reason=refused.what)
            return 0
        destination = self._applied.destination_id if self._applied is not None else UUID(int=0)
        check_fits(Position(destination_id=destination, seq=head.last, event_id=head.last_id), self._box)
        # A frame whose parts did not all arrive was never one.
        return head.last if head.is_whole else head.first - 1

    def step(self) -> None:
        """Hear what was applied, send what there is, and wait."""
        if self._box.relay.paused:
            self._note("holding", "paused by an operator: `outbox resume` lets it go on")
            self._waker.wait_for_news(self._options.poll_seconds)
            return
        if self._sent > self._done or self._news.about or self._clock() >= self._hear_at:
            self._hear()
            self._look_after()
        self._tell_news()
        if self._may_send() and self._send():
            return
        if not self._is_silent:
            self._patience.progressed()
            self._note("draining" if self._done < self._box.last_seq else "following", self._unlisted)
        waits = self._sent > self._done or bool(self._news.about)
        if not waits:
            self._options.in_place()
        self._waker.wait_for_news(min(self._look, self._options.poll_seconds) if waits else self._options.poll_seconds)
        self._look = min(2 * self._look, self._options.poll_seconds)

    @property
    def _done(self) -> int:
        return self._applied.seq if self._applied is not None else 0

    def _hear(self) -> None:
        """Take in the newest word, if there is one that we have not heard."""
        received = self._link.newest_of(self._box.outbox_id, word=True)
        self._hear_at = self._clock() + IDLE_LOOK_SECONDS
        if received is None or received.number == self._heard:
            self._note_position()
            return
        self._heard = received.number
        try:
            word = decode(received.message.data)
        except FrameRefused as refused:
            self._log.error("forward.word_refused", reason=refused.what)
            return
        check_same(word.destination, self._box, LEADS)
        check_fits(word.position, self._box)
        self._take(word)
        if word.refused is not None:
            raise TargetRefused(f"the centre applies nothing of this outbox: {word.refused}", kind="refused_at_centre")

    def _take(self, word: Word) -> None:
        before = self._applied
        self._applied = word.position
        if before is None or before.seq != word.seq:
            self._moved_at, self._silence = self._clock(), self._options.silent_seconds
            self._one_only = self._one_only and (before is None or word.seq < before.seq)
            self._look, self._is_silent = FIRST_LOOK_SECONDS, False
            if before is not None and word.seq > before.seq:
                self._options.meter.applied(word.seq - before.seq, 0.0)
        self._note_position()
        self._take_list(word)
        went_back = before is not None and word.seq < before.seq
        if word.want is not None or went_back:
            self._rewind("it asks for them" if word.want is not None else "the database went back")
        self._sent = max(self._sent, word.seq)

    def _note_position(self) -> None:
        """Note how far the database is, and again where that could not be done."""
        known = self._applied
        if known is not None and known != Position.noted(self._box.relay.position):
            with best_effort(self._box):
                self._box.relay.remember_position(known.destination_id, known.seq, known.event_id)

    def _take_list(self, word: Word) -> None:
        """Show what is parked, and note what became of decisions."""
        if self._news.about and word.news == self._news.id:
            said = {seq: (one, word.outcomes.get(one.id)) for seq, one in self._news.decisions.items()}
            self._list.settled({seq: now for seq, (one, now) in said.items() if now not in {None, one.outcome}})
            self._news = _NO_NEWS
        elif self._news.about:
            again_at = min(self._news.again_at, self._clock() + NEWS_AGAIN_SECONDS)
            self._news = self._news._replace(again_at=again_at)
        self._unlisted = None
        if word.listed is None:
            if word.parked:
                self._unlisted = f"{word.parked} events are parked in the database, too many to be listed here"
            return
        self._list.stands(word.listed.facts())
        self._is_listed = True
        set_aside = {}
        for seq in self._list.decisions.unsettled():
            row, one = self._list.row(seq), self._list.decisions.of(seq)
            if row is not None and one is not None and one.sets_aside and row.verdict in {SET_ASIDE, UNCLAIMED}:
                set_aside[seq] = Outcome.SET_ASIDE
        if set_aside:
            self._list.settled(set_aside)

    def _tell_news(self) -> None:
        """Say what was decided about events that were sent; again until the centre says what became of it."""
        if self._applied is None or not self._is_listed:
            self._list.decisions.take_in()
            return
        self._list.take_in()
        if not self._list.decisions.any():
            self._news = _NO_NEWS
            return
        ready, late = self._list.ready(limit=NEWS_EVENTS), self._list.late(self._applied)
        on_the_way = [seq for seq in self._list.decisions.unsettled() if self._done < seq <= self._sent]
        if self._sent > self._done:
            late = []  # an aggregate is whole up to the position alone
        seqs = [*ready, *late, *on_the_way]
        decisions = {seq: one for seq in seqs if (one := self._list.decisions.of(seq)) is not None}
        if not seqs:
            self._news = _NO_NEWS
            return
        is_again, now = (seqs, decisions) == (self._news.about, self._news.decisions), self._clock()
        if is_again and now < self._news.again_at:
            return
        seconds = min(2 * self._news.seconds, LONGEST_SILENCE_SECONDS) if is_again else SILENT_SECONDS
        brought = self._box.read_these(ready, most_bytes=RAW_BYTES)
        for seq in late:
            with suppress(EventNotFound):  # pruned: the centre knows what that means
                every = self._box.events(aggregate_id=self._box.event(seq).aggregate_id)
                brought += [event for event in every if event.seq <= self._done]
        events = sorted({event.seq: event for event in brought}.values(), key=attrgetter("seq"))
        there = {event.seq for event in events}
        news = News(id=uuid4(), ready=frozenset(ready) & there, late=frozenset(late), events=events)
        cargo = Cargo(decisions=decisions, news=news)
        if self._publish(pack(cargo, after=self._done, before=self._applied.event_id), "news"):
            self._news = _Told(news.id, seqs, decisions, now + seconds, seconds)
            self._look = FIRST_LOOK_SECONDS
            self._log.info("forward.news_sent", seqs=sorted(decisions))

    def _rewind(self, why: str) -> None:
        if self._sent != self._done:
            self._log.warning("forward.sending_again", after=self._done, reason=why)
            self._sent = self._done
        self._moved_at = self._clock()

    def _look_after(self) -> None:
        """Nothing was applied for a while although it was sent: is it still there?"""
        if self._sent <= self._done or self._clock() - self._moved_at < self._silence:
            return
        newest = self._link.newest_of(self._box.outbox_id)
        reason = f"nothing was applied for {self._silence:.0f} s; the centre is away, or Postgres is"
        self._is_silent = True
        self._patience.interrupted(Interrupted(Judgement(verdict=Verdict.OUTAGE, sqlstate=None, reason=reason)))
        if newest is None:
            self._last = 0
            self._rewind("what was sent is not there any more")
            return
        if newest.number != self._last:  # the store went back, and has an older one of ours
            self._resume()
            return
        self._rewind("the centre may have passed it by")
        self._one_only = True
        # Hosts that wait for one centre do not all ask at once.
        self._silence = min(2 * self._silence, LONGEST_SILENCE_SECONDS) * random.uniform(0.75, 1.0)  # noqa: S311

    def _may_send(self) -> bool:
        if self._one_only and self._sent > self._done:
            return False
        return self._sent - self._done < self._options.window_events

    def _send(self) -> bool:
        """Send the next frame; False where there is nothing to send, or it could not be."""
        after = self._sent = max(self._sent, self._box.relay.pruned_below - 1)
        events = self._box.read(after=after, limit=self._options.frame_events, most_bytes=RAW_BYTES)
        if not events:
            return False
        if self._sent == self._done:
            self._moved_at = self._clock()
        decisions = self._list.decisions
        decided = {event.seq: one for event in events if (one := decisions.of(event.seq)) is not None}
        cargo = Cargo(events=events, decisions=decided)
        if not self._publish(pack(cargo, after=after, before=self._id_at(after)), str(events[0].seq)):
            return True
        self._sent = events[-1].seq
        self._look = FIRST_LOOK_SECONDS
        self._log.info("forward.frame_sent", first=after + 1, last=self._sent, applied=self._done)
        return True

    def _publish(self, messages: list[Message], name: str) -> bool:
        try:
            for number, message in enumerate(messages, 1):
                if failpoints.armed:
                    failpoints.reach(f"forward.{name}.{number}")
                self._last = self._link.publish_after(self._box.outbox_id, message, self._last)
        except Stale:
            self._log.warning("forward.behind", reason="another message came last under this outbox: read anew")
            self._resume()
            self._waker.wait_for_news(random.uniform(0.01, 0.2))  # noqa: S311 - two that take turns must not stay in step
            return False
        return True

    def _id_at(self, seq: int) -> UUID | None:
        if seq == 0:
            return None
        try:
            return self._box.event(seq).event_id
        except EventNotFound:  # pruned, or lost by a salvage
            relay = self._box.relay
            return relay.pruned_event_id if seq + 1 == relay.pruned_below else None

    def _note(self, state: str, reason: str | None = None) -> None:
        now, text = self._clock(), f"{state} {reason}"
        if text == self._noted[0] and now - self._noted[1] < 30 * NOTE_EVERY_SECONDS:
            return
        self._noted = text, now
        with best_effort(self._box):
            self._box.relay.set_state(state, reason)
            if state == "following":
                self._box.relay.drained()
