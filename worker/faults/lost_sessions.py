"""Finds the event that ends the session: whenever it is applied the connection is lost, and works for everything else.

A trigger may terminate its own session, an extension may crash the server. To the relay either looks like an outage,
and it would try the same event again for ever. A lost connection alone proves nothing: an administrator, a restart, a
failover or a proxy ends sessions as well. So an event is charged only if all of this was seen:

1. It was alone in hand, and the session was lost within seconds, `TRIES` times in a row. A session that ends after a
   long wait may have been ended for the wait.
2. The server ran on between the losses: the time of its start is the same. It said itself that it ended the session,
   or it crashed: its statistics start again after a crash, and only then. If neither is so, the line was cut on the
   way, which is no event's fault, however often it happens.
3. Others go through on the same conditions. Before every second try, and before the verdict, its neighbours (or, where
   there are none, rows made up by `rehearse`) are applied in this session and rolled back. The other tries come first
   in their session, so nothing that ends a session after so many statements can be taken for the event.

If the others do not go through, the losses until then prove nothing: the search begins anew. It may have been a moment
in which somebody held their rows, so there is no other end to it.

Connections that were lost at different events, or at different speeds, charge nobody. Until there is a verdict the
next session is begun soon: there is no outage to wait for. If the others did not go through, it is waited for like one.
"""

from dataclasses import dataclass, replace
from itertools import cycle, islice

import psycopg

from outbox import Event
from worker.apply.position import Position
from worker.apply.queries import query
from worker.carry.exchange import Exchange
from worker.connect.connection import Connection
from worker.connect.deadline import deadline
from worker.faults.evidence import Evidence, named
from worker.faults.verdict import where
from worker.judgement import Judgement, Verdict

TWICE = 2
TRIES = 6
# So often do others go through before a control holds; so many that end the session as well, and it is not this one.
CONTROLS = 4
LOST_CONTROLS = 3
PROMPT_SECONDS = 5.0
# Another session crashed the server; a pooler or the line failed: the server has not said that it ended this session.
_NOT_OF_THE_SERVER = frozenset({"08", "57P02"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    """Which run of a server answers.

    Attributes:
        started: when it was started.
        recovered: when its statistics started again, which they do after a crash.
    """

    started: object
    recovered: object


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loss:
    """A session that ended while the event was in hand."""

    error: BaseException
    judgement: Judgement

    @property
    def told(self) -> bool:
        """Whether the server itself said that it ended the session."""
        state = self.judgement.sqlstate
        return state is not None and not _NOT_OF_THE_SERVER & {state, state[:2]}


@dataclass(slots=True)
class LostSessions:
    """Counts the sessions that ended while one event was in hand, and weighs them.

    Args:
        exchange: with the database.
        evidence: names neighbours, and rehearses them.
    """

    exchange: Exchange
    evidence: Evidence
    _seq: int | None = None
    _count: int = 0
    _counts_from: int = 0  # what was lost before the others last failed to go through is no evidence
    _last: _Loss | None = None
    _is_new: bool = False  # the last loss was not counted yet
    _server: _Server | None = None
    _crashed: bool = False
    _lost_controls: int = 0
    _may_tell: bool = True  # whether the others went through when they were tried last

    def lost(self, event: Event, error: BaseException, judgement: Judgement) -> Judgement:
        """Note that the session ended while this event alone was in hand.

        Returns:
            The judgement, with what an operator can do where this has become a pattern.
        """
        if event.seq != self._seq:
            self._begin(event.seq)
        if self.exchange.seconds > PROMPT_SECONDS:
            self._begin(None)
            return judgement
        self._last, self._is_new = _Loss(error=error, judgement=judgement), True
        if self._count < TWICE:
            return judgement
        return replace(
            judgement,
            reason=f"{judgement.reason}, each time event {event.seq} is applied: `outbox parked park {event.seq} "
            "--reason …` sets it aside",
        )

    def is_suspect(self, seq: int) -> bool:
        """Whether the session ended the last time that this event was tried, alone."""
        return seq == self._seq

    @property
    def is_searching(self) -> bool:
        """Whether the next session is to begin soon: there is no outage to wait for, and it may bring a verdict."""
        return self._last is not None and self._may_tell and (self._last.told or self._count > 0)

    def before(self, connection: Connection, event: Event, position: Position) -> Judgement | None:
        """Weigh what is known of an event, before it is tried alone.

        Returns:
            POISON if it ends sessions and others do not; None if it is to be tried.

        Raises:
            psycopg.Error: the session ended while others were tried.
        """
        if event.seq != self._seq:
            return None
        self._take_in(connection)
        seen = self._count - self._counts_from
        if self._last is None or not seen or seen % 2:
            return None
        self._may_tell = self._others_pass(connection, event, position)
        if not self._may_tell:
            self._search_anew()
        if not self._may_tell or seen < TRIES:
            return None
        return self._verdict(connection, self._last)

    def went_through(self) -> None:
        """Something was applied: whatever was counted is over."""
        self._begin(None)

    def _begin(self, seq: int | None) -> None:
        self._seq, self._count, self._last, self._is_new, self._server = seq, 0, None, False, None
        self._crashed, self._may_tell = False, True
        self._search_anew()

    def _search_anew(self) -> None:
        """Nothing that was seen so far is evidence any more; how often the event lost the session is still told."""
        self._counts_from, self._lost_controls = self._count, 0

    def _take_in(self, connection: Connection) -> None:
        """Say what became of the server since the last try; the first loss only gives the time to count from."""
        last, before = self._last, self._server
        with deadline(connection, self.exchange.patience_with_an_answer):
            started, recovered = connection.execute(query("relay", "server_run")).fetchone() or (None, None)
        self._server = now = _Server(started=started, recovered=recovered)
        if last is None or before is None or not self._is_new:
            return
        self._is_new = False
        crashed = before.recovered != now.recovered
        if before.started != now.started or crashed is last.told:
            self._count = self._counts_from = 0  # restarted; cut on the way; or somebody else crashed it meanwhile
            return
        self._crashed = crashed
        self._count += 1

    def _others_pass(self, connection: Connection, event: Event, position: Position) -> bool:
        try:
            passing = [
                one
                for one in self.evidence.neighbours(event, position)
                if self._lost_controls < LOST_CONTROLS and self.evidence.refused_with(connection, one, position) is None
            ]
            if not passing:
                return self.evidence.made_up_pass(connection, event)
            again = islice(cycle(passing), max(0, CONTROLS - len(passing)))
            return all(self.evidence.refused_with(connection, one, position) is None for one in again)
        except psycopg.Error:
            self._lost_controls += 1
            if self._lost_controls > LOST_CONTROLS:
                self._may_tell = False
                self._search_anew()
            raise

    def _verdict(self, connection: Connection, last: _Loss) -> Judgement:
        state = last.judgement.sqlstate
        what = "the server crashes" if self._crashed else "the server ends the session"
        reason = f"{what} each time this event is applied, and takes others{where(last.error, state or '')}"
        return named(connection, last.error, Judgement(verdict=Verdict.POISON, sqlstate=state, reason=reason))
