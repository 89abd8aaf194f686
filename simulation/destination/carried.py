"""The statements of `worker/sql/bus.sql`, restated as those of the relay are in `statements`."""

from typing import Any
from uuid import UUID

from msgspec.json import decode

from simulation.destination.refusals import kept
from simulation.destination.statements import Handler, Rows
from simulation.destination.tables import Row, Transaction


def _read_up_to(tx: Transaction, values: Any) -> Rows:
    row = tx.get("streams", values["lane"])
    return [] if row is None else [(row["store"], row["number"], row["is_read"])]


def _note_reader(tx: Transaction, values: Any) -> Rows:
    row = tx.get("streams", values["lane"]) or {"store": "", "number": 0}
    tx.put("streams", values["lane"], {**row, "is_read": values["is_read"]})
    return []


def _note_read(tx: Transaction, values: Any) -> Rows:
    row, number = tx.get("streams", values["lane"]) or {"store": "", "number": 0, "is_read": False}, values["number"]
    if row["store"] == values["store"]:
        number = max(number, row["number"])
    tx.put("streams", values["lane"], {**row, "store": values["store"], "number": number})
    return []


def _known(tx: Transaction, values: Any) -> Rows:
    return [(outbox_id,) for outbox_id, _ in tx.every("sources") if outbox_id.hex[-1] in values["partitions"]]


def _positions(tx: Transaction, values: Any) -> Rows:
    found: Rows = []
    for outbox_id in values["outbox_ids"]:
        row = tx.get("sources", outbox_id) or {"applied_seq": 0, "applied_event_id": None}
        listed = sorted((seq, one) for (whose, seq), one in tx.every("parked") if whose == outbox_id)
        blamed = [
            [seq, *(one[name] for name in ("verdict", "sqlstate", "reason", "attempts"))]
            for seq, one in listed
            if one["state"] == "parked"
        ]
        held = ",".join(str(seq) for seq, one in listed if one["state"] != "parked")
        at = row["applied_seq"], row["applied_event_id"]
        found.append((outbox_id, *at, tx.destination_id, len(listed), blamed or None, held or None))
    return found


def _outlines(tx: Transaction, values: Any) -> Rows:
    rows = [(seq, tx.get("parked", (values["outbox_id"], seq))) for seq in values["seqs"]]
    names = ("event_id", "type", "aggregate_id", "refs", "carried_out")
    return [(seq, *(row[name] for name in names)) for seq, row in rows if row is not None]


def _note_refs(tx: Transaction, values: Any) -> Rows:
    noted = 0
    for one in decode(values["rows"]):
        key = (values["outbox_id"], one["seq"])
        row = tx.get("parked", key)
        if row is not None:
            carried_out = one["carried_out"] or row["carried_out"]
            tx.put("parked", key, {**row, "refs": [UUID(ref) for ref in one["refs"]], "carried_out": carried_out})
            noted += 1
    if noted != values["count"]:
        raise kept("parked", str(noted))
    return []


def _nothing(_tx: Transaction, _values: Any) -> Rows:
    return []  # every outbox may write everything here


def _of_starts(key: Any, row: Row, starts: int) -> tuple[Any, ...]:
    return (*key, row["last_seq"], starts)


def _forgive(tx: Transaction, values: Any) -> Rows:
    found: Rows = []
    for key, row in list(tx.every("starts")):
        if not row["waits"] or key[0].hex[-1] not in values["partitions"]:
            continue
        found.append(_of_starts(key, row, row["starts"]))
        fewer = {**row, "starts": row["starts"] - 1, "waits": False}
        tx.put("starts", key, fewer if row["starts"] > 1 else None)
    return found


def _starts(tx: Transaction, values: Any) -> Rows:
    mine = [(key, row) for key, row in tx.every("starts") if key[0].hex[-1] in values["partitions"]]
    return [_of_starts(key, row, row["starts"]) for key, row in sorted(mine, key=lambda one: one[0][1])]


def _starts_of(tx: Transaction, values: Any) -> Rows:
    row = tx.get("starts", (values["outbox_id"], values["seq"]))
    return [] if row is None or row["last_seq"] != values["last_seq"] else [(row["starts"],)]


def _begin(tx: Transaction, values: Any) -> Rows:
    outbox_id, seq, last_seq = values["outbox_id"], values["seq"], values["last_seq"]
    for key, row in list(tx.every("starts")):
        if key[0] == outbox_id and key[1] != seq and key[1] <= last_seq and row["last_seq"] >= seq:
            tx.put("starts", key, None)
    tx.put("starts", (outbox_id, seq), {"last_seq": last_seq, "starts": values["starts"], "waits": False})
    return []


def _finish(tx: Transaction, values: Any) -> Rows:
    row = tx.get("starts", (values["outbox_id"], values["seq"]))
    if row is not None and row["last_seq"] == values["last_seq"]:
        tx.put("starts", (values["outbox_id"], values["seq"]), None)
    return []


def _waits(tx: Transaction, values: Any) -> Rows:
    row = tx.get("starts", (values["outbox_id"], values["seq"]))
    if row is not None:
        tx.put("starts", (values["outbox_id"], values["seq"]), {**row, "waits": values["waits"]})
    return []


def _lock_positions(tx: Transaction, values: Any) -> Rows:
    rows = [(one, tx.get("sources", one)) for one in sorted(values["outbox_ids"])]
    return [(one, row["applied_seq"], row["applied_event_id"]) for one, row in rows if row is not None]


def _advance_all(tx: Transaction, values: Any) -> Rows:
    moves, moved = decode(values["rows"]), 0
    for move in moves:
        outbox_id = UUID(move["outbox_id"])
        row = tx.get("sources", outbox_id)
        if row is not None and row["applied_seq"] == move["was"]:
            to = {"applied_seq": move["seq"], "applied_event_id": UUID(move["event_id"]), "applied_at": tx.began}
            tx.put("sources", outbox_id, {**row, **to})
            moved += 1
    if moved != values["count"]:
        raise kept("sources", str(moved))
    return []


HANDLERS: dict[str, Handler] = {
    "bus.is_recent": _nothing,
    "bus.read_up_to": _read_up_to,
    "bus.note_reader": _note_reader,
    "bus.note_read": _note_read,
    "bus.known": _known,
    "bus.positions": _positions,
    "bus.outlines": _outlines,
    "bus.note_refs": _note_refs,
    "bus.refused": _nothing,
    "bus.confined": _nothing,
    "bus.forgive": _forgive,
    "bus.starts": _starts,
    "bus.starts_of": _starts_of,
    "bus.begin": _begin,
    "bus.finish": _finish,
    "bus.waits": _waits,
    "bus.lock_positions": _lock_positions,
    "bus.advance_all": _advance_all,
}
