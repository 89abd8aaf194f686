"""What a soak held and survived: as JSON and as a short table."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakReport:
    """The outcome; rates are per second of the soak itself, without its drain."""

    seed: int
    seconds: float
    generators: int
    generator_lives: int
    units_acknowledged: int
    events_in_log: int
    events_generated_per_second: float
    events_applied_per_second: float
    batches: int
    drain_seconds: float
    most_behind_events: int
    outages: int
    refusals_told: int
    worker_starts: int
    faults: Mapping[str, int]
    lost: int
    doubled: int

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=2)

    def as_table(self) -> str:
        facts = {key.replace("_", " "): value for key, value in asdict(self).items() if key != "faults"}
        faults = {f"survived: {kind.replace('_', ' ')}": count for kind, count in sorted(self.faults.items())}
        rows = {**facts, "faults in all": sum(self.faults.values()), **faults}
        width = max(map(len, rows))
        return "\n".join(f"{name:<{width}}  {value:>10}" for name, value in rows.items())
