-- Rights of the API roles, said in full: nothing rests on default grants, which differ between projects and change in 2026.
-- What was granted before is written down first, so that the rollback gives it back.
set local lock_timeout = '4s';
set local statement_timeout = '60s';

-- Only once: a second run would take our own grants for somebody else's. The empty "select" marks that it was done.
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
from public, anon, authenticated, service_role;

grant select, insert, update, delete on
public.audience_profiles, public.content_projects, public.contents, public.content_minds, public.content_tags
to authenticated, service_role;

-- Tables of the wider system: spoken for only where the first migration made them.
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
        if made <> 'job_executions' then
            execute format('grant select on public.%I to authenticated', made);
        end if;
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
