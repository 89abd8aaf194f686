-- name: backed_up_schemas
-- What a backup holds; one without tables counts too, since tables refer to its functions.
select n.nspname::text
from pg_catalog.pg_namespace as n
where n.nspname in ('public', 'outbox', 'content_access', 'supabase_migrations')
order by n.nspname;

-- name: backed_up_tables
-- Every table that a backup holds, and the statement that counts it.
select
    n.nspname || '.' || c.relname,
    format('select count(*) from %I.%I', n.nspname, c.relname)
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where
    c.relkind = 'r'
    and n.nspname in ('public', 'outbox', 'content_access', 'supabase_migrations')
    -- A table that an extension brought is restored by the extension.
    and not exists (
        select from pg_catalog.pg_depend as d where d.objid = c.oid and d.deptype = 'e'
    )
order by n.nspname, c.relname;
