"""The outbox against a model of it: whatever is done in whatever order, crashes and clock jumps included."""

import datetime as dt
import json
import os
import tempfile
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest import mock

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from outbox import (
    Decisions,
    FileConflict,
    Outbox,
    OutboxError,
    Outcome,
    ParkedConflict,
    ParkedState,
    Payload,
    Resolution,
    ids,
)
from outbox import catalogue as c
from outbox.ops.backup import backup
from outbox.ops.check import run_checks
from outbox.ops.prune import plan_prune, prune
from tests.support.lessons import SetClock, lesson, path_of, staged_files
from tests.support.parked import put_held, put_parked

NAMES = ("a", "b", "c")
DESTINATION = uuid.UUID(int=7)
KEEP_DAYS = 2
EXAMPLES = int(os.environ.get("OUTBOX_MODEL_EXAMPLES", "30"))
name = st.sampled_from(NAMES)
small = st.integers(0, 2)
# How each kind of event is made from two small numbers; few values, so that unchanged states are common.
MAKE = {
    "upsert": lambda slug, n: lesson(slug, f"body {n}\n"),
    "delete": lambda slug, n: c.ContentDeleted(slug=f"curso-x--{slug}", deleted_at=dt.datetime(2026, 1, 1 + n, tzinfo=dt.UTC)),
    "score": lambda slug, n: c.ContentFidelityScored(slug=f"curso-x--{slug}", score=n / 2),
    "status": lambda slug, n: c.ContentStatusChanged(slug=f"curso-x--{slug}", status=("draft", "reviewed", "published")[n]),
    "metadata": lambda slug, n: c.ContentMetadataMerged(slug=f"curso-x--{slug}", metadata={"n": n}),
    "tag": lambda slug, n: c.ContentTagged(slug=f"curso-x--{slug}", tag=f"t{n}"),
    "untag": lambda slug, n: c.ContentUntagged(slug=f"curso-x--{slug}", tag=f"t{n}"),
}  # fmt: skip
PATCHES = {"score", "status", "metadata"}
CRASHES_BEFORE = ("unit.staged", "unit.appended", "unit.before_commit")
CRASHES_AFTER = ("unit.committed", "unit.renamed", "unit.synced")


class Crash(BaseException):
    """Ends a unit where SIGKILL would; the process lives on to tell."""


@dataclass
class Said:
    """An event as the model has it."""

    seq: int
    kind: str
    slug: str
    n: int
    at: dt.datetime


@dataclass
class Model:
    events: list[Said] = field(default_factory=list)  # all that were ever appended
    first: int = 1  # below it all is pruned
    heads: dict[tuple[str, str], Said] = field(default_factory=dict)
    disk: dict[str, str] = field(default_factory=dict)
    by_hand: set[str] = field(default_factory=set)
    parked: dict[int, str] = field(default_factory=dict)
    verified: int = 0

    def slot(self, kind: str, n: int) -> str:
        if kind in {"upsert", "delete"}:
            return "state"
        return f"tag {n}" if kind in {"tag", "untag"} else kind

    def is_news(self, kind: str, slug: str, n: int) -> bool:
        head = self.heads.get((slug, self.slot(kind, n)))
        if head is None or head.kind != kind:
            return True
        state = self.heads.get((slug, "state"))
        if kind in PATCHES and state is not None and state.seq > head.seq:
            return True
        return kind != "delete" and head.n != n

    def append(self, kind: str, slug: str, n: int, at: dt.datetime) -> int:
        if not self.is_news(kind, slug, n):
            return 0
        said = Said(len(self.events) + 1, kind, slug, n, at)
        self.events.append(said)
        self.heads[slug, self.slot(kind, n)] = said
        return 1

    @property
    def there(self) -> list[Said]:
        return self.events[self.first - 1 :]


def payload_of(said: Said) -> Payload:
    return MAKE[said.kind](said.slug, said.n)


class OutboxMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        self.path, self.root = Path(self.folder.name) / "box" / "outbox.db", Path(self.folder.name) / "content"
        self.clock, self.model, self.copies = SetClock(), Model(), 0
        self.box = self.opened()

    def opened(self) -> Outbox:
        return Outbox.open(self.path, content_root=self.root, clock=self.clock)

    def teardown(self) -> None:
        if hasattr(self, "box"):
            if self.box.last_seq:  # what is parked lies behind the position, as a worker notes it
                self.box.relay.remember_position(DESTINATION, self.box.last_seq, None)
            assert [found.name for found in run_checks(self.box) if not found.ok] == []
            self.box.close()
            self.folder.cleanup()

    @rule(kind=st.sampled_from(sorted(MAKE)), slug=name, n=small)
    def append(self, kind: str, slug: str, n: int) -> None:
        expected = self.model.append(kind, slug, n, self.clock.now())
        result = self.box.append(MAKE[kind](slug, n))
        assert (len(result.appended), result.unchanged) == (expected, 1 - expected)

    @rule(steps=st.lists(st.tuples(st.sampled_from(sorted(MAKE)), name, small), max_size=5))
    def append_many(self, steps: list[tuple[str, str, int]]) -> None:
        expected = sum(self.model.append(*step, self.clock.now()) for step in steps)
        assert len(self.box.append(*(MAKE[kind](slug, n) for kind, slug, n in steps)).appended) == expected

    @rule(slug=name, n=small)
    def publish(self, slug: str, n: int) -> None:
        path, body = path_of(slug), f"body {n}\n"
        stranger = path in self.model.by_hand and self.model.disk[path] != body
        try:
            with self.box.unit() as unit:
                unit.write(path, body.encode())
                unit.append(MAKE["upsert"](slug, n))
        except FileConflict:
            assert stranger
            return
        assert not stranger
        self.model.append("upsert", slug, n, self.clock.now())
        self.model.disk[path] = body
        self.model.by_hand.discard(path)

    @rule(slug=name, n=small)
    def give_up(self, slug: str, n: int) -> None:
        with pytest.raises(ZeroDivisionError), self.box.unit() as unit:  # noqa: PT012 - the unit is what fails
            unit.write(path_of(slug), f"body {n}\n".encode(), overwrite=True)
            unit.append(MAKE["upsert"](slug, n))
            raise ZeroDivisionError

    @rule(slug=name, n=small, step=st.sampled_from(CRASHES_BEFORE + CRASHES_AFTER), power_loss=st.booleans())
    def crash(self, slug: str, n: int, step: str, power_loss: bool) -> None:  # noqa: FBT001 - drawn by name
        """Die at a step; a power loss takes the names of staged files with it."""

        def reach(point: str) -> None:
            if point == step:
                raise Crash

        path, body = path_of(slug), f"body {n}\n"
        unnamed = path in self.model.disk and self.model.disk[path] == body  # nothing to stage, nothing to rename
        try:
            with mock.patch("outbox.files.publish.reach", reach), self.box.unit() as unit:
                unit.write(path, body.encode(), overwrite=True)
                unit.append(MAKE["upsert"](slug, n))
            assert step == "unit.renamed"
            assert unnamed
        except Crash:
            pass
        if power_loss:
            for staged in staged_files(self.root):
                staged.unlink()
        carried = self.model.is_news("upsert", slug, n)
        self.box.close()
        self.box = self.opened()
        if step in CRASHES_BEFORE:
            assert self.box.recovered.published == ()
            return
        self.model.append("upsert", slug, n, self.clock.now())
        if power_loss and step == "unit.committed" and not carried and not unnamed:
            self.settle_for_what_is_there(path, body)
            return
        assert self.box.recovered.lost == self.box.recovered.conflicts == ()
        self.model.disk[path] = body
        self.model.by_hand.discard(path)

    def settle_for_what_is_there(self, path: str, body: str) -> None:
        """The event that carried this text first may be known for the file, or not: then the loss is told."""
        if self.box.recovered.lost == (path,):
            found = (self.root / path).read_text() if (self.root / path).exists() else None
            assert found == self.model.disk.get(path)
            if found is not None:
                self.model.by_hand.add(path)
        else:
            assert self.box.recovered.published == (path,)
            self.model.disk[path] = body
            self.model.by_hand.discard(path)

    @rule(slug=name)
    def edit_by_hand(self, slug: str) -> None:
        path = path_of(slug)
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text("by hand\n")
        self.model.disk[path] = "by hand\n"
        self.model.by_hand.add(path)

    @rule(hours=st.sampled_from([-24, -1, 1, 24, 72]))
    def clock_jumps(self, hours: int) -> None:
        self.clock.move(hours=hours)

    @rule()
    def reopen(self) -> None:
        self.box.close()
        self.box = self.opened()
        assert self.box.recovered.nothing

    @rule(after=st.integers(0, 30), limit=st.integers(1, 10), slug=st.none() | name)
    def read(self, after: int, limit: int, slug: str | None) -> None:
        expected = [said for said in self.model.there if said.seq > after and slug in {None, said.slug}][:limit]
        aggregate = ids.content_id(f"curso-x--{slug}") if slug else None
        found = self.box.read(after=after, limit=limit, aggregate_id=aggregate)
        assert [event.seq for event in found] == [said.seq for said in expected]

    @precondition(lambda self: self.model.there)
    @rule(data=st.data())
    def park(self, data: st.DataObject) -> None:
        said = data.draw(st.sampled_from(self.model.there))
        decision = Decisions.read(self.box.connection).of(said.seq)
        if decision is not None and decision.releases:  # a decision wins, until it is known what became of it
            with pytest.raises(OutboxError, match="an event that was decided about is not parked"):
                put_parked(self.box, self.box.event(said.seq), reason="r")
            self.box.parked.rewrite(noted=[(decision.id, Outcome.REFUSED)])
        put_parked(self.box, self.box.event(said.seq), reason="r")
        self.model.parked[said.seq] = "parked"
        blocked = {seq for seq in self.model.parked if self.model.events[seq - 1].slug == said.slug}
        for later in self.model.there:
            if later.seq > said.seq and later.slug == said.slug and later.seq not in blocked:
                put_held(self.box, self.box.event(later.seq), behind_seq=said.seq)
                self.model.parked[later.seq] = f"held {said.seq}"

    @precondition(lambda self: self.model.parked)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        seq = data.draw(st.sampled_from(sorted(self.model.parked)))
        try:
            self.box.parked.release(seq, Resolution.RETRY)
        except ParkedConflict:
            assert self.model.parked[seq] != "parked"
        else:
            assert self.model.parked[seq] == "parked"
            self.model.parked[seq] = "releasing"

    @precondition(lambda self: "releasing" in self.model.parked.values())
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        seq = data.draw(st.sampled_from(sorted(s for s, state in self.model.parked.items() if state == "releasing")))
        held = [row for row in self.box.parked.list() if row.behind_seq == seq]
        self.box.parked.rewrite(
            (replace(row, state=ParkedState.RELEASING, behind_seq=None) for row in held),
            gone=[seq],
            noted=[
                (decision.id, Outcome.APPLIED)
                for decision in [Decisions.read(self.box.connection).of(seq)]
                if decision is not None and decision.outcome is None
            ],
        )
        self.model.parked |= dict.fromkeys((row.seq for row in held), "releasing")
        del self.model.parked[seq]

    @precondition(lambda self: self.model.there)
    @rule(data=st.data())
    def prune(self, data: st.DataObject) -> None:
        verified = data.draw(st.integers(self.model.verified, len(self.model.events)))
        self.model.verified = verified
        event = self.box.event(max(verified, self.model.first))
        self.box.relay.remember_position(DESTINATION, verified, event.event_id if verified else None)
        self.box.relay.remember_verified(DESTINATION, verified)
        cutoff = self.clock.now() - dt.timedelta(days=KEEP_DAYS)
        young = [said.seq for said in self.model.there if said.at >= cutoff]
        below = max(self.model.first, min([verified, *young[:1], *self.model.parked]))
        assert prune(self.box, plan_prune(self.box, keep_days=KEEP_DAYS)) == below - self.model.first
        self.model.first = below

    @rule()
    def back_up(self) -> None:
        self.copies += 1
        target = Path(self.folder.name) / f"copy-{self.copies}.db"
        backup(self.box, target)
        with Outbox.open(target, create=False) as copy:
            assert copy.outbox_id == self.box.outbox_id
            assert copy.read(limit=1000) == self.box.read(limit=1000)
            assert copy.last_seq == self.box.last_seq

    @invariant()
    def agrees_with_the_model(self) -> None:
        if not hasattr(self, "box"):
            return
        events = self.box.read(limit=1000)
        assert [event.seq for event in events] == [said.seq for said in self.model.there]
        for event, said in zip(events, self.model.there, strict=True):
            assert event.payload == json.loads(_encoded(payload_of(said)))
            assert event.occurred_at == said.at
        assert [event.event_id for event in events] == sorted({event.event_id for event in events})
        assert self.box.last_seq == len(self.model.events)
        on_disk = {str(f.relative_to(self.root)): f.read_text() for f in self.root.rglob("*.md")}
        assert on_disk == self.model.disk
        assert staged_files(self.root) == []
        states = {
            row.seq: f"held {row.behind_seq}" if row.state is ParkedState.HELD else row.state.value
            for row in self.box.parked.list()
        }
        assert states == self.model.parked


def _encoded(payload: Payload) -> bytes:
    return msgspec.json.encode(payload)


def test_whatever_is_done_in_whatever_order_the_outbox_is_as_its_model() -> None:
    """append, publish, read, park, release, prune, recover, backup, crashes, edits by hand and clock jumps."""
    run_state_machine_as_test(
        OutboxMachine,
        settings=settings(
            max_examples=EXAMPLES,
            derandomize=EXAMPLES < 100,  # every run the same ones, unless a long hunt is asked for
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
