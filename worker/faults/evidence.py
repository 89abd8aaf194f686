"""Whose fault a refusal is, where its code alone does not tell: what else the database takes decides.

A trigger or an extension may raise any SQLSTATE, so the code that says "the login is refused" may be about one title.
And a code that says "a value is missing" may be about a column that no event fills. So before an event is charged, and
before everything is held for one refusal, the database is asked, on the connection that was just refused:

1. Does it hide rows from us, or hand out keys that are taken? Then it is the environment's, not the event's.
2. Does the connection answer? Then nobody was refused a login, no server was shut down, whatever the code says.
3. Was it raised by the owner's code in so many words (RAISE)? Then it is a judgement on this row.
4. Do its neighbours go through? Events of the same type that follow are rehearsed: applied, checked and rolled back.
   One that goes through settles it, three that are refused alike do as well. For lack of room or time a neighbour must
   be as large as the event itself.
5. Did a function of the owner's fail (a right, a table, a function that it lacks), and nobody vouches for the others?
   Then rows are made up and rehearsed: where they go through, it fails for this row alone.

What is one event's own after that is parked like any other poison, five alike are held by `epidemic`. What no neighbour
vouches for stays what its code says: it is held or waited out, and an operator can set it aside by hand.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import psycopg

from outbox import Event, OutboxError
from outbox.relaying import Log
from worker.apply import obstacles
from worker.apply.obstacles import Obstacle
from worker.apply.position import Position
from worker.apply.projection import Batch
from worker.apply.queries import query
from worker.carry.exchange import Exchange
from worker.connect.connection import Connection
from worker.connect.deadline import deadline
from worker.errors import DependencyFault, KeptAsItWas, WorkerError
from worker.faults.frames import frames_of
from worker.faults.parking import ParkedList
from worker.faults.verdict import Judgement, Verdict, where

NEIGHBOURS = 4
LOOKED_AT = 200
# So many neighbours refused alike, and it is not about this one event.
ALIKE = 3
# Claims that a connection which answers disproves: the login, the server, the line.
_DISPROVED = frozenset({"08", "28", "57"})
_DISPROVED_CODES = frozenset({"3D000", "25P03", "25P04", "40003"})
# Lack of room or time: it may strike large events alone.
CANCELED = "57014"
_SIZE_MATTERS = frozenset({"53", "58", CANCELED, "54"})
READ_ONLY = "25006"
_OF_STANDBYS = frozenset({"read-only", "standby", "prefer-standby"})
_BY_LOGIN = frozenset({"user", "database user"})
# Waits for somebody else's transaction: what neighbours do proves nothing.
_OTHERS_WAIT = frozenset({"55P03", "40P01"})


def is_gone(connection: Connection, error: BaseException) -> bool:
    """Whether the session is over: lost, or ended by the server."""
    severity = getattr(getattr(error, "diag", None), "severity_nonlocalized", None)
    return connection.closed or severity in {"FATAL", "PANIC"}


@dataclass(slots=True)
class Evidence:
    """Asks the database before anybody is blamed.

    Attributes:
        made_up: rehearses rows that are nobody's; whether they go through (`rehearse`).
        wary: whether events may not be touched but those in hand; see `suspects`.
        passed: sizes of the events that went through since the search began, by type.
        unfit: neighbours that ended the session when they were rehearsed; they are asked no more.
    """

    box: Log
    exchange: Exchange
    parked: ParkedList
    made_up: Callable[[Connection, Event], bool]
    wary: Callable[[], bool] = lambda: False
    passed: dict[str, int] = field(default_factory=dict)
    unfit: set[int] = field(default_factory=set)

    def search_began(self) -> None:
        """Another batch is searched for a culprit: what went through before it failed proves nothing."""
        self.passed.clear()

    def went_through(self, events: list[Event]) -> None:
        """These were applied after the batch that is searched had failed."""
        for event in events:
            self.passed[event.type] = max(self.passed.get(event.type, 0), len(event.payload_json))

    def weigh(
        self, connection: Connection, event: Event, error: Exception, judgement: Judgement, position: Position
    ) -> Judgement:
        """Say whose fault it is that this event is refused, alone and again, on a connection that works.

        Returns:
            POISON: its own. Else what the code says, with what is known to stand in the way.
        """
        with deadline(connection, self.exchange.patience_with_an_answer):
            return self._weighed(connection, event, error, judgement, position)

    def _weighed(
        self, connection: Connection, event: Event, error: Exception, judgement: Judgement, position: Position
    ) -> Judgement:
        found = self._obstacle(connection, error) or self._unchosen(connection, event, error, position)
        if found is not None:
            return replace(
                judgement,
                verdict=Verdict.ENVIRONMENT,
                reason=str(found),
                kind=found.kind,
                remedy=found.remedy,
                command=None,
            )
        if judgement.verdict is not Verdict.POISON:
            if not self._is_its_own(connection, event, error, judgement, position):
                return explained(connection, error, judgement)
            words = f"the database refuses this event and takes others{where(error, judgement.sqlstate or '')}"
            judgement = replace(judgement, verdict=Verdict.POISON, reason=words)
        return named(connection, error, judgement)

    def _obstacle(self, connection: Connection, error: Exception) -> Obstacle | None:
        """What in the database makes it refuse this, and would make it refuse others like it."""
        if isinstance(error, DependencyFault):
            return obstacles.hidden(connection, error.table)
        if isinstance(error, KeptAsItWas):
            rules = obstacles.about(connection, "rules_for_all")
            return obstacles.hidden(connection, error.table) or next(
                (one for one in rules if one.table == error.table), None
            )
        if not isinstance(error, psycopg.Error) or frames_of(error).functions:
            return None
        table = error.diag.table_name or ""
        if error.sqlstate == "23505":
            key = error.diag.constraint_name or ""
            behind = obstacles.behind(connection, key)
            return behind[0] if behind else obstacles.handed_out(connection, key) or obstacles.hidden(connection, table)
        if error.sqlstate == "23502":
            columns = obstacles.about(connection, "required_columns")
            column = f"{error.diag.schema_name}.{table}.{error.diag.column_name} "
            return next((one for one in columns if column in one.what), None)
        return None

    def _unchosen(self, connection: Connection, event: Event, error: Exception, position: Position) -> Obstacle | None:
        """A key that no event sets and that is taken for everybody: by a default or a trigger that repeats itself."""
        if not isinstance(error, psycopg.errors.UniqueViolation) or frames_of(error).functions:
            return None
        found = obstacles.unchosen(connection, error.diag.constraint_name or "")
        if found is None or self.made_up_pass(connection, event):
            return None
        others = self.neighbours(event, position)
        return None if any(self.refused_with(connection, one, position) is None for one in others) else found

    def _is_its_own(
        self, connection: Connection, event: Event, error: Exception, judgement: Judgement, position: Position
    ) -> bool:
        state = judgement.sqlstate or ""
        deliberate = frames_of(error).deliberate
        if state in _OTHERS_WAIT and not deliberate:
            return False
        # A statement that was canceled long before its time was up was not too slow, whatever its size.
        in_time = state == CANCELED and 2000 * self.exchange.seconds < self.exchange.limits.statement_timeout_ms
        size_matters = not deliberate and not in_time and bool(_SIZE_MATTERS & {state, state[:2]})
        least = len(event.payload_json) if size_matters else 0
        if self.passed.get(event.type, -1) >= least:
            return True
        alike = 0
        for one in self.neighbours(event, position):
            if len(one.payload_json) < least:
                continue
            sqlstate = self.refused_with(connection, one, position)
            if sqlstate is None:
                return True
            alike += sqlstate == state
        if judgement.verdict in {Verdict.CONTENTION, Verdict.OVERLOAD} or alike >= ALIKE:
            return False
        if deliberate or state[:2] in _DISPROVED or state in _DISPROVED_CODES:
            return True
        return not least and bool(frames_of(error).functions) and self.made_up_pass(connection, event)

    def made_up_pass(self, connection: Connection, event: Event) -> bool:
        """Whether rows that are made up go through, of events of this type; for want of neighbours."""
        with deadline(connection, self.exchange.patience_with_an_answer):
            return self.made_up(connection, event)

    def neighbours(self, event: Event, position: Position) -> Iterator[Event]:
        """Events of its type that wait for nothing, each of another aggregate, a few."""
        if self.wary():
            return
        after = max(event.seq, position.seq)
        following = self.box.read(after=after, limit=LOOKED_AT, event_type=event.type)
        free, _ = self.parked.sort_out(following)
        seen = {event.aggregate_id}
        for one in free:
            if one.aggregate_id in seen or event.aggregate_id in one.refs or one.seq in self.unfit:
                continue
            seen.add(one.aggregate_id)
            yield one
            if len(seen) > NEIGHBOURS:
                return

    def refused_with(self, connection: Connection, event: Event, position: Position) -> str | None:
        """Rehearse an event: None if it goes through, else the SQLSTATE; empty if there is none."""
        try:
            self.exchange.apply(connection, Batch(apply=self.exchange.decode([event]), keep=False), position)
        except (psycopg.Error, WorkerError, OutboxError, UnicodeEncodeError) as error:
            if is_gone(connection, error):
                self.unfit.add(event.seq)
                raise
            return getattr(error, "sqlstate", None) or ""
        return None


def explained(connection: Connection, error: BaseException, judgement: Judgement) -> Judgement:
    """Add what is known to stand in the way to a judgement that holds everything; the connection must be alive."""
    if judgement.sqlstate == READ_ONLY:
        return read_only(connection, judgement)
    if judgement.verdict is not Verdict.ENVIRONMENT:
        return judgement
    judgement = named(connection, error, judgement)
    try:
        found = obstacles.find(connection)
    except psycopg.Error:
        return judgement
    if not found:
        return judgement
    return replace(judgement, reason=f"{judgement.reason}; {'; '.join(str(one) for one in found[:2])}")


def read_only(connection: Connection, judgement: Judgement) -> Judgement:
    """A disk that is full and a failover pass; what the connection string or somebody asked for this login does not."""
    try:
        row = connection.execute(query("relay", "read_only_by")).fetchone()
    except psycopg.Error:
        return judgement
    if row is None:
        return judgement
    standby, source, login = row
    asked = connection.info.get_parameters().get("target_session_attrs", "any")
    if standby and asked in _OF_STANDBYS:
        words = f"target_session_attrs={asked} of the connection string leads to a standby, which takes no writes"
        remedy = "write target_session_attrs=read-write"
    elif source == "client":
        words = "the connection string or PGOPTIONS asks for transactions that only read"
        remedy = "take default_transaction_read_only out of its `options`"
    elif source in _BY_LOGIN:
        words = f"the transactions of {login} only read"
        within = "" if source == "user" else " in database …"
        remedy = f'alter role "{login}"{within} reset default_transaction_read_only'
    else:
        return judgement
    return replace(
        judgement,
        verdict=Verdict.ENVIRONMENT,
        reason=words,
        kind="read_only",
        remedy=remedy,
        command=None,
    )


def named(connection: Connection, error: BaseException, judgement: Judgement) -> Judgement:
    """Name the triggers that a refusal came from, where the error tells the function and the catalogue the rest."""
    try:
        if isinstance(error, KeptAsItWas):
            found = [*obstacles.keepers(connection, error.table)]
            return replace(judgement, reason=f"{judgement.reason} ({', '.join(found)})") if found else judgement
        functions = frames_of(error).functions
        triggers = obstacles.triggers_of(connection, functions[-1]) if functions else []
    except psycopg.Error:
        return judgement
    return replace(judgement, reason=f"{judgement.reason} (trigger {', '.join(triggers)})") if triggers else judgement
