-- What was set aside comes back. Nobody has rights by then that it could widen: those of signed-in users went with
-- 20260101000810 or go here first (on a database that had this file in its first form), and those of before come back with
-- 20260101000510. Row level security stays on where it was on before.
set local lock_timeout = '2s';
set local statement_timeout = '60s';

revoke all on
public.audience_profiles, public.content_projects, public.contents, public.content_minds, public.content_tags
from public, anon, authenticated;

do $$
declare
    own record;
    mine constant text := 'made by migration 20260101000000';
begin
    for own in
        select c.relname
        from pg_catalog.pg_class as c
        where
            c.relnamespace = 'public'::regnamespace
            and c.relname in ('minds', 'user_profiles', 'tags')
            and pg_catalog.obj_description(c.oid, 'pg_class') = mine
    loop
        execute format('revoke all on public.%I from authenticated', own.relname);
        execute format('drop policy if exists %I on public.%I', own.relname || '_read', own.relname);
    end loop;
    for own in
        select p.polname, c.relname
        from pg_catalog.pg_policy as p
        join pg_catalog.pg_class as c on c.oid = p.polrelid
        where
            c.relnamespace = 'public'::regnamespace
            and pg_catalog.obj_description(p.oid, 'pg_policy') in (
                'made by migration 20260101000700', 'made by migration 20260101000810'
            )
    loop
        execute format('drop policy %I on public.%I', own.polname, own.relname);
    end loop;
    for own in select * from outbox.displaced where migration = '20260101000700' order by id loop
        execute own.restores;
        delete from outbox.displaced where id = own.id;
    end loop;
end
$$;
