-- Statements of `worker apply`, which applies what comes over a bus. Its tables and columns: migrations 910 to 950.

-- name: is_recent
-- Fails before the newest of these migrations, at the start rather than in a batch.
select carried_out from outbox.parked limit 0;

-- name: read_up_to
-- From where to read on: a hint, which may lag behind what was applied. What it skips is asked for again.
select store, number, is_read from outbox.streams where lane = %(lane)s;

-- name: note_reader
-- That a worker reads it, or has ended in order: one that finds the first left by another is on its guard.
insert into outbox.streams as s (lane, store, number, is_read)
values (%(lane)s, '', 0, %(is_read)s)
on conflict (lane) do update set is_read = excluded.is_read;

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
-- How far each of these outboxes is, and which events its position has passed without effect; also of those without a row,
-- which are at the beginning: the database may have gone back to before it knew them.
select o.outbox_id, coalesce(s.applied_seq, 0), s.applied_event_id, d.destination_id, p.count, p.blamed, p.held
from unnest(%(outbox_ids)s::uuid[]) as o (outbox_id)
left join outbox.sources as s on s.outbox_id = o.outbox_id
cross join outbox.destination as d
cross join lateral (
    select
        count(*) as count,
        jsonb_agg(jsonb_build_array(seq, verdict, sqlstate, left(reason, 500), attempts) order by seq)
        filter (where state = 'parked') as blamed,
        string_agg(seq::text, ',' order by seq) filter (where state <> 'parked') as held
    from outbox.parked
    where outbox_id = o.outbox_id
) as p;

-- name: known
-- Which outboxes of these partitions have a position here.
select outbox_id from outbox.sources where right(outbox_id::text, 1) = any(%(partitions)s);

-- name: outlines
-- What the parked list rests on; no refs: parked by a worker that had the outbox file.
select seq, event_id, type, aggregate_id, refs, carried_out
from outbox.parked where outbox_id = %(outbox_id)s and seq = any(%(seqs)s);

-- name: note_refs
-- In the transaction that parks them: what each needs to exist, since the log is elsewhere; and which decision that was.
with noted as (
    update outbox.parked as p
    set refs = n.refs, carried_out = coalesce(n.carried_out, p.carried_out)
    from jsonb_to_recordset(%(rows)s::jsonb) as n (seq bigint, refs uuid[], carried_out jsonb)
    where p.outbox_id = %(outbox_id)s and p.seq = n.seq
    returning p.seq
)
select case when count(*) <> %(count)s then ('outbox.kept parked ' || count(*))::integer end
from noted;

-- name: refused
-- Which of these projects an outbox may not write.
select p.project
from unnest(%(projects)s::text[]) as p (project)
where not outbox.may_write(%(outbox_id)s, p.project);

-- name: forgive
-- What a worker had in hand that died while it waited for us: somebody killed it, and no event did.
with mine as (
    select outbox_id, seq, last_seq, starts from outbox.starts where waits and right(outbox_id::text, 1) = any(%(partitions)s)
), gone as (
    delete from outbox.starts as s using mine as m where s.outbox_id = m.outbox_id and s.seq = m.seq and m.starts = 1
), fewer as (
    update outbox.starts as s set starts = m.starts - 1, waits = false
    from mine as m
    where s.outbox_id = m.outbox_id and s.seq = m.seq and m.starts > 1
)
select outbox_id, seq, last_seq, starts from mine;

-- name: starts
select outbox_id, seq, last_seq, starts from outbox.starts where right(outbox_id::text, 1) = any(%(partitions)s) order by seq;

-- name: starts_of
select starts from outbox.starts where outbox_id = %(outbox_id)s and seq = %(seq)s and last_seq = %(last_seq)s;

-- name: begin
with gone as (
    delete from outbox.starts where outbox_id = %(outbox_id)s and seq <> %(seq)s and seq <= %(last_seq)s and last_seq >= %(seq)s
)
insert into outbox.starts (outbox_id, seq, last_seq, starts)
values (%(outbox_id)s, %(seq)s, %(last_seq)s, %(starts)s)
on conflict (outbox_id, seq) do update
set last_seq = excluded.last_seq, starts = excluded.starts, waits = false, started_at = now();

-- name: finish
delete from outbox.starts where outbox_id = %(outbox_id)s and seq = %(seq)s and last_seq = %(last_seq)s;

-- name: waits
update outbox.starts set waits = %(waits)s where outbox_id = %(outbox_id)s and seq = %(seq)s;

-- name: lock_positions
-- Fenced, in one order for whoever locks several.
select outbox_id, applied_seq, applied_event_id
from outbox.sources
where outbox_id = any(%(outbox_ids)s)
order by outbox_id
for update;

-- name: confined
-- Which of these outboxes may not write everything.
select o.outbox_id from unnest(%(outbox_ids)s::uuid[]) as o (outbox_id) where not outbox.may_write(o.outbox_id, '*');

-- name: advance_all
-- Guarded by the positions that the batch was read from; each row must change, or all of it fails (`kept`).
with moved as (
    update outbox.sources as s
    set
        applied_seq = m.seq,
        applied_event_id = m.event_id,
        applied_at = now(),
        host = %(host)s,
        worker_version = %(version)s
    from jsonb_to_recordset(%(rows)s::jsonb) as m (outbox_id uuid, was bigint, seq bigint, event_id uuid)
    where s.outbox_id = m.outbox_id and s.applied_seq = m.was
    returning s.outbox_id
)
select case when count(*) <> %(count)s then ('outbox.kept sources ' || count(*))::integer end
from moved;
