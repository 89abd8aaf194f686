"""Deliberate bugs, one each, that the simulation has to catch: what it does not catch it does not prove.

Every one is a change of a few words in the code itself, such as a hurried hand might make. The text that is changed
must be there exactly once; when the code moves on, the mutant has to follow.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Change:
    """A piece of a module's text, and what stands there instead."""

    module: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug.

    Attributes:
        name: for the command line.
        what: the bug, in words.
        changes: that make it.
        bus: whether it is looked for over the bus.
    """

    name: str
    what: str
    changes: tuple[Change, ...]
    bus: bool = False


def _mutant(name: str, what: str, module: str, before: str, after: str, *more: tuple[str, str, str]) -> Mutant:
    return Mutant(name, what, (Change(module, before, after), *(Change(*one) for one in more)))


def _over_the_bus(name: str, what: str, module: str, before: str, after: str, *more: tuple[str, str, str]) -> Mutant:
    return replace(_mutant(name, what, module, before, after, *more), bus=True)


MUTANTS = (
    # exactly once, in order
    _mutant(
        "position-outside", "the position moves in a transaction of its own, after the effects",
        "worker.apply.projection",
        "                send_position(connection, outbox_id, position, batch.to)\n"
        "            send_parked(connection, batch, outbox_id)\n            if beside is not None and batch.keep:\n"
        "                beside(connection, batch)\n            _send_end(connection, keep=batch.keep)",
        "                pass\n            send_parked(connection, batch, outbox_id)\n"
        "            _send_end(connection, keep=batch.keep)\n            if batch.to is not None:\n"
        "                send_position(connection, outbox_id, position, batch.to)",
    ),
    _mutant(
        "position-first", "the position is committed before the effects",
        "worker.apply.projection",
        "        with trip():\n            send_tags(connection, changes)\n",
        "        if batch.to is not None:\n            send_position(connection, outbox_id, position, batch.to)\n"
        "            connection.execute('commit')\n"
        "        with trip():\n            send_tags(connection, changes)\n",
    ),
    _mutant(
        "position-not-compared", "the locked position is not compared with the one that the batch was read from",
        "worker.apply.projection", "require(locked.fetchone(), position)", "locked.fetchone()",
    ),
    _mutant(
        "half-before-position", "the second half's rows are committed before the position says that the first is through",
        "worker.carry.second_lane",
        "                self._locked = lock_position(connection, self._box.outbox_id)\n",
        "                self._locked = lock_position(connection, self._box.outbox_id)\n"
        "                connection.execute('commit')\n",
    ),
    _mutant(
        "position-remembered", "after a reconnect the relay goes on from what the outbox file remembers",
        "worker.apply.position",
        "position = Position(destination_id=destination_id, seq=int(str(seq)), event_id=_as_uuid(event_id))",
        "position = Position(destination_id=destination_id, seq=remembered.applied_seq if remembered else int(str(seq)), "
        "event_id=remembered.applied_event_id if remembered else _as_uuid(event_id))",
    ),
    _mutant("read-from", "reading after a seq includes it", "outbox.log.log", 'where = "seq > ?"', 'where = "seq >= ?"'),
    _mutant(
        "skips-one", "reading after a seq leaves out the next",
        "outbox.log.log", "values: list[int | str] = [after]", "values: list[int | str] = [after + (after > 3)]",
    ),
    _mutant(
        "ahead-unasked", "what was read ahead is taken although the batch before it failed",
        "worker.carry.ahead", "if not at_hand or self._asked != (after, limit):", "if not at_hand:",
    ),
    _mutant(
        "newest-first", "a batch is folded from its end",
        "worker.apply.fold", "        for item in batch:\n            try:", "        for item in reversed(list(batch)):\n            try:",
    ),
    _mutant(
        "metadata-replaced", "metadata is replaced within a batch, not merged",
        "worker.apply.fold", "{**draft.values[column], **values[column]}", "values[column]",
    ),
    _mutant(
        "old-id-reused", "ids follow the clock wherever it goes",
        "outbox.catalogue.ids", "    if now_ms > previous_ms:", "    if now_ms != previous_ms:",
    ),
    _mutant(
        "patch-swallowed", "a patch that was said before the newest whole state is taken for known",
        "outbox.log.log",
        "    if draft.contract.patches and STATE_SLOT in said and said[STATE_SLOT][0] > seq:\n        return False\n", "",
    ),
    # parking
    _mutant(
        "dependants-not-held", "what refers to a parked event is not held",
        "worker.faults.parking", "for one in (event.aggregate_id, *event.refs):", "for one in (event.aggregate_id,):",
    ),
    _mutant(
        "successors-not-held", "what follows a parked event of its own aggregate is not held",
        "worker.faults.parking", "for one in (event.aggregate_id, *event.refs):", "for one in event.refs:",
    ),
    _mutant(
        "chain-not-held", "what depends on a held event is not held",
        "worker.faults.parking", "            waiting.setdefault(event.aggregate_id, behind)\n            passed.append(", "            passed.append(",
        ("worker.faults.parking", "self._last_of[row.aggregate_id] = row.seq\n            before", "before"),
    ),
    _mutant(
        "held-too-many", "everything after a parked event is held",
        "worker.faults.parking", "behind = self._behind(event, waiting)", "behind = next(iter(self._rows), None)",
    ),
    _mutant(
        "login-hammered", "a refused login is tried as often as whatever else needs a person",
        "worker.run.relay", "at_login=judgement.kind == LOGIN_REFUSED", "at_login=False",
    ),
    _mutant(
        "neighbour-blamed", "the first event of a refused batch is parked, no matter which one is at fault",
        "worker.faults.failures",
        "        elif count > 1 and not isinstance(failed.error, EventFault):\n"
        "            self.size.suspect(failed.events[-1].seq, count)\n        elif count > 1:",
        "        elif count > 1 and isinstance(failed.error, EventFault):",
    ),
    _mutant(
        "outage-charged", "a database that is read-only for a while is the event's fault",
        "worker.faults.verdict", '"25006": (Verdict.OUTAGE,', '"25006": (Verdict.POISON,',
        ("worker.faults.failures", "        else:\n            return self._park(connection, failed, judgement)",
         "        else:\n            self.park(connection, failed.events[0], judgement, failed.position, attempts=2)\n"
         "            return failed.events[0]"),
    ),
    _mutant(
        "overload-charged", "a statement that took too long is the event's fault",
        "worker.faults.verdict", '"57014": (Verdict.OVERLOAD,', '"57014": (Verdict.POISON,',
        ("worker.faults.failures", "        else:\n            return self._park(connection, failed, judgement)",
         "        else:\n            self.park(connection, failed.events[0], judgement, failed.position, attempts=2)\n"
         "            return failed.events[0]"),
    ),
    _mutant(
        "code-believed", "a code that nobody knows holds everything, no matter which event it is about",
        "worker.faults.verdict", "UNKNOWN = (Verdict.POISON,", "UNKNOWN = (Verdict.ENVIRONMENT,",
        ("worker.faults.evidence", "        if self.passed.get(event.type, -1) >= least:\n            return True\n", "        return False\n"),
    ),
    _mutant(
        "effect-unseen", "a statement without an error is taken for one that had its effect",
        "worker.apply.projection", '    for name, values in checks:\n        connection.execute(query("projection", name), values)\n', "",
    ),
    _mutant(
        "hidden-is-missing", "a row that a policy hides is taken for one that does not exist",
        "worker.faults.evidence",
        "        if isinstance(error, DependencyFault):\n            return obstacles.hidden(connection, error.table)\n", "",
    ),
    _mutant(
        "key-charged", "an event is charged for a key that a sequence chose",
        "worker.faults.evidence",
        "            return behind[0] if behind else obstacles.handed_out(connection, key) or obstacles.hidden",
        "            return obstacles.hidden",
    ),
    _mutant(
        "session-charged", "an event is charged for sessions that ended by chance, as they do on a line that is cut",
        "worker.faults.lost_sessions",
        "        if before.started != now.started or crashed is last.told:\n",
        "        if before.started != now.started:\n",
        ("worker.faults.lost_sessions", "TRIES = 6\n", "TRIES = 2\n"),
        ("worker.faults.lost_sessions", "        if last is None or before is None or not self._is_new:\n", "        if last is None or not self._is_new:\n"),
        ("worker.faults.lost_sessions", "        crashed = before.recovered != now.recovered\n", "        crashed, before = True, now\n"),
    ),
    _mutant(
        "contention-charged", "a deadlock is the event's fault",
        "worker.faults.verdict", '"40P01": (Verdict.CONTENTION,', '"40P01": (Verdict.POISON,',
        ("worker.faults.failures", "        else:\n            return self._park(connection, failed, judgement)",
         "        else:\n            self.park(connection, failed.events[0], judgement, failed.position, attempts=2)\n"
         "            return failed.events[0]"),
    ),
    _mutant(
        "attempts-counted-twice", "an event that is refused again is charged twice",
        "worker.faults.failures", "attempts=row.attempts + 1 if", "attempts=row.attempts + 2 if",
    ),
    _mutant(
        "released-unordered", "the newest released events are taken up first",
        "worker.faults.parking", "return self._ready[:limit]", "return self._ready[::-1][:limit]",
    ),
    _mutant(
        "released-unchecked", "a released event is applied although one before it waits",
        "outbox.notes.parked", "    if behind is None:\n        return ParkedState.RELEASING", "    if True:\n        return ParkedState.RELEASING",
    ),
    _mutant(
        "held-forgotten", "what was held behind a resolved event stays held",
        "outbox.notes.parked", "    if behind is None:\n        return ParkedState.RELEASING", "    if behind is None and row.blamed:\n        return ParkedState.RELEASING",
    ),
    _mutant(
        "discard-applied", "a discarded event is applied all the same",
        "outbox.notes.decisions", "        if found.discarded:\n            return None\n", "",
    ),
    _mutant(
        "edit-ignored", "an edited event is applied as it was",
        "outbox.notes.decisions", "return event if found.payload_json is None else", "return event if True else",
    ),
    _mutant(
        "decisions-forgotten", "a database that went back gets events as they were said, not as was decided",
        "worker.faults.parking", "applied = self.decisions.as_decided(event)", "applied = event",
    ),
    _mutant(
        "parked-not-restored", "what the database knows to be parked and the file does not stays unknown",
        "worker.faults.parking", "for seq, facts in passed.items() if seq <= position.seq", "for seq, facts in passed.items() if seq in self._view.shown",
    ),
    _mutant(
        "killer-never-found", "a worker does not notice that the one before it died",
        "worker.faults.suspects", "self._wary = wary or bool(box.attempts.unfinished())", "self._wary = False",
    ),
    _mutant(
        "ahead-while-wary", "the next events are touched while a death is looked into",
        "worker.run.relay", "if not self._suspects.wary:", "if True:",
    ),
    _mutant("killer-at-once", "one death is proof enough", "worker.faults.suspects", "STARTS = 3", "STARTS = 1"),
    # the right target
    _mutant(
        "older-file-taken", "a file that ends before the position is delivered",
        "worker.apply.position", "    if position.seq > last_seq:", "    if False:",
    ),
    _mutant(
        "cloned-file-taken", "a file with another event at the position is delivered",
        "worker.apply.position",
        "    if position.event_id is not None and local.event_id != position.event_id:", "    if False:",
    ),
    _mutant(
        "pruned-gap-taken", "a database that went back behind what was pruned gets what is left",
        "worker.apply.position", "    if position.seq + 1 < box.relay.pruned_below:", "    if False:",
    ),
    _mutant(
        "parked-and-pruned", "an event that is parked in a database that went back, and pruned here, is passed over in silence",
        "worker.faults.parking", "                if seq < self._box.relay.pruned_below:", "                if False:",
    ),
    _mutant(
        "view-believed", "a session goes on with the list of the file, whatever the database has",
        "worker.faults.parking", "for seq, facts in passed.items() if seq <= position.seq", "for seq, facts in passed.items() if False",
    ),
    _mutant(
        "decision-unheard", "a decision is not heard before the next session",
        "worker.faults.parking", "        news = self.decisions.take_in()\n", "        news = set()\n",
    ),
    _mutant(
        "released-stay-listed", "what was taken up stays on the list of the database",
        "worker.apply.projection", "if resolved := [seq for seq in batch.released if seq not in again]:", "if resolved := []:",
    ),
    # durable and atomic
    _mutant(
        "rename-before-fsync", "a file is published while its fsync goes on",
        "outbox.files.publish", "        try:\n            file.staged.sync.wait()\n", "        try:\n            pass\n",
    ),
    _mutant(
        "recovery-not-synced", "recovery publishes what a dead process staged without having synced it",
        "outbox.files.recovery", "    durable.sync_file(temp)\n", "",
    ),
    _mutant(
        "directory-not-synced", "the name of a published file is not made durable",
        "outbox.files.publish", "            durable.sync_directory(directory)\n", "            pass\n",
    ),
    _mutant(
        "rename-before-commit", "a file is published before its event is committed",
        "outbox.files.publish",
        "        appended = _commit(connection, gate, unit, now, settled, newest)\n        refused = _rename(unit.root, moving)",
        "        refused = _rename(unit.root, moving)\n        appended = _commit(connection, gate, unit, now, settled, newest)",
    ),
    _mutant(
        "commits-not-synced", "the log is not synced at every commit",
        "outbox.log.database", '"pragma synchronous = full"', '"pragma synchronous = normal"',
    ),
    _mutant(
        "recovery-lazy", "recovery notes a file as published without looking",
        "outbox.files.recovery", "    if found == file.sha256:\n", "    if found == file.sha256 or True:\n",
    ),
    _mutant(
        "recovery-sweeps-first", "recovery sweeps what it should publish",
        "outbox.files.recovery", "        outcomes = [", "        [_sweep(directory) for directory in dead]\n        outcomes = [",
        ("outbox.files.recovery", "        data = _from_event(connection, file)", "        data = None"),
    ),
    _mutant(
        "recovery-overwrites", "recovery replaces what a person wrote",
        "outbox.files.recovery", '        return "conflict"', "        pass",
    ),
    _mutant(
        "person-overwritten", "a generator replaces what a person wrote",
        "outbox.files.unit", "            if found == sha256 or overwrite or not self._changed_by_hand(path, found):", "            if True:",
    ),
    _mutant(
        "living-swept", "recovery takes a living process's files for those of a dead one",
        "outbox.files.staging", "    if host.try_lock(fd):\n        return fd\n    os.close(fd)\n    return None",
        "    host.try_lock(fd)\n    return fd",
    ),
    _mutant(
        "lock-name-lost", "a staging directory without its lock, as a power loss leaves it, has no owner",
        "outbox.files.staging",
        "                fd = host.open_file(directory / _OWNER_LOCK, os.O_RDWR | os.O_CREAT)\n"
        "                return _locked(fd)\n",
        "                pass\n",
    ),
    # hands win, and outboxes that share a CONTENT_ROOT
    _mutant(
        "return-not-noted", "nobody writes down that a unit has returned",
        "outbox.files.publish", "        unit.staging.published(temp for _, temp in published)\n", "        pass\n",
    ),
    _mutant(
        "return-noted-early", "a unit is said to have returned before its files are in place",
        "outbox.files.publish", '    _sync_staged(unit)\n    reach("unit.staged")',
        "    _sync_staged(unit)\n    unit.staging.published(file.temp for file in unit.files.values() if file.temp)\n"
        '    reach("unit.staged")',
    ),
    _mutant(
        "return-believed", "recovery believes of every unit that it had returned",
        "outbox.files.recovery", "    if number_of(file.temp) <= returned.get(_owner(file), 0):", "    if True:",
    ),
    _mutant(
        "note-swept-on-a-full-disk", "who cannot note in the log that its files are published takes the other note along",
        "outbox.outbox", "                        self._staging.abandon()\n                self._settled", "                        pass\n                self._settled",
    ),
    # proof before deletion
    _mutant(
        "pruned-unproven", "events are pruned as soon as they are in the log",
        "outbox.ops.prune", "limits = [(proven,", "limits = [(last,",
        ("outbox.ops.prune", "return [_proven(box, parked), *(", "return [*("),
        ("outbox.ops.prune", "found.below_seq, *_still_allowed(box))", "found.below_seq, *_still_allowed(box), 10**9)"),
    ),
    _mutant(
        "parked-pruned", "a parked event is pruned",
        "outbox.ops.prune", "    if parked is not None:", "    if False:",
        ("outbox.ops.prune", "[] if parked is None else [parked]", "[]"),
        ("worker.proof.verify", "        if parked:\n            result.compared_to", "        if False:\n            result.compared_to"),
    ),
    # operators: replays, decisions, restores of either store
    _mutant(
        "replay-keeps-list", "a replay leaves parked what it reads again: that is held behind itself",
        "worker.run.replay",
        '        connection.execute(query("relay", "forget_beyond"), {"outbox_id": box.outbox_id})\n', "",
    ),
    _mutant(
        "retry-forgets-edit", "a retry after an edit applies the event as it was said",
        "outbox.notes.decisions", "        payload = before.payload_json if before is not None else None",
        "        payload = None",
    ),
    _mutant(
        "replay-takes-parked", "a replay of one aggregate applies what is parked or held as well",
        "worker.run.replay", "        if event.seq <= position.seq and event.seq not in waiting\n",
        "        if event.seq <= position.seq\n",
    ),
    _mutant(
        "clock-decides", "an exchange is cut off when its time is over, whether or not bytes move",
        "worker.connect.deadline", "if idle is not None and idle < self._seconds:", "if idle is None:",
    ),
    _mutant(
        "restore-unnoticed", "a database that went back is not told from one that went on, if the position is the same",
        "worker.faults.parking", "if settled_at is None or written_at >= settled_at:", "if True:",
    ),
    _mutant(
        "replay-in-two-steps", "a replay sets the position back before it lets go of what is parked beyond it",
        "worker.run.replay",
        "        # What is parked is what the position has passed: beyond it everything is read and judged again.\n",
        "        connection.execute('commit')\n        connection.execute('begin')\n",
    ),
    _mutant(
        "replay-forgets-newest", "a replay does not note how far the position had come",
        "simulation.destination.statements", ", newest_event_id=max(seen, default=None))", ")",
    ),
    _mutant(
        "others-unbelieved", "a stamp of another outbox is taken for none",
        "worker.apply.projection", "bound = next((UUID(str(row[0])) for row in newest.fetchall()), None)",
        "bound = next((None for row in newest.fetchall()), None)",
    ),
    _mutant(
        "view-left", "what was taken up stays on the list in the file",
        "worker.faults.parked_view", "        self._left.append(row.seq)\n", "",
    ),
    _mutant(
        "left-unnoted", "what was taken up last stays on the list in the file, if it went within two seconds",
        "worker.faults.parked_view", "if self._owed or is_last or self._is_due", "if self._owed or self._is_due",
        ("worker.faults.parking", 'over, or waits."""\n        self._view.write()', 'over, or waits."""'),
    ),
    _mutant(
        "late-unsettled", "nobody looks what became of a decision that was made from a list out of date",
        "worker.faults.parking",
        "return self._to_settle(self.decisions.unsettled(), position)", "return []",
    ),
    _mutant(
        "additions-left", "with a first version nothing is discarded that only adds to it",
        "outbox.ops.resolve", "        along = () if alone else additions(box, seq)\n", "        along: tuple[int, ...] = ()\n",
    ),
    _mutant(
        "slow-once-released", "an event that is slow gets more time as a new one, and none once it was released",
        "worker.faults.failures", "        elif self._slow < SLOW_EVENT_TRIES:\n",
        "        elif self._slow < SLOW_EVENT_TRIES and not failed.released:\n",
    ),
    _mutant(
        "settings-left", "the settings that statements rest on are left as the login brings them along",
        "worker.apply.transaction", '    connection.execute(query("relay", "settings"), {"local": True})\n', "",
    ),
    # kills
    _mutant(
        "waiting-charged", "a worker that is killed while it waits for the database counts as one that died of its event",
        "outbox.notes.attempts", "            if note is None:\n", "            if True:\n",
    ),
    _mutant(
        "deaths-taken-away", "what is tried before an event takes away the deaths that are counted against it",
        "outbox.notes.attempts", '"delete from attempts where seq <= ? and last_seq >= ?", [last_seq, seq]',
        '"delete from attempts"',
    ),
    # properties of the file
    _mutant(
        "journal-left", "a backup that is put in place stays in the journal mode of backups",
        "outbox.log.database", "    if is_current(connection, version) and _is_wal(connection):\n        return\n",
        "    if is_current(connection, version):\n        return\n",
    ),
    _mutant(
        "lock-by-name", "locks go by the name that a worker was given, not by the file that it leads to",
        "outbox.paths", "return cls(Path(os.path.realpath(path)))", "return cls(Path(os.path.abspath(path)))",
    ),
    _mutant(
        "reference-unproven", "a proof leaves out which rows a row refers to",
        "worker.proof.expected", "                self.named[name] = None if value is None else as_key(value)\n",
        "                continue\n",
    ),
    # other catalogues than content's
    _mutant(
        "own-row-left-out", "a row that has no id but its natural key is not written",
        "worker.apply.projection", "        checks += _checks(kind, table)\n",
        "        if active().aggregates[kind].id is None:\n            continue\n        checks += _checks(kind, table)\n",
    ),
    _mutant(
        "recorded-lost", "the position passes recorded events, and no row of the inbox is written",
        "worker.apply.inbox",
        '    connection.execute(query("inbox", "record"), values)\n    connection.execute(query("inbox", "recorded"), values)\n',
        "",
    ),
    _mutant(
        "part-of-a-key", "a key of several parts is told by its first alone",
        "outbox.catalogue.tables",
        "        return as_key([payload[name] for name in self.key])\n",
        "        return as_key([payload[self.key[0]] for _ in self.key])\n",
    ),
    # over the bus
    _over_the_bus(
        "bus-gap-taken", "a frame is taken although frames before it are missing",
        "worker.bus.log", "        if head.first > self.end + 1:\n            return False\n", "",
        ("worker.bus.log", "if before is not None and mine is not None and before != mine:", "if False:"),
    ),
    _over_the_bus(
        "bus-not-looked-after", "a host that hears nothing does not look whether what it sent is there",
        "worker.bus.forward", "        if self._sent <= self._done or self._clock() - self._moved_at < self._silence:\n",
        "        if True:\n",
    ),
    _over_the_bus(
        "bus-said-before-commit", "the centre says what it applies before it is committed",
        "worker.bus.central", "        if batch.to is not None:\n            self._note_read(",
        "        if batch.to is not None and served.position is not None:\n"
        "            self._prepare(served.log.outbox_id, served.position.moved_to(batch.to), 0, None)\n"
        "            self._say()\n            self._note_read(",
    ),
    _over_the_bus(
        "bus-said-as-read", "the centre says how far it has read",
        "worker.bus.central", "self._prepare(served.log.outbox_id, position, served.parked,",
        "self._prepare(served.log.outbox_id, replace(position, seq=served.log.end), served.parked,",
    ),
    _over_the_bus(
        "bus-unknown-untold", "a database that went back to before it knew a host says nothing of it",
        "worker.bus.central", "{*known, *self._served, *self._said}", "known",
    ),
    _over_the_bus(
        "bus-acknowledged-is-applied", "a host notes as applied what was acknowledged",
        "worker.bus.forward", "        self._sent = events[-1].seq\n",
        "        self._sent = events[-1].seq\n        if self._applied is not None:\n"
        "            self._applied = self._applied.moved_to(events[-1])\n            self._note_position()\n",
    ),
    _over_the_bus(
        "bus-proof-believed", "a proof is given without a comparison of rows",
        "worker.proof.asked", "[row for row in rows if one == _INBOX or not _is_as_said(row, bound)]", "[]",
    ),
    _over_the_bus(
        "bus-refs-forgotten", "what a parked event refers to is forgotten when the centre is started again",
        "worker.bus.log", "UUID(str(aggregate_id)), tuple(refs))", "UUID(str(aggregate_id)), ())",
    ),
    _over_the_bus(
        "bus-refused-forgotten", "a centre that is started again tries once more what was refused, whenever it reads the news",
        "worker.bus.log", "            self._refused_before(int(seq), carried_out)\n", "",
    ),
    _over_the_bus(
        "bus-acts-before-it-heard", "a centre that starts again acts on an older decision before it has heard the newer one",
        "worker.bus.central", "        self._has_caught_up = False\n", "        self._has_caught_up = True\n",
    ),
    _over_the_bus(
        "bus-news-once", "what was decided is said once, whether or not it arrives",
        "worker.bus.forward", "        if is_again and now < self._news.again_at:\n", "        if is_again:\n",
    ),
    _over_the_bus(
        "bus-killer-never-found", "a centre does not notice that the one before it died",
        "worker.bus.central", "self._starts.load(connection, partitions, wary=wary)",
        "self._starts.load(connection, [], wary=False)",
    ),
    _over_the_bus(
        "bus-folded-apart", "of a row that several outboxes write together, the one with the greatest seq wins",
        "worker.apply.together", "key=lambda one: one.event.event_id\n", "key=lambda one: one.event.seq\n",
    ),
    _over_the_bus(
        "bus-waits-for-ever", "a database that says nothing more is waited for",
        "worker.bus.central", "return deadline(connection, 2 * seconds + self._options.margin_seconds)",
        "return deadline(connection, 1e12 * seconds)",
    ),
    _over_the_bus(
        "bus-knocks-again", "after a refused login another part of the centre tries at once",
        "worker.bus.central", "        if self._refusal is not None and self._clock() < self._let_in_at:\n", "        if False:\n",
    ),
)  # fmt: skip
