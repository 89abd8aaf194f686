-- Append one event. The payload comes as the UTF-8 bytes that were hashed: as text it would be encoded once more.
insert into events (
  seq, event_id, type, version, aggregate_type, aggregate_id, previous_seq, refs, payload_sha256, occurred_at, payload
)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, cast(? as text));
