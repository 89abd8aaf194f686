-- name: limits
-- For this transaction only: a session setting would leak to others behind a transaction pooler.
select
    set_config('statement_timeout', %(statement_timeout)s, true),
    set_config('lock_timeout', %(lock_timeout)s, true),
    set_config('idle_in_transaction_session_timeout', %(idle_timeout)s, true),
    -- for servers before 17, a dead peer is at least found within a minute
    set_config('tcp_keepalives_idle', '30', true),
    set_config('tcp_keepalives_interval', '10', true),
    set_config('tcp_keepalives_count', '3', true);

-- name: whole_transaction_limit
-- PostgreSQL 17 and newer. If we vanish without a word in the middle of a pipeline, no other limit ends the server's wait for
-- the rest of it, and its lock on the position would keep our successor out until TCP gives up, two hours later.
select set_config('transaction_timeout', %(transaction_timeout)s, true);

-- name: destination
-- Which database this is, and the version of the bookkeeping in it.
select destination_id, schema_version from outbox.destination;

-- name: register
-- First contact of an outbox with this database.
insert into outbox.sources (outbox_id, host, worker_version)
values (%(outbox_id)s, %(host)s, %(worker_version)s)
on conflict (outbox_id) do nothing;

-- name: position
-- How far this outbox has been applied here.
select applied_seq, applied_event_id from outbox.sources where outbox_id = %(outbox_id)s;

-- name: lock_position
-- The same, fenced: a second worker waits here, and then sees that the position has moved.
select applied_seq, applied_event_id from outbox.sources where outbox_id = %(outbox_id)s for update;

-- name: advance
-- Guarded by the position that the batch was read from; exactly one row must change.
update outbox.sources
set
    applied_seq = %(to_seq)s,
    applied_event_id = %(to_event_id)s,
    applied_at = now(),
    host = %(host)s,
    worker_version = %(worker_version)s
where outbox_id = %(outbox_id)s and applied_seq = %(from_seq)s;

-- name: rewind
-- Set back by an operator, for a replay.
update outbox.sources
set applied_seq = %(to_seq)s, applied_event_id = %(to_event_id)s, applied_at = now()
where outbox_id = %(outbox_id)s and applied_seq = %(from_seq)s;

-- name: park
-- Events that are passed over, in the transaction in which the position passes them. No payload: it may hold anything.
insert into outbox.parked (outbox_id, seq, event_id, type, aggregate_id, state, verdict, sqlstate, reason, attempts)
select %(outbox_id)s, p.seq, p.event_id, p.type, p.aggregate_id, p.state, p.verdict, p.sqlstate, p.reason, p.attempts
from jsonb_to_recordset(%(rows)s::jsonb) as p (
    seq bigint, event_id uuid, type text, aggregate_id uuid, state text, verdict text, sqlstate text, reason text,
    attempts integer
)
on conflict (outbox_id, seq) do update
set
    state = excluded.state,
    verdict = excluded.verdict,
    sqlstate = excluded.sqlstate,
    reason = excluded.reason,
    attempts = excluded.attempts;

-- name: unpark
-- Events that were resolved, in the transaction that applies them.
delete from outbox.parked where outbox_id = %(outbox_id)s and seq = any(%(seqs)s);

-- name: still_parked
-- Which of these stand on the list; under the lock of the position, which all who resolve one hold.
select seq from outbox.parked where outbox_id = %(outbox_id)s and seq = any(%(seqs)s);

-- name: parked
-- Everything that is parked or held here, in order.
select seq, event_id, type, aggregate_id, state, verdict, sqlstate, reason, attempts
from outbox.parked
where outbox_id = %(outbox_id)s
order by seq;
