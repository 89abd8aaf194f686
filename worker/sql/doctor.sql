-- name: server
-- What the doctor asks first; nothing of it needs a right of its own.
select
    current_setting('server_version') as version,
    current_setting('server_version_num')::integer as version_number,
    current_user as role,
    coalesce((select s.ssl from pg_catalog.pg_stat_ssl as s where s.pid = pg_backend_pid()), false) as tls,
    pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean as read_only,
    extract(epoch from clock_timestamp())::float8 as now,
    (select r.rolsuper from pg_catalog.pg_roles as r where r.rolname = current_user) as superuser,
    (select s.setting::integer from pg_catalog.pg_settings as s where s.name = 'statement_timeout') as timeout_ms;

-- name: missing_rights
-- Rights that the projection needs and this role lacks.
select format('%%s on %%s', need.privilege, need.relation)
from (
    select * from unnest(%(relations)s::text[], %(privileges)s::text[])
    union all
    values
    ('outbox.sources', 'update'), ('outbox.parked', 'delete'), ('outbox.destination', 'select'),
    ('outbox.removed_links', 'insert'), ('outbox.removed_rows', 'insert'), ('outbox.inbox', 'insert')
) as need (relation, privilege)
where
    case
        when coalesce(has_schema_privilege(to_regnamespace(split_part(need.relation, '.', 1))::oid, 'usage'), false)
            then to_regclass(need.relation) is null or not has_table_privilege(need.relation, need.privilege)
        else true
    end;

-- name: without_row_security
-- Tables that the relay writes and the API could read without any policy: those of content, and others if a role of the
-- API has a right to them.
select n.nspname || '.' || c.relname
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where
    n.nspname || '.' || c.relname = any(%(relations)s::text[])
    and not c.relrowsecurity
    and (
        n.nspname || '.' || c.relname = any(%(always)s::text[])
        or exists (
            select from pg_catalog.pg_roles as r
            where
                r.rolname in ('anon', 'authenticated')
                and has_schema_privilege(r.oid, n.oid, 'usage')
                and has_table_privilege(r.oid, c.oid, 'select, insert, update, delete')
        )
    );
