"""The adversary: strikes with the faults of a scenario, each at its own moment of what some process does."""

import random
from collections.abc import Sequence
from typing import Any

from simulation.faults import Fault
from simulation.host import Host
from simulation.kernel import Kernel, Killed, Process
from simulation.programs import Waiting

_WORK_APART = frozenset({"forwarder", "centre"})  # together they are the worker of a host


class Adversary:
    """Watches every step.

    Args:
        faults: of the scenario; each strikes once.
        chance: what a power loss leaves is a matter of chance.

    Attributes:
        struck: in words, what has struck so far.
    """

    def __init__(self, faults: Sequence[Fault], chance: random.Random) -> None:
        self._left: dict[str, list[list[Any]]] = {}
        for fault in faults:
            self._left.setdefault(fault.role, []).append([fault, fault.nth])
        self._chance = chance
        self.struck: set[str] = set()

    def watch(self, kernel: Kernel, process: Process, edge: str) -> Fault | None:
        """A process is about to take this step: return what befalls it there, if anything does.

        Raises:
            Killed: it ends here.
        """
        for role in (process.role,) if process.role not in _WORK_APART else (process.role, "worker"):
            mine = self._left.get(role, [])
            for entry in mine:
                fault: Fault = entry[0]
                if not edge.startswith(fault.edge) or (fault.after and fault.after not in self.struck):
                    continue
                entry[1] -= 1
                if entry[1] == 0:
                    mine.remove(entry)
                    kernel.tell(f"fault: {fault.kind} at {edge} of {process.name}")
                    self.struck.add(f"{fault.kind} of a {fault.role}")
                    return self._strike(kernel, fault, process, edge)
        return None

    def _strike(self, kernel: Kernel, fault: Fault, process: Process, edge: str) -> Fault:
        host: Host = process.host
        match fault.kind:
            case "crash":
                raise Killed
            case "power":
                kernel.errands.append(lambda: host.lose_power(self._chance))
                if edge != "log.commit":
                    raise Killed
            case "stop":
                for one in process.belongings:
                    if isinstance(one, Waiting):
                        one.stopping = True
            case "full":
                host.had_trouble = True
                host.full_until = kernel.now + fault.seconds
            case "slow disk":
                host.slow_until = kernel.now + fault.seconds
            case "unsure":
                host.had_trouble = True
        return fault
