-- Append one event; its seq is the row id that SQLite gives it.
insert into events (
  event_id, type, version, aggregate_type, aggregate_id, previous_seq, refs, payload_sha256, occurred_at, payload
)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);
