-- Who sees and changes which row, and which columns: policies and the rights that they guard, in one transaction. Short, for on
-- the hosted service policy DDL locks the tables that logins need until it commits. It makes everything anew, so that a
-- database that had an earlier form of it ends as a fresh one does.
--
-- In words: a project belongs to its creator, who may do anything with it; its persona may read it. Contents follow their
-- project; a content without a project follows the minds that made it. Published contents are read by everyone
-- signed in. Links follow their content. An audience profile belongs to its maker and is read by whoever reads a
-- project that aims at it. A project without a creator is nobody's: only the service sees it until one is named.
-- What a row points at (audience, persona, mind, tag) must be visible to whoever points; a content's parent is of its own
-- project. anon has neither rights nor policies. Each role has one policy per verb, so that no two add up.
set local lock_timeout = '2s';
set local statement_timeout = '60s';

-- Closed first.
revoke all on
public.audience_profiles, public.content_projects, public.contents, public.content_minds, public.content_tags
from public, anon, authenticated;

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
            and pg_catalog.obj_description(p.oid, 'pg_policy') in (
                'made by migration 20260101000700', 'made by migration 20260101000810'
            )
    loop
        execute format('drop policy %I on public.%I', own.polname, own.relname);
    end loop;
end
$$;

-- content_projects
create policy projects_read on public.content_projects for select to authenticated
using (
    creator_mind_id = (select content_access.current_mind_id())
    or persona_mind_id = (select content_access.current_mind_id())
);
create policy projects_make on public.content_projects for insert to authenticated
with check (
    creator_mind_id = (select content_access.current_mind_id())
    and (target_audience_id is null or (select content_access.aims_at(target_audience_id)))
    and (
        persona_mind_id is null
        or (select content_access.knows_mind(persona_mind_id))
        or (select content_access.sees_mind(persona_mind_id))
    )
);
create policy projects_change on public.content_projects for update to authenticated
using (creator_mind_id = (select content_access.current_mind_id()))
with check (
    creator_mind_id = (select content_access.current_mind_id())
    and (target_audience_id is null or (select content_access.aims_at(target_audience_id)))
    and (
        persona_mind_id is null
        or (select content_access.knows_mind(persona_mind_id))
        or (select content_access.sees_mind(persona_mind_id))
    )
);
create policy projects_remove on public.content_projects for delete to authenticated
using (creator_mind_id = (select content_access.current_mind_id()));

-- contents
create policy contents_read on public.contents for select to authenticated
using (
    (status = 'published' and deleted_at is null)
    or project_id in (select p.id from public.content_projects as p)
    or (project_id is null and id in (select content_access.authored_content_ids()))
);
create policy contents_make on public.contents for insert to authenticated
with check (
    project_id in (select content_access.own_project_ids())
    and (parent_content_id is null or (select content_access.is_in_project(parent_content_id, project_id)))
);
create policy contents_change on public.contents for update to authenticated
using (
    project_id in (select content_access.own_project_ids())
    or (project_id is null and id in (select content_access.authored_content_ids()))
)
with check (
    (
        project_id in (select content_access.own_project_ids())
        or (project_id is null and id in (select content_access.authored_content_ids()))
    )
    and (
        parent_content_id is null
        or (parent_content_id <> id and (select content_access.is_in_project(parent_content_id, project_id)))
    )
);
create policy contents_remove on public.contents for delete to authenticated
using (
    project_id in (select content_access.own_project_ids())
    or (project_id is null and id in (select content_access.authored_content_ids()))
);

-- audience_profiles
create policy audiences_read on public.audience_profiles for select to authenticated
using (
    creator_mind_id = (select content_access.current_mind_id())
    or id in (select content_access.readable_audience_ids())
);
create policy audiences_make on public.audience_profiles for insert to authenticated
with check (creator_mind_id = (select content_access.current_mind_id()));
-- A profile without a maker may be changed by the one creator whose projects use it, who thereby becomes its maker.
create policy audiences_change on public.audience_profiles for update to authenticated
using (
    creator_mind_id = (select content_access.current_mind_id())
    or id in (select content_access.adoptable_audience_ids())
)
with check (creator_mind_id = (select content_access.current_mind_id()));
create policy audiences_remove on public.audience_profiles for delete to authenticated
using (creator_mind_id = (select content_access.current_mind_id()));

-- content_minds: the inner select is itself subject to the policies of contents
create policy content_minds_read on public.content_minds for select to authenticated
using (exists (select from public.contents as c where c.id = content_minds.content_id));
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
    and (
        (select content_access.knows_mind(mind_id))
        or (select content_access.sees_mind(mind_id))
    )
);
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
    and (
        (select content_access.knows_mind(mind_id))
        or (select content_access.sees_mind(mind_id))
    )
);
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
create policy content_tags_read on public.content_tags for select to authenticated
using (exists (select from public.contents as c where c.id = content_tags.content_id));
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
    and (select content_access.sees_tag(tag_id))
);
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
    and (select content_access.sees_tag(tag_id))
);
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

-- Ours carry a mark, by which a second run, the rollback and the audit tell them from others.
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
            'comment on policy %I on public.%I is %L', own.polname, own.relname, 'made by migration 20260101000810'
        );
    end loop;
end
$$;

-- What the policies ask, for those whom they are asked for.
grant usage on schema content_access to authenticated, service_role;
grant execute on all functions in schema content_access to authenticated, service_role;
revoke execute on function content_access.touch_updated_at() from authenticated, service_role;
-- A profile made through the API belongs to whoever makes it. The worker names no maker: its rows have none until one
-- is named.
alter table public.audience_profiles alter column creator_mind_id set default content_access.current_mind_id();

-- Columns that the relay goes by are not written through the API: which row it is, when it was made, which event wrote it
-- last; nor the execution that made a content, which signed-in users do not see. A column that is added later has to be granted
-- by whoever adds it.
do $$
declare
    wanted record;
begin
    for wanted in
        select c.relname, string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns
        from pg_catalog.pg_class as c
        join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where
            c.relnamespace = 'public'::regnamespace
            and c.relname in ('audience_profiles', 'content_projects', 'contents', 'content_minds', 'content_tags')
            and a.attname not in ('id', 'created_at', 'last_event_id', 'generation_execution_id')
        group by c.relname
    loop
        execute format('revoke all on public.%I from service_role', wanted.relname);
        execute format('grant select, insert, update, delete on public.%I to service_role', wanted.relname);
        execute format('grant select, delete on public.%I to authenticated', wanted.relname);
        execute format(
            'grant insert (%1$s), update (%1$s) on public.%2$I to authenticated', wanted.columns, wanted.relname
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
        grant select on public.minds to authenticated;
    end if;
    if pg_catalog.obj_description('public.user_profiles'::regclass, 'pg_class') = mine then
        drop policy if exists user_profiles_read on public.user_profiles;
        create policy user_profiles_read on public.user_profiles for select to authenticated
        using (id = (select auth.uid()));
        grant select on public.user_profiles to authenticated;
    end if;
    if pg_catalog.obj_description('public.tags'::regclass, 'pg_class') = mine then
        drop policy if exists tags_read on public.tags;
        create policy tags_read on public.tags for select to authenticated using (true);
        grant select on public.tags to authenticated;
    end if;
end
$$;
