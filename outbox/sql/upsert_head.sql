-- Remember what was said last in this slot of the aggregate.
insert into heads (aggregate_id, slot, seq, type, payload_sha256)
values (?, ?, ?, ?, ?)
on conflict (aggregate_id, slot) do update
set seq = excluded.seq, type = excluded.type, payload_sha256 = excluded.payload_sha256;
