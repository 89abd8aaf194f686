-- name: create_history
-- The table as the Supabase CLI makes it; on the hosted service it is there and has more columns.
-- What is there is not touched: it may belong to another role.
do $$
declare
    wanted record;
begin
    if to_regclass('supabase_migrations.schema_migrations') is null then
        create schema if not exists supabase_migrations;
        create table supabase_migrations.schema_migrations (
            version text not null primary key, statements text[], name text
        );
    end if;
    for wanted in
        select * from (values ('statements', 'text[]'), ('name', 'text')) as columns (called, type)
    loop
        if not exists (
            select
            from pg_catalog.pg_attribute as a
            where
                a.attrelid = 'supabase_migrations.schema_migrations'::regclass and a.attname = wanted.called
                and not a.attisdropped
        ) then
            execute format(
                'alter table supabase_migrations.schema_migrations add column %I %s', wanted.called, wanted.type
            );
        end if;
    end loop;
end
$$;

-- name: history_exists
-- Whether anything was ever migrated here.
select to_regclass('supabase_migrations.schema_migrations') is not null;

-- name: read_history
-- What was applied, by whomever, oldest first. A table of an older tool may lack a column.
select h.version::text, to_jsonb(h) ->> 'name', to_jsonb(h) -> 'statements'
from supabase_migrations.schema_migrations as h
order by 1;

-- name: read_displaced
-- What migrations set aside so far.
select d.restores from outbox.displaced as d order by d.id;

-- name: record
-- One row per migration, in the transaction that applies it.
insert into supabase_migrations.schema_migrations (version, name, statements) values (%s, %s, %s);

-- name: forget
-- Taken back: the row goes with the objects.
delete from supabase_migrations.schema_migrations where version = %s;

-- name: is_recorded
-- Whether this version is in the history.
select true from supabase_migrations.schema_migrations where version = %s;

-- name: try_lock
-- One migration at a time; freed by the end of the transaction, however it ends.
select pg_try_advisory_xact_lock(%s);

-- name: lock_holders
-- Who holds a lock on one of our tables, or is migrating, and for how long.
select distinct
    format(
        'session %%s (%%s, %%s) has held %%s for %%s s',
        a.pid, coalesce(nullif(a.application_name, ''), 'no name'), coalesce(a.state, 'unknown state'),
        case l.locktype
            when 'advisory' then 'the lock of a running migration'
            else format('a %%s on %%s', l.mode, l.relation::regclass)
        end,
        round(extract(epoch from now() - a.xact_start))
    )
from pg_catalog.pg_locks as l
join pg_catalog.pg_stat_activity as a on a.pid = l.pid
where
    l.granted
    and l.pid <> pg_backend_pid()
    and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = current_database())
    and (
        (l.locktype = 'advisory' and (l.classid::bigint << 32) | l.objid::bigint = %(key)s)
        or l.relation in (
            select c.oid
            from pg_catalog.pg_class as c
            join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
            where
                n.nspname = 'outbox'
                or (
                    n.nspname = 'public'
                    and c.relname = any(%(tables)s::name[])
                )
        )
    );

-- name: has_identity
-- The name of the database, and whether the bookkeeping is there.
select current_database(), to_regclass('outbox.destination') is not null;

-- name: identity
select destination_id from outbox.destination;

-- name: change_identity
-- Guarded by the identity that was looked at.
update outbox.destination set destination_id = %(after)s where destination_id = %(before)s;
