-- The content tables are closed before anything is opened: what visitors and signed-in users had is written down and taken
-- away here, 20260101000700 turns row level security on, and 20260101000810 grants, in the transaction that makes the
-- policies. So wherever a run stops, nobody can do what they could not do before. service_role, which row level security
-- does not hold, keeps what it has until then.
set local lock_timeout = '4s';
set local statement_timeout = '60s';

-- Rights of before. Only once: a second run would take our own grants for somebody else's. The empty "select" marks
-- that it was done.
insert into outbox.displaced (migration, restores)
select before.*
from (
select
    '20260101000510',
    format(
        'grant %s on public.%I to %s%s', acl.privilege_type, c.relname,
        case acl.grantee when 0 then 'public' else quote_ident(pg_catalog.pg_get_userbyid(acl.grantee)) end,
        case when acl.is_grantable then ' with grant option' else '' end
    )
from pg_catalog.pg_class as c, pg_catalog.aclexplode(c.relacl) as acl
where
    c.relnamespace = 'public'::regnamespace
    and c.relname in ('audience_profiles', 'content_projects', 'contents', 'content_minds', 'content_tags')
    and (acl.grantee = 0 or acl.grantee in ('anon'::regrole, 'authenticated'::regrole, 'service_role'::regrole))
union all
select
    '20260101000510',
    format(
        'grant %s (%I) on public.%I to %s', acl.privilege_type, a.attname, c.relname,
        case acl.grantee when 0 then 'public' else quote_ident(pg_catalog.pg_get_userbyid(acl.grantee)) end
    )
from pg_catalog.pg_class as c
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attacl is not null and not a.attisdropped,
    pg_catalog.aclexplode(a.attacl) as acl
where
    c.relnamespace = 'public'::regnamespace
    and c.relname in ('audience_profiles', 'content_projects', 'contents', 'content_minds', 'content_tags')
    and (acl.grantee = 0 or acl.grantee in ('anon'::regrole, 'authenticated'::regrole, 'service_role'::regrole))
union all
select '20260101000510', 'select'
) as before
where not exists (select from outbox.displaced as done where done.migration = '20260101000510');

revoke all on
public.audience_profiles, public.content_projects, public.contents, public.content_minds, public.content_tags
from public, anon, authenticated;

-- Tables of the wider system: spoken for only where the first migration made them, with row level security on.
do $$
declare
    made text;
    mine constant text := 'made by migration 20260101000000';
begin
    for made in
        select c.relname
        from pg_catalog.pg_class as c
        where
            c.relnamespace = 'public'::regnamespace
            and c.relname in ('minds', 'user_profiles', 'tags', 'job_executions')
            and pg_catalog.obj_description(c.oid, 'pg_class') = mine
    loop
        execute format('revoke all on public.%I from public, anon, authenticated, service_role', made);
        execute format('grant select, insert, update, delete on public.%I to service_role', made);
    end loop;
    if pg_catalog.obj_description('public.tags'::regclass, 'pg_class') = mine then
        execute format(
            'revoke all on sequence %1$s from public, anon, authenticated, service_role',
            pg_get_serial_sequence('public.tags', 'id')
        );
        execute format('grant usage on sequence %s to service_role', pg_get_serial_sequence('public.tags', 'id'));
    end if;
end
$$;
