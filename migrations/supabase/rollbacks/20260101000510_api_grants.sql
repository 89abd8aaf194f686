-- The API roles lose what was granted here and get back what they had before.
set local lock_timeout = '4s';

revoke all on
public.audience_profiles, public.content_projects, public.contents, public.content_minds, public.content_tags
from public, anon, authenticated, service_role;

do $$
declare
    old record;
    made text;
begin
    for old in select * from outbox.displaced where migration = '20260101000510' order by id loop
        execute old.restores;
        delete from outbox.displaced where id = old.id;
    end loop;
    for made in
        select c.relname
        from pg_catalog.pg_class as c
        where
            c.relnamespace = 'public'::regnamespace
            and c.relname in ('minds', 'user_profiles', 'tags', 'job_executions')
            and pg_catalog.obj_description(c.oid, 'pg_class') = 'made by migration 20260101000000'
    loop
        execute format('revoke all on public.%I from public, anon, authenticated, service_role', made);
    end loop;
end
$$;
