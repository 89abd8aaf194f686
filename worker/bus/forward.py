"""The host's half: sends its log over the bus, and believes what Postgres says about it.

The state of this process is where it has sent up to (`sent`), and that may be lost at any moment: at the start it is
read from the newest message under the outbox's own subject, and every word of the centre and every refusal of the
server may set it back. Nothing is deleted here and nothing is decided; the position that the centre tells is compared
with the log by the rules of the direct relay (`position.check_fits`), so that a copy of the file is refused before it
writes.

That a frame is stored is a hint. Who notices that it is lost? The centre, if later frames come: it asks (`want`). If
none do, this host: when nothing was applied for a while it looks whether its newest message is still there. If it is
not, it sends again from the position. If it is, the centre may be away, and a single frame is sent again now and
then: a centre that passed it by without having it takes it up, and one that is away has not missed much.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from outbox import EventNotFound, Outbox, OutboxCorrupt
from outbox.relaying import failpoints
from worker.apply.position import Position, check_fits, check_same
from worker.bus.frames import EVENTS, RAW_BYTES, FrameRefused, Message, head_of, pack
from worker.bus.link import BusAway, BusRefused, Link, Stale
from worker.bus.word import Word, decode
from worker.errors import TargetRefused, WorkerError
from worker.faults.outage import Interrupted, Patience
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
NO_DECISIONS = (
    "a decision was made about an event that is to be sent, and decisions do not travel over the bus",
    "deliver this outbox directly once: stop `worker forward`, run `worker drain` with a connection string",
)


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
        self._parked = 0
        self._heard = 0  # number of the newest word
        self._moved_at = clock()  # when something was applied, sent for the first time, or looked after
        self._silence = options.silent_seconds
        self._is_silent = False  # and an outage is noted for it
        self._hear_at = clock()
        self._one_only = False  # one frame was sent again, and what becomes of it is waited for
        self._look = FIRST_LOOK_SECONDS
        self._noted = ("", 0.0)

    def run(self) -> None:
        """Send until told to stop."""
        retrying = Retrying(
            retry=retry_if_exception_type(Interrupted),
            wait=self._patience.wait,
            sleep=self._waker.sleep,
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
        remembered = self._box.relay.position
        self._heard = self._last = self._sent = 0
        self._applied = None
        if remembered is not None:
            self._applied = Position(
                destination_id=remembered.destination_id,
                seq=remembered.applied_seq,
                event_id=remembered.applied_event_id,
            )
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
        if self._sent > self._done or self._clock() >= self._hear_at:
            self._hear()
            self._look_after()
        if self._may_send() and self._send():
            return
        if not self._is_silent:
            self._patience.progressed()
            told = f"{self._parked} events are parked in the database (docs/fleet.md)" if self._parked else None
            self._note("draining" if self._done < self._box.last_seq else "following", told)
        waits = self._sent > self._done
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
        self._applied, self._parked = word.position, word.parked
        if before is None or before.seq != word.seq:
            self._moved_at, self._silence = self._clock(), self._options.silent_seconds
            self._one_only = self._one_only and (before is None or word.seq < before.seq)
            self._look, self._is_silent = FIRST_LOOK_SECONDS, False
            if before is not None and word.seq > before.seq:
                self._options.meter.applied(word.seq - before.seq, 0.0)
        remembered = self._box.relay.position
        if remembered is None or (remembered.destination_id, remembered.applied_seq) != (word.destination, word.seq):
            with best_effort(self._box):
                self._box.relay.remember_position(word.destination, word.seq, word.event_id)
        went_back = before is not None and word.seq < before.seq
        if word.want is not None or went_back:
            self._rewind("it asks for them" if word.want is not None else "the database went back")
        self._sent = max(self._sent, word.seq)

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
        decisions = self._box.decisions()
        if any(decisions.of(event.seq) is not None for event in events):
            raise TargetRefused(NO_DECISIONS[0], remedy=NO_DECISIONS[1], kind="decisions_do_not_travel")
        if self._sent == self._done:
            self._moved_at = self._clock()
        try:
            for number, message in enumerate(pack(events, after=after, before=self._id_at(after)), 1):
                if failpoints.armed:
                    failpoints.reach(f"forward.{events[0].seq}.{number}")
                self._last = self._link.publish_after(self._box.outbox_id, message, self._last)
        except Stale:
            self._log.warning("forward.behind", reason="another message came last under this outbox: read anew")
            self._resume()
            self._waker.wait_for_news(random.uniform(0.01, 0.2))  # noqa: S311 - two that take turns must not stay in step
            return True
        self._sent = events[-1].seq
        self._look = FIRST_LOOK_SECONDS
        self._log.info("forward.frame_sent", first=after + 1, last=self._sent, applied=self._done)
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
