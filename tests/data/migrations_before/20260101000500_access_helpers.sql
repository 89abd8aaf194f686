-- Who is asking, and which rows are theirs: read by the row policies, once per statement.
--
-- SECURITY DEFINER, because the answer must not depend on policies that ask this very question (a policy on a table that
-- reads the table recurses). Each returns ids of the caller's own and nothing else; the schema is not exposed, and
-- anon may not execute any of them. They look the caller up themselves rather than through current_mind_id(): a function
-- that runs with its owner's rights is not inlined, and every call is paid for.
set local lock_timeout = '4s';
set local statement_timeout = '60s';

create or replace function content_access.current_mind_id()
returns uuid
language sql
stable
security definer
set search_path = ''
as $$
    select p.mind_id from public.user_profiles as p where p.id = (select auth.uid())
$$;
comment on function content_access.current_mind_id() is 'The mind of the signed-in user; null when there is none.';

create or replace function content_access.own_project_ids()
returns setof uuid
language sql
stable
security definer
set search_path = ''
as $$
    select p.id
    from public.content_projects as p
    join public.user_profiles as me on me.mind_id = p.creator_mind_id
    where me.id = (select auth.uid())
$$;
comment on function content_access.own_project_ids() is 'Projects that the caller may change: those they created.';

create or replace function content_access.readable_project_ids()
returns setof uuid
language sql
stable
security definer
set search_path = ''
as $$
    select p.id
    from public.content_projects as p
    join public.user_profiles as me on me.mind_id in (p.creator_mind_id, p.persona_mind_id)
    where me.id = (select auth.uid())
$$;
comment on function content_access.readable_project_ids() is 'Projects that the caller created or is the persona of.';

create or replace function content_access.authored_content_ids()
returns setof uuid
language sql
stable
security definer
set search_path = ''
as $$
    select m.content_id
    from public.content_minds as m
    join public.user_profiles as me on me.mind_id = m.mind_id
    where
        me.id = (select auth.uid())
        and m.role::text in ('creator', 'author', 'co_author')
$$;
comment on function content_access.authored_content_ids() is 'Contents that name the caller as maker; decides where there is no project.';

create or replace function content_access.readable_audience_ids()
returns setof uuid
language sql
stable
security definer
set search_path = ''
as $$
    select p.target_audience_id
    from public.content_projects as p
    where
        p.target_audience_id is not null
        and p.id in (select content_access.readable_project_ids())
$$;
comment on function content_access.readable_audience_ids() is 'Audience profiles that a readable project aims at.';

create or replace function content_access.adoptable_audience_ids()
returns setof uuid
language sql
stable
security definer
set search_path = ''
as $$
    select a.id
    from public.audience_profiles as a
    where
        a.creator_mind_id is null
        and exists (
            select
            from public.content_projects as mine
            where
                mine.target_audience_id = a.id
                and mine.creator_mind_id = (select content_access.current_mind_id())
        )
        and not exists (
            select
            from public.content_projects as other
            where
                other.target_audience_id = a.id
                and other.creator_mind_id is distinct from (select content_access.current_mind_id())
        )
$$;
comment on function content_access.adoptable_audience_ids() is 'Audience profiles without a maker that only the caller''s projects use.';

revoke all on all functions in schema content_access from public, anon, authenticated, service_role;
grant usage on schema content_access to authenticated, service_role;
grant execute on function
content_access.current_mind_id(),
content_access.own_project_ids(),
content_access.readable_project_ids(),
content_access.authored_content_ids(),
content_access.readable_audience_ids(),
content_access.adoptable_audience_ids()
to authenticated, service_role;

-- A profile made through the API belongs to whoever makes it. The worker has no mind, so its rows have no maker
-- until one is named.
grant execute on function content_access.current_mind_id() to outbox_worker;
alter table public.audience_profiles alter column creator_mind_id set default content_access.current_mind_id();
