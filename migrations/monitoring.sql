-- What to watch in the database. Each query stands by itself: run the file with psql as postgres, or paste one into
-- the SQL editor. All of them read, none of them locks. docs/rollout.md says which numbers call for action.

-- 1. How far each outbox has been applied, and how long ago. Compare applied_seq with "outbox status" on its host.
select
    outbox_id,
    host,
    worker_version,
    applied_seq,
    applied_at,
    round(extract(epoch from now() - applied_at)) as seconds_since_last
from outbox.sources
order by applied_at desc;

-- 2. What was parked, by reason: somebody must look at it. Held events wait for the parked one before them.
select
    outbox_id,
    state,
    verdict,
    sqlstate,
    type,
    count(*) as events,
    min(parked_at) as since,
    min(seq) as first_seq,
    left(min(reason), 200) as a_reason
from outbox.parked
group by outbox_id, state, verdict, sqlstate, type
order by events desc;

-- 3. The worker's sessions: one per worker, active or idle; "idle in transaction" for long is wrong.
select
    pid,
    application_name,
    client_addr,
    state,
    wait_event_type,
    wait_event,
    round(extract(epoch from now() - xact_start)) as transaction_seconds,
    round(extract(epoch from now() - state_change)) as state_seconds
from pg_catalog.pg_stat_activity
where usename = 'outbox_worker' or application_name like 'outbox%'
order by backend_start;

-- 4. Who waits for whom on our tables.
select
    waiting.pid as waiting_pid,
    waiting.application_name as waiting_name,
    holder.pid as holding_pid,
    holder.application_name as holding_name,
    holder.state as holding_state,
    round(extract(epoch from now() - waiting.query_start)) as waiting_seconds
from pg_catalog.pg_stat_activity as waiting
cross join lateral unnest(pg_catalog.pg_blocking_pids(waiting.pid)) as blocker (pid)
join pg_catalog.pg_stat_activity as holder on holder.pid = blocker.pid
order by waiting_seconds desc;

-- 5. Rows that came by the outbox, and those that others wrote, by table.
select 'audience_profiles' as on_table, count(*) as all_rows, count(last_event_id) as by_outbox, max(updated_at) as newest
from public.audience_profiles
union all
select 'content_projects', count(*), count(last_event_id), max(updated_at)
from public.content_projects
union all
select 'contents', count(*), count(last_event_id), max(updated_at)
from public.contents
union all
select 'content_minds', count(*), count(last_event_id), max(created_at)
from public.content_minds
union all
select 'content_tags', count(*), count(last_event_id), max(created_at)
from public.content_tags;

-- 6. Contents that arrived per hour, over the last day: the id of an event holds the time it was made.
select
    date_trunc('hour', to_timestamp(('x' || left(replace(last_event_id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)) as hour,
    count(*) as contents
from public.contents
where substring(last_event_id::text, 15, 1) = '7' and updated_at > now() - interval '1 day'
group by hour
order by hour;

-- 7. Projects without a creator: seen by the service alone until one is named.
select p.id, p.slug, p.status, p.created_at, (select count(*) from public.contents as c where c.project_id = p.id) as contents
from public.content_projects as p
where p.creator_mind_id is null
order by p.created_at;

-- 8. Lessons outside the hierarchy: a module without an outline, a lesson without a module.
select c.content_type::text, count(*) as orphans
from public.contents as c
where
    c.parent_content_id is null and c.deleted_at is null
    and c.content_type::text in ('course_module', 'course_lesson')
group by c.content_type::text;

-- 9. Size of the tables and their indexes, and dead rows that a vacuum has not yet removed.
select
    s.relname as on_table,
    pg_catalog.pg_size_pretty(pg_catalog.pg_table_size(s.relid)) as data,
    pg_catalog.pg_size_pretty(pg_catalog.pg_indexes_size(s.relid)) as indexes,
    s.n_live_tup as live_rows,
    s.n_dead_tup as dead_rows,
    s.last_autovacuum,
    s.last_autoanalyze
from pg_catalog.pg_stat_user_tables as s
where s.schemaname in ('public', 'outbox')
order by pg_catalog.pg_total_relation_size(s.relid) desc;

-- 10. Which indexes are used. One that stays at 0 for weeks costs writes and serves nobody.
select s.relname as on_table, s.indexrelname as index_name, s.idx_scan as scans, pg_catalog.pg_size_pretty(pg_catalog.pg_relation_size(s.indexrelid)) as size
from pg_catalog.pg_stat_user_indexes as s
where s.schemaname in ('public', 'outbox')
order by s.idx_scan, s.relname;

-- 11. Size of the database against the 500 MB of the free plan, and whether it takes writes.
select
    pg_catalog.pg_size_pretty(pg_catalog.pg_database_size(current_database())) as size,
    round(pg_catalog.pg_database_size(current_database()) / 5242880.0, 1) as percent_of_500_mb,
    current_setting('default_transaction_read_only') as read_only;

-- 12. Connections in use, of how many.
select count(*) as in_use, current_setting('max_connections')::int as allowed
from pg_catalog.pg_stat_activity
where backend_type = 'client backend';

-- 13. Row level security and the number of policies, by table: five tables, four policies for users and one for the worker.
select c.relname as on_table, c.relrowsecurity as row_security, count(p.oid) as policies
from pg_catalog.pg_class as c
left join pg_catalog.pg_policy as p on p.polrelid = c.oid
where
    c.relnamespace = 'public'::regnamespace
    and c.relname in ('audience_profiles', 'content_projects', 'contents', 'content_minds', 'content_tags')
group by c.relname, c.relrowsecurity
order by c.relname;

-- 14. Which migrations are applied; "worker migrate status" compares them with the files.
select version, name, coalesce(array_length(statements, 1), 0) as statements
from supabase_migrations.schema_migrations
order by version;
