-- Our policies go, and what they replaced comes back. Row level security stays on where it was on before, so that tables
-- that were closed are closed again rather than open.
set local lock_timeout = '2s';
set local statement_timeout = '60s';

do $$
declare
    own record;
    old record;
begin
    for own in
        select p.polname, c.relname
        from pg_catalog.pg_policy as p
        join pg_catalog.pg_class as c on c.oid = p.polrelid
        where pg_catalog.obj_description(p.oid, 'pg_policy') = 'made by migration 20260101000700'
    loop
        execute format('drop policy %I on public.%I', own.polname, own.relname);
    end loop;
    for old in select * from outbox.displaced where migration = '20260101000700' order by id loop
        execute old.restores;
        delete from outbox.displaced where id = old.id;
    end loop;
end
$$;

drop policy if exists minds_read on public.minds;
drop policy if exists user_profiles_read on public.user_profiles;
drop policy if exists tags_read on public.tags;
