-- name: settings
-- What the texts that we send and read rest on, whatever the connection string, the role or the database say. Local to
-- the transaction: a session setting would leak to others behind a transaction pooler. The search path keeps what the
-- database's triggers may need; nothing comes before pg_catalog, and temporary objects come last.
select
    set_config('DateStyle', 'ISO, YMD', %(local)s),
    set_config('IntervalStyle', 'iso_8601', %(local)s),
    set_config('TimeZone', 'UTC', %(local)s),
    set_config('standard_conforming_strings', 'on', %(local)s),
    set_config('backslash_quote', 'safe_encoding', %(local)s),
    set_config('extra_float_digits', '1', %(local)s),
    set_config('bytea_output', 'hex', %(local)s),
    set_config('xmloption', 'content', %(local)s),
    set_config('row_security', 'on', %(local)s),
    set_config('array_nulls', 'on', %(local)s),
    set_config('transform_null_equals', 'off', %(local)s),
    set_config('check_function_bodies', 'on', %(local)s),
    set_config(
        'search_path',
        'pg_catalog, ' || coalesce(nullif(current_setting('search_path'), ''), 'public') || ', public, extensions, pg_temp',
        %(local)s
    ),
    -- Only a superuser may set it, and hardly anybody ever has it otherwise: rules and foreign keys would not be looked at.
    case
        when current_setting('session_replication_role') <> 'origin'
            then set_config('session_replication_role', 'origin', %(local)s)
    end;

-- name: session
-- Before the first transaction, and nothing where all is as it should be. Where row_security is off, whoever has policies
-- is refused every row instead of being shown some. Under limits of less than a second no question is answered.
select set_config(too_low.name, too_low.instead, false)
from (
    values
    ('statement_timeout', '30s'), ('lock_timeout', '5s'), ('idle_in_transaction_session_timeout', '30s'),
    ('idle_session_timeout', '0'), ('transaction_timeout', '0')
) as too_low (name, instead)
where
    current_setting(too_low.name, true)::interval > '0' and current_setting(too_low.name, true)::interval < '1 second'
union all
select set_config('row_security', 'on', false)
where current_setting('row_security') = 'off';

-- name: patient
-- The shortest there is: under a limit of a millisecond a busy server has no time to plan the question above.
set statement_timeout = '30s';

-- name: read_only_by
-- Why a write was refused: is this a standby, and who set transactions to read-only for sessions like ours?
select pg_catalog.pg_is_in_recovery(), s.source, session_user::text
from pg_catalog.pg_settings as s
where s.name = 'default_transaction_read_only';

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

-- name: holders
-- Whoever holds one of our tables in a way that keeps writers out. A lock on a row is not shown, it is over soon.
select l.relation::regclass::text, l.pid, l.mode
from pg_catalog.pg_locks as l
where
    l.granted
    and l.locktype = 'relation'
    and l.pid <> pg_catalog.pg_backend_pid()
    and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
    and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
    and l.relation in (
        select c.oid from pg_catalog.pg_class as c
        where c.relkind in ('r', 'p') and c.relnamespace in (
            select n.oid from pg_catalog.pg_namespace as n where n.nspname in ('public', 'outbox')
        )
    )
order by l.relation::regclass::text, l.pid
limit 3;

-- name: whole_transaction_limit
-- PostgreSQL 17 and newer. If we vanish without a word in the middle of a pipeline, no other limit ends the server's wait for
-- the rest of it, and its lock on the position would keep our successor out until TCP gives up, two hours later.
select set_config('transaction_timeout', %(transaction_timeout)s, true);

-- name: server_run
-- Which run of the server answers: when it was started, and since when its statistics stand, which begin anew after a crash.
select pg_catalog.pg_postmaster_start_time(), (select b.stats_reset from pg_catalog.pg_stat_bgwriter as b);

-- name: any_mind
-- For rows that are made up and taken back.
select id::text from public.minds limit 1;

-- name: destination
-- Which database this is, and the version of the bookkeeping in it.
select destination_id, schema_version from outbox.destination;

-- name: may_see_server
-- Asked alone: a statement that names a function is refused where it may not be called, even if it would not call it.
select
    has_function_privilege('pg_catalog.pg_control_system()', 'execute')
    and has_function_privilege('pg_catalog.pg_control_checkpoint()', 'execute');

-- name: server
-- Where this database lives: a copy carries the identity of its original, and lives elsewhere.
select s.system_identifier::text, d.oid::text, c.timeline_id
from
    pg_catalog.pg_control_system() as s, pg_catalog.pg_control_checkpoint() as c, pg_catalog.pg_database as d
where d.datname = current_database();

-- name: register
-- First contact of an outbox with this database.
insert into outbox.sources (outbox_id, host, worker_version)
values (%(outbox_id)s, %(host)s, %(worker_version)s)
on conflict (outbox_id) do nothing;

-- name: position
-- How far this outbox has been applied here.
select applied_seq, applied_event_id from outbox.sources where outbox_id = %(outbox_id)s;

-- name: somebody_elses
-- To which login the position belongs, if not to ours; an owner of the table is held by no policy. As JSON, because an older
-- schema has no such column.
select to_jsonb(s) ->> 'login', session_user::text
from outbox.sources as s
where
    s.outbox_id = %(outbox_id)s and row_security_active('outbox.sources')
    and to_jsonb(s) ->> 'login' <> session_user::text;

-- name: lock_position
-- The same, fenced: a second worker waits here, and then sees that the position has moved.
select applied_seq, applied_event_id from outbox.sources where outbox_id = %(outbox_id)s for update;

-- name: advance
-- Guarded by the position that the batch was read from; exactly one row must change, or all of it fails (`kept`).
with moved as (
    update outbox.sources
    set
        applied_seq = %(to_seq)s,
        applied_event_id = %(to_event_id)s,
        applied_at = now(),
        host = %(host)s,
        worker_version = %(worker_version)s
    where
        outbox_id = %(outbox_id)s
        and applied_seq = %(from_seq)s
        and applied_event_id is not distinct from %(from_event_id)s::uuid
    returning applied_seq
)
select case when count(*) <> 1 then ('outbox.kept sources ' || count(*))::integer end
from moved
where applied_seq = %(to_seq)s;

-- name: rewind
-- Set back by an operator, for a replay. How far it had come stays noted: rows of other hosts are compared with that.
update outbox.sources
set
    applied_seq = %(to_seq)s,
    applied_event_id = %(to_event_id)s,
    newest_event_id = greatest(newest_event_id, applied_event_id)
where outbox_id = %(outbox_id)s and applied_seq = %(from_seq)s;

-- name: wrote_again
-- A row was written again, and the position stays: without this a backup from before would look the same (`settle`). Later
-- than all before it, whatever the clock says.
update outbox.sources
set applied_at = greatest(now(), applied_at + interval '1 microsecond')
where outbox_id = %(outbox_id)s;

-- name: park
-- Events that are passed over, in the transaction in which the position passes them. No payload: it may hold anything.
with noted as (
    insert into outbox.parked (outbox_id, seq, event_id, type, aggregate_id, state, verdict, sqlstate, reason, attempts)
    select
        %(outbox_id)s, p.seq, p.event_id, p.type, p.aggregate_id, p.state, p.verdict, p.sqlstate, p.reason, p.attempts
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
        attempts = excluded.attempts
    returning seq
)
select case when count(*) <> %(count)s then ('outbox.kept parked ' || count(*))::integer end
from noted;

-- name: history
-- How far this outbox had been applied before a replay set it back (as JSON, because an older schema has no such column), and
-- when it was written here last, in microseconds: less than that was once means that the database went back.
select to_jsonb(s) ->> 'newest_event_id', (extract(epoch from s.applied_at) * 1000000)::bigint
from outbox.sources as s
where s.outbox_id = %(outbox_id)s;

-- name: parked_stand
-- Whether those that were put down are there: what runs after a statement may have taken them away again.
select case when count(*) <> cardinality(%(seqs)s::bigint[]) then ('outbox.kept parked ' || count(*))::integer end
from outbox.parked
where outbox_id = %(outbox_id)s and seq = any (%(seqs)s::bigint[]);

-- name: forget_beyond
-- Rows of events that the position has not passed: it was set back, and they are read again, like all that follows it.
delete from outbox.parked as p
using outbox.sources as s
where p.outbox_id = %(outbox_id)s and s.outbox_id = p.outbox_id and p.seq > s.applied_seq;

-- name: unpark
-- Events that were resolved, in the transaction that applies them. Each row is found by itself: a planner without statistics
-- (the rows may have come a moment ago) takes the table for a small one, and would read all of it for every batch.
with gone as (
    delete from outbox.parked
    where ctid = any (array(
        select mine.ctid
        from unnest(%(seqs)s::bigint[]) as r (seq)
        cross join lateral (
            select p.ctid from outbox.parked as p where p.outbox_id = %(outbox_id)s and p.seq = r.seq offset 0
        ) as mine
    ))
    returning seq
)
select case when count(*) <> cardinality(%(seqs)s::bigint[]) then ('outbox.kept parked ' || count(*))::integer end
from gone;

-- name: still_parked
-- Which of these stand on the list; under the lock of the position, which all who resolve one hold.
select mine.seq
from unnest(%(seqs)s::bigint[]) as r (seq)
cross join lateral (
    select p.seq from outbox.parked as p where p.outbox_id = %(outbox_id)s and p.seq = r.seq offset 0
) as mine;

-- name: parked
-- What is parked here and at fault itself, in order.
select seq, verdict, sqlstate, reason, attempts
from outbox.parked
where outbox_id = %(outbox_id)s and state = 'parked'
order by seq;

-- name: held
-- What waits for these. There may be very many, and all that is to be known of one is its place.
select string_agg(seq::text, ',' order by seq)
from outbox.parked
where outbox_id = %(outbox_id)s and state <> 'parked';

-- name: passed_over
-- The seqs of both.
select seq from outbox.parked where outbox_id = %(outbox_id)s;

-- name: newest_applied
-- The newest event that any outbox has had applied here; asked after the rows, whose stamps cannot be beyond it.
-- A replay in progress counts with what was applied before it; as JSON, because an older schema has no such column.
select a.newest
from outbox.sources as s, lateral (
    select greatest(s.applied_event_id, (to_jsonb(s) ->> 'newest_event_id')::uuid) as newest
) as a
where a.newest is not null
order by a.newest desc
limit 1;
