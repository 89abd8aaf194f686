-- Statements of `worker apply`, which applies what comes over a bus. Its tables and column: migration 910.

-- name: read_up_to
-- From where to read on: a hint, which may lag behind what was applied. What it skips is asked for again.
select store, number from outbox.streams where lane = %(lane)s;

-- name: note_read
-- In the transaction of a batch: what stands in the store up to here needs not be read again. Another store counts anew.
insert into outbox.streams as s (lane, store, number)
values (%(lane)s, %(store)s, %(number)s)
on conflict (lane) do update
set
    store = excluded.store,
    number = case when s.store = excluded.store then greatest(s.number, excluded.number) else excluded.number end,
    noted_at = now();

-- name: positions
-- How far each of these outboxes is, and which events its position has passed without effect.
select s.outbox_id, s.applied_seq, s.applied_event_id, d.destination_id, p.count, p.blamed, p.held
from outbox.sources as s
cross join outbox.destination as d
cross join lateral (
    select
        count(*) as count,
        jsonb_agg(jsonb_build_array(seq, verdict, sqlstate, left(reason, 500), attempts) order by seq)
        filter (where state = 'parked') as blamed,
        string_agg(seq::text, ',' order by seq) filter (where state <> 'parked') as held
    from outbox.parked
    where outbox_id = s.outbox_id
) as p
where s.outbox_id = any(%(outbox_ids)s);

-- name: all_positions
-- The same of every outbox whose partition is one of these.
select s.outbox_id, s.applied_seq, s.applied_event_id, d.destination_id, p.count, p.blamed, p.held
from outbox.sources as s
cross join outbox.destination as d
cross join lateral (
    select
        count(*) as count,
        jsonb_agg(jsonb_build_array(seq, verdict, sqlstate, left(reason, 500), attempts) order by seq)
        filter (where state = 'parked') as blamed,
        string_agg(seq::text, ',' order by seq) filter (where state <> 'parked') as held
    from outbox.parked
    where outbox_id = s.outbox_id
) as p
where right(s.outbox_id::text, 1) = any(%(partitions)s);

-- name: identity
select destination_id from outbox.destination;

-- name: outlines
-- What the parked list rests on; no refs: parked by a worker that had the outbox file.
select seq, event_id, type, aggregate_id, refs from outbox.parked where outbox_id = %(outbox_id)s and seq = any(%(seqs)s);

-- name: note_refs
-- In the transaction that parks them: what each needs to exist, since the log is elsewhere.
with noted as (
    update outbox.parked as p
    set refs = n.refs
    from jsonb_to_recordset(%(rows)s::jsonb) as n (seq bigint, refs uuid[])
    where p.outbox_id = %(outbox_id)s and p.seq = n.seq
    returning p.seq
)
select case when count(*) <> %(count)s then ('outbox.kept parked ' || count(*))::integer end
from noted;
