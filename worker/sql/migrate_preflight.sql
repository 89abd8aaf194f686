-- name: server
-- What we are talking to, and as whom.
select
    current_setting('server_version_num')::int as version_number,
    current_setting('server_version') as version,
    current_user::text as login,
    pg_catalog.pg_encoding_to_char(
        (select d.encoding from pg_catalog.pg_database as d where d.datname = current_database())
    )::text as encoding,
    pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean as read_only,
    has_database_privilege(current_database(), 'create') as may_create_schemas,
    has_schema_privilege('public', 'create') as may_create_in_public,
    (select r.rolcreaterole or r.rolsuper from pg_catalog.pg_roles as r where r.rolname = current_user) as may_create_roles,
    to_regrole('outbox_worker') is not null as has_worker_role;

-- name: missing_surroundings
-- What Supabase brings along and we build upon.
select wanted.thing
from (
    values
    ('role anon', to_regrole('anon') is not null),
    ('role authenticated', to_regrole('authenticated') is not null),
    ('role service_role', to_regrole('service_role') is not null),
    -- By the catalogue, which answers whoever asks; to_regclass refuses where the schema is closed to the login.
    (
        'function auth.uid()',
        exists (
            select
            from pg_catalog.pg_proc as f
            join pg_catalog.pg_namespace as n on n.oid = f.pronamespace
            where n.nspname = 'auth' and f.proname = 'uid'
        )
    ),
    (
        'table auth.users',
        exists (
            select
            from pg_catalog.pg_class as c
            join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
            where n.nspname = 'auth' and c.relname = 'users'
        )
    )
) as wanted (thing, is_there)
where not wanted.is_there;

-- name: not_ours_to_change
-- Tables that exist and belong to a role whose rights we do not have.
select c.relname::text, pg_catalog.pg_get_userbyid(c.relowner)::text
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where
    n.nspname = 'public'
    and c.relname = any(%(own)s::name[])
    and not pg_has_role(c.relowner, 'usage')
order by c.relname;

-- name: existing_tables
-- Which of the tables exist that the migrations make, and about how many rows each has (-1: never counted).
select c.relname::text, c.reltuples::bigint, pg_catalog.pg_total_relation_size(c.oid)
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where
    n.nspname = 'public' and c.relkind = 'r'
    and c.relname = any(%(tables)s::name[])
order by c.relname;
