"""What is mutated and what judges: the modules where a bug would lose data, and the tests that run in this process."""

_MODULES = {
    "outbox/files": "unit publish staging recovery known_files confined syncing",
    "outbox/log": "log transaction gate schema database sqlite_errors worker_lock checkpoint bell durable",
    "outbox/catalogue": "ids contract event upcast",
    "outbox/ops": "prune check backup backlog salvage resolve steering",
    "outbox/notes": "parked relay_state attempts decisions outages",
    "outbox": "outbox clock paths",
    "worker/run": "relay",
    "worker/faults": "failures verdict parking release suspects outage epidemic",
    "worker/apply": "position projection fold known missing transaction",
    "worker/carry": "exchange batching pace ahead second_lane halves",
}

DATA = [f"{room}/{name}.py" for room, names in _MODULES.items() for name in names.split()]

# Tests that start processes of their own (kills, the soak) would not meet a mutant that lives in this one, and those with
# a proxy between worker and server leave threads behind, which no fork has.
TESTS = [
    "tests/unit/outbox",
    "tests/unit/worker/test_batching.py",
    "tests/unit/worker/test_fold.py",
    "tests/unit/worker/test_outage_lines.py",
    "tests/unit/worker/test_suspects.py",
    "tests/unit/worker/test_verdict.py",
    "tests/unit/worker/test_ahead.py",
    "tests/unit/worker/test_halves.py",
    "tests/unit/worker/test_pace.py",
    "tests/unit/worker/test_forecast.py",
    "tests/unit/worker/test_metrics.py",
    "tests/unit/worker/test_plausible.py",
    "tests/unit/worker/test_worker_statements.py",
    "tests/faults/test_attempts_counted.py",
    "tests/faults/outbox/test_recovery.py",
    "tests/faults/outbox/test_model.py",
    "tests/faults/outbox/test_hand_edits.py",
    "tests/integration/test_relay_applies.py",
    "tests/integration/test_relay_contention.py",
    "tests/integration/test_relay_endings.py",
    "tests/integration/test_relay_epidemic.py",
    "tests/integration/test_relay_full_disk.py",
    "tests/integration/test_relay_idle.py",
    "tests/integration/test_relay_order.py",
    "tests/integration/test_relay_overload.py",
    "tests/integration/test_relay_poison.py",
    "tests/integration/test_relay_target.py",
    "tests/integration/test_relay_traces.py",
    "tests/integration/test_repair.py",
    "tests/integration/test_replay.py",
    "tests/integration/test_second_lane.py",
    "tests/integration/test_start_records.py",
]
