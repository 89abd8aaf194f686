"""What befalls a soak: one fault after the other, in a seeded order in which each kind comes up equally often.

A fault lasts for as long as the generators take for so many more units: they never stop, whatever else does.
"""

import itertools
import random
import signal
from collections import Counter
from collections.abc import Callable

from tests.support.fault_proxy import FaultProxy, Plan
from tests.support.soak.crew import LANES, Crew
from worker.standin import LocalPostgres

COMMITTED = b"COMMIT\x00"
_WORKER_IS_RUNNING = 3


class Misfortunes:
    """Deals out faults."""

    def __init__(self, seed: int, crew: Crew, proxy: FaultProxy, postgres: LocalPostgres) -> None:
        self._chance = random.Random(seed)
        self._crew, self._proxy, self._postgres = crew, proxy, postgres
        self._kinds: list[Callable[[], None]] = [
            self.generator_killed, self.worker_killed, self.worker_stopped_for_a_while, self.postgres_stopped_at_once,
            self.request_cut, self.commit_answer_lost, self.connections_reset, self.black_hole, self.slow_network,
            self.connections_refused, self.disk_full_for_a_generator, self.all_die_at_once,
        ]  # fmt: skip
        self._deck: list[Callable[[], None]] = []
        self.survived: Counter[str] = Counter()

    def strike(self) -> None:
        """Let the next one happen, and pass."""
        if not self._deck:
            self._deck = self._chance.sample(self._kinds, len(self._kinds))
        fault = self._deck.pop()
        fault()
        self._proxy.plan = Plan()
        self.survived[fault.__name__] += 1

    def lasting(self) -> None:
        self._crew.until_more(self._chance.randrange(40, 250))

    def generator_killed(self) -> None:
        self._crew.kill_generator(self._chance.choice(LANES))

    def worker_killed(self) -> None:
        self._crew.kill_worker()

    def worker_stopped_for_a_while(self) -> None:
        """It keeps its lock: a second worker is turned away, and the first goes on where it was."""
        worker = self._crew.stop_worker()
        try:
            self.lasting()
            assert self._crew.second_worker() == _WORKER_IS_RUNNING
        finally:
            worker.send_signal(signal.SIGCONT)

    def postgres_stopped_at_once(self) -> None:
        self._postgres.stop("immediate")
        self.lasting()
        self._postgres.start()

    def request_cut(self) -> None:
        """Anywhere in a batch; statements that are prepared show no text to go by."""
        passing = itertools.count()
        last = self._chance.randrange(12)
        self._once(Plan(cut_request=lambda _chunk: next(passing) >= last, reset=self._chance.random() < 0.5))

    def commit_answer_lost(self) -> None:
        self._once(Plan(cut_answer=lambda chunk: COMMITTED in chunk))

    def connections_reset(self) -> None:
        self._proxy.plan = Plan(reset=True)
        self._proxy.cut_all()

    def black_hole(self) -> None:
        """Nothing passes, nothing is closed: the worker's own deadlines end it, or the network comes back before."""
        self._proxy.plan = Plan(black_hole=True)
        self.lasting()
        self._proxy.cut_all()

    def slow_network(self) -> None:
        self._proxy.plan = Plan(delay_seconds=self._chance.choice((0.002, 0.01, 0.05)))
        self.lasting()

    def connections_refused(self) -> None:
        self._proxy.plan = Plan(refuse=True)
        self._proxy.cut_all()
        self.lasting()

    def disk_full_for_a_generator(self) -> None:
        self._crew.refuse_room(self._chance.choice(LANES))

    def all_die_at_once(self) -> None:
        """What remains of a machine that hung: worker, server and a generator, all in one moment."""
        self._crew.kill_worker()
        self._postgres.stop("immediate")
        self._crew.kill_generator(self._chance.choice(LANES))
        self._postgres.start()

    def _once(self, plan: Plan) -> None:
        """Until it has struck."""
        self._proxy.plan = plan
        self._crew.until(lambda: plan.cuts > 0, "something to cut")
