-- Who sees and changes which row. Policies only, in a short transaction of their own: on the hosted service policy DDL
-- locks the tables that logins need until it commits.
--
-- In words: a project belongs to its creator, who may do anything with it; its persona may read it. Contents follow their
-- project; a content without a project follows the minds that made it. Published contents are read by everyone
-- signed in. Links follow their content. An audience profile belongs to its maker and is read by whoever reads a
-- project that aims at it. A project without a creator is nobody's: only the service sees it until one is named.
-- anon has neither rights nor policies. Each role has one policy per verb, so that no two add up.
set local lock_timeout = '2s';
set local statement_timeout = '60s';

-- What was there before for the same roles would add up with ours, however wide it is. It is written down and set
-- aside; the rollback brings it back. Policies of other roles, and restrictive ones, stay.
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
                    and pg_catalog.obj_description(own.oid, 'pg_policy') = 'made by migration 20260101000700'
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
end
$$;

-- content_projects
drop policy if exists projects_read on public.content_projects;
create policy projects_read on public.content_projects for select to authenticated
using (
    creator_mind_id = (select content_access.current_mind_id())
    or persona_mind_id = (select content_access.current_mind_id())
);
drop policy if exists projects_make on public.content_projects;
create policy projects_make on public.content_projects for insert to authenticated
with check (creator_mind_id = (select content_access.current_mind_id()));
drop policy if exists projects_change on public.content_projects;
create policy projects_change on public.content_projects for update to authenticated
using (creator_mind_id = (select content_access.current_mind_id()))
with check (creator_mind_id = (select content_access.current_mind_id()));
drop policy if exists projects_remove on public.content_projects;
create policy projects_remove on public.content_projects for delete to authenticated
using (creator_mind_id = (select content_access.current_mind_id()));

-- contents
drop policy if exists contents_read on public.contents;
create policy contents_read on public.contents for select to authenticated
using (
    (status = 'published' and deleted_at is null)
    or project_id in (select p.id from public.content_projects as p)
    or (project_id is null and id in (select content_access.authored_content_ids()))
);
drop policy if exists contents_make on public.contents;
create policy contents_make on public.contents for insert to authenticated
with check (project_id in (select content_access.own_project_ids()));
drop policy if exists contents_change on public.contents;
create policy contents_change on public.contents for update to authenticated
using (
    project_id in (select content_access.own_project_ids())
    or (project_id is null and id in (select content_access.authored_content_ids()))
)
with check (
    project_id in (select content_access.own_project_ids())
    or (project_id is null and id in (select content_access.authored_content_ids()))
);
drop policy if exists contents_remove on public.contents;
create policy contents_remove on public.contents for delete to authenticated
using (
    project_id in (select content_access.own_project_ids())
    or (project_id is null and id in (select content_access.authored_content_ids()))
);

-- audience_profiles
drop policy if exists audiences_read on public.audience_profiles;
create policy audiences_read on public.audience_profiles for select to authenticated
using (
    creator_mind_id = (select content_access.current_mind_id())
    or id in (select content_access.readable_audience_ids())
);
drop policy if exists audiences_make on public.audience_profiles;
create policy audiences_make on public.audience_profiles for insert to authenticated
with check (creator_mind_id = (select content_access.current_mind_id()));
-- A profile without a maker may be changed by the one creator whose projects use it, who thereby becomes its maker.
drop policy if exists audiences_change on public.audience_profiles;
create policy audiences_change on public.audience_profiles for update to authenticated
using (
    creator_mind_id = (select content_access.current_mind_id())
    or id in (select content_access.adoptable_audience_ids())
)
with check (creator_mind_id = (select content_access.current_mind_id()));
drop policy if exists audiences_remove on public.audience_profiles;
create policy audiences_remove on public.audience_profiles for delete to authenticated
using (creator_mind_id = (select content_access.current_mind_id()));

-- content_minds: the inner select is itself subject to the policies of contents
drop policy if exists content_minds_read on public.content_minds;
create policy content_minds_read on public.content_minds for select to authenticated
using (exists (select from public.contents as c where c.id = content_minds.content_id));
drop policy if exists content_minds_make on public.content_minds;
create policy content_minds_make on public.content_minds for insert to authenticated
with check (
    exists (
        select
        from public.contents as c
        where
            c.id = content_minds.content_id
            and (
                c.project_id in (select content_access.own_project_ids())
                or (c.project_id is null and c.id in (select content_access.authored_content_ids()))
            )
    )
);
drop policy if exists content_minds_change on public.content_minds;
create policy content_minds_change on public.content_minds for update to authenticated
using (
    exists (
        select
        from public.contents as c
        where
            c.id = content_minds.content_id
            and (
                c.project_id in (select content_access.own_project_ids())
                or (c.project_id is null and c.id in (select content_access.authored_content_ids()))
            )
    )
)
with check (
    exists (
        select
        from public.contents as c
        where
            c.id = content_minds.content_id
            and (
                c.project_id in (select content_access.own_project_ids())
                or (c.project_id is null and c.id in (select content_access.authored_content_ids()))
            )
    )
);
drop policy if exists content_minds_remove on public.content_minds;
create policy content_minds_remove on public.content_minds for delete to authenticated
using (
    exists (
        select
        from public.contents as c
        where
            c.id = content_minds.content_id
            and (
                c.project_id in (select content_access.own_project_ids())
                or (c.project_id is null and c.id in (select content_access.authored_content_ids()))
            )
    )
);

-- content_tags: the inner select is itself subject to the policies of contents
drop policy if exists content_tags_read on public.content_tags;
create policy content_tags_read on public.content_tags for select to authenticated
using (exists (select from public.contents as c where c.id = content_tags.content_id));
drop policy if exists content_tags_make on public.content_tags;
create policy content_tags_make on public.content_tags for insert to authenticated
with check (
    exists (
        select
        from public.contents as c
        where
            c.id = content_tags.content_id
            and (
                c.project_id in (select content_access.own_project_ids())
                or (c.project_id is null and c.id in (select content_access.authored_content_ids()))
            )
    )
);
drop policy if exists content_tags_change on public.content_tags;
create policy content_tags_change on public.content_tags for update to authenticated
using (
    exists (
        select
        from public.contents as c
        where
            c.id = content_tags.content_id
            and (
                c.project_id in (select content_access.own_project_ids())
                or (c.project_id is null and c.id in (select content_access.authored_content_ids()))
            )
    )
)
with check (
    exists (
        select
        from public.contents as c
        where
            c.id = content_tags.content_id
            and (
                c.project_id in (select content_access.own_project_ids())
                or (c.project_id is null and c.id in (select content_access.authored_content_ids()))
            )
    )
);
drop policy if exists content_tags_remove on public.content_tags;
create policy content_tags_remove on public.content_tags for delete to authenticated
using (
    exists (
        select
        from public.contents as c
        where
            c.id = content_tags.content_id
            and (
                c.project_id in (select content_access.own_project_ids())
                or (c.project_id is null and c.id in (select content_access.authored_content_ids()))
            )
    )
);

-- The worker writes them all, whoever they belong to, and needs a policy wherever row level security is on.
drop policy if exists outbox_worker_audience_profiles on public.audience_profiles;
create policy outbox_worker_audience_profiles on public.audience_profiles
for all to outbox_worker using (true) with check (true);
drop policy if exists outbox_worker_content_projects on public.content_projects;
create policy outbox_worker_content_projects on public.content_projects
for all to outbox_worker using (true) with check (true);
drop policy if exists outbox_worker_contents on public.contents;
create policy outbox_worker_contents on public.contents for all to outbox_worker using (true) with check (true);
drop policy if exists outbox_worker_content_minds on public.content_minds;
create policy outbox_worker_content_minds on public.content_minds
for all to outbox_worker using (true) with check (true);
drop policy if exists outbox_worker_content_tags on public.content_tags;
create policy outbox_worker_content_tags on public.content_tags
for all to outbox_worker using (true) with check (true);

-- Ours carry a mark, by which a second run tells them from others.
do $$
declare
    own record;
begin
    for own in
        select p.polname, c.relname
        from pg_catalog.pg_policy as p
        join pg_catalog.pg_class as c on c.oid = p.polrelid
        where
            c.relnamespace = 'public'::regnamespace
            and p.polname in (
                'projects_read', 'projects_make', 'projects_change', 'projects_remove',
                'contents_read', 'contents_make', 'contents_change', 'contents_remove',
                'audiences_read', 'audiences_make', 'audiences_change', 'audiences_remove',
                'content_minds_read', 'content_minds_make', 'content_minds_change', 'content_minds_remove',
                'content_tags_read', 'content_tags_make', 'content_tags_change', 'content_tags_remove'
            )
    loop
        execute format(
            'comment on policy %I on public.%I is %L', own.polname, own.relname, 'made by migration 20260101000700'
        );
    end loop;
end
$$;

-- Tables of the wider system, where the first migration made them; elsewhere their owner has spoken already.
do $$
declare
    mine constant text := 'made by migration 20260101000000';
begin
    if pg_catalog.obj_description('public.minds'::regclass, 'pg_class') = mine then
        drop policy if exists minds_read on public.minds;
        create policy minds_read on public.minds for select to authenticated
        using (privacy_level = 'public' or id = (select content_access.current_mind_id()));
    end if;
    if pg_catalog.obj_description('public.user_profiles'::regclass, 'pg_class') = mine then
        drop policy if exists user_profiles_read on public.user_profiles;
        create policy user_profiles_read on public.user_profiles for select to authenticated
        using (id = (select auth.uid()));
    end if;
    if pg_catalog.obj_description('public.tags'::regclass, 'pg_class') = mine then
        drop policy if exists tags_read on public.tags;
        create policy tags_read on public.tags for select to authenticated using (true);
    end if;
end
$$;
