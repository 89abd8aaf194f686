-- Row level security is on for every content table, and no policy lets anybody in but the worker: closed. Who else sees
-- and changes which row is said by 20260101000810, together with the rights that those policies guard.
--
-- In a short transaction of its own: on the hosted service policy DDL locks the tables that logins need until it commits.
set local lock_timeout = '2s';
set local statement_timeout = '60s';

-- Policies of before. For the same roles they would add up with ours, however wide they are, and on a table whose row
-- level security is off they may stand unnoticed. They are written down and set aside; the rollback brings them back.
-- Policies of other roles, and restrictive ones, stay.
do $$
declare
    old record;
begin
    for old in
        select p.*
        from pg_catalog.pg_policies as p
        where
            p.schemaname = 'public'
            and p.tablename in ('audience_profiles', 'content_projects', 'contents', 'content_minds', 'content_tags')
            and p.permissive = 'PERMISSIVE'
            and p.roles && array['public', 'anon', 'authenticated']::name[]
            and not exists (
                select
                from pg_catalog.pg_policy as own
                where
                    own.polname = p.policyname
                    and own.polrelid = format('%I.%I', p.schemaname, p.tablename)::regclass
                    and pg_catalog.obj_description(own.oid, 'pg_policy') like 'made by migration 2026%'
            )
    loop
        insert into outbox.displaced (migration, restores)
        values (
            '20260101000700',
            format(
                'create policy %I on public.%I as permissive for %s to %s%s%s', old.policyname, old.tablename, old.cmd,
                (select string_agg(case r when 'public' then 'public' else quote_ident(r) end, ', ') from unnest(old.roles) as r),
                ' using (' || old.qual || ')', ' with check (' || old.with_check || ')'
            )
        );
        execute format('drop policy %I on public.%I', old.policyname, old.tablename);
    end loop;

    for old in
        select c.relname
        from pg_catalog.pg_class as c
        where
            c.relnamespace = 'public'::regnamespace
            and c.relname in ('audience_profiles', 'content_projects', 'contents', 'content_minds', 'content_tags')
            and not c.relrowsecurity
    loop
        insert into outbox.displaced (migration, restores)
        values ('20260101000700', format('alter table public.%I disable row level security', old.relname));
        execute format('alter table public.%I enable row level security', old.relname);
    end loop;

    -- The worker writes them all, whoever they belong to, and needs a policy wherever row level security is on.
    for old in
        select unnest(array['audience_profiles', 'content_projects', 'contents', 'content_minds', 'content_tags']) as relname
    loop
        execute format('drop policy if exists outbox_worker_%1$s on public.%1$I', old.relname);
        execute format(
            'create policy outbox_worker_%1$s on public.%1$I for all to outbox_worker using (true) with check (true)',
            old.relname
        );
    end loop;
end
$$;
