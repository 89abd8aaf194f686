-- Who is asking, which rows are theirs, and what they may point at: asked by the row policies of the next file.
--
-- Most are SECURITY DEFINER, because the answer must not depend on policies that ask this very question (a policy on a
-- table that reads the table recurses). Each speaks of what is the caller's own and of nothing else; the schema is not
-- exposed, and neither anon nor the worker may execute any of them.
--
-- A function that runs with its owner's rights must not find anything of its caller's. An empty search_path does not
-- do: PostgreSQL then still looks into pg_temp, before all else, for types and tables, and everybody can make those
-- there. Only a path that names pg_temp puts it last. It holds for auth.uid() inside as well, which casts to jsonb by
-- its bare name. Tables, types and operators are written with their schema besides.
--
-- They look the caller up themselves rather than through current_mind_id(): a function that runs with its owner's rights is
-- not inlined, and every call is paid for.
set local lock_timeout = '4s';
set local statement_timeout = '60s';

alter function content_access.touch_updated_at() set search_path = pg_catalog, pg_temp;

create or replace function content_access.current_mind_id()
returns pg_catalog.uuid
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select p.mind_id
    from public.user_profiles as p
    where p.id operator(pg_catalog.=) (select auth.uid())
$$;
comment on function content_access.current_mind_id() is 'The mind of the signed-in user; null when there is none.';

create or replace function content_access.own_project_ids()
returns setof pg_catalog.uuid
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select p.id
    from public.content_projects as p
    join public.user_profiles as me on me.mind_id operator(pg_catalog.=) p.creator_mind_id
    where me.id operator(pg_catalog.=) (select auth.uid())
$$;
comment on function content_access.own_project_ids() is 'Projects that the caller may change: those they created.';

create or replace function content_access.readable_project_ids()
returns setof pg_catalog.uuid
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select p.id
    from public.content_projects as p
    join public.user_profiles as me
        on me.mind_id operator(pg_catalog.=) p.creator_mind_id or me.mind_id operator(pg_catalog.=) p.persona_mind_id
    where me.id operator(pg_catalog.=) (select auth.uid())
$$;
comment on function content_access.readable_project_ids() is 'Projects that the caller created or is the persona of.';

create or replace function content_access.authored_content_ids()
returns setof pg_catalog.uuid
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select m.content_id
    from public.content_minds as m
    join public.user_profiles as me on me.mind_id operator(pg_catalog.=) m.mind_id
    where
        me.id operator(pg_catalog.=) (select auth.uid())
        and m.role::pg_catalog.text operator(pg_catalog.=) any(array['creator', 'author', 'co_author']::pg_catalog.text[])
$$;
comment on function content_access.authored_content_ids() is 'Contents that name the caller as maker; decides where there is no project.';

create or replace function content_access.readable_audience_ids()
returns setof pg_catalog.uuid
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select p.target_audience_id
    from public.content_projects as p
    join public.user_profiles as me
        on me.mind_id operator(pg_catalog.=) p.creator_mind_id or me.mind_id operator(pg_catalog.=) p.persona_mind_id
    where
        me.id operator(pg_catalog.=) (select auth.uid())
        and p.target_audience_id is not null
$$;
comment on function content_access.readable_audience_ids() is 'Audience profiles that a readable project aims at.';

create or replace function content_access.adoptable_audience_ids()
returns setof pg_catalog.uuid
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select a.id
    from public.audience_profiles as a
    join public.content_projects as mine on mine.target_audience_id operator(pg_catalog.=) a.id
    join public.user_profiles as me on me.mind_id operator(pg_catalog.=) mine.creator_mind_id
    where
        me.id operator(pg_catalog.=) (select auth.uid())
        and a.creator_mind_id is null
        and not exists (
            select
            from public.content_projects as other
            where
                other.target_audience_id operator(pg_catalog.=) a.id
                and (
                    other.creator_mind_id is null
                    or other.creator_mind_id operator(pg_catalog.<>) mine.creator_mind_id
                )
        )
$$;
comment on function content_access.adoptable_audience_ids() is 'Audience profiles without a maker that only the caller''s projects use.';

-- What a row points at must be visible to whoever points. These take the id that is pointed at, and are called for a row
-- that is written, never for one that is read.

create or replace function content_access.aims_at(wanted_audience pg_catalog.uuid)
returns pg_catalog.bool
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select
        exists (
            select
            from public.audience_profiles as a
            join public.user_profiles as me on me.mind_id operator(pg_catalog.=) a.creator_mind_id
            where a.id operator(pg_catalog.=) wanted_audience and me.id operator(pg_catalog.=) (select auth.uid())
        )
        or exists (
            select
            from public.content_projects as p
            join public.user_profiles as me on me.mind_id operator(pg_catalog.=) p.creator_mind_id
            where
                p.target_audience_id operator(pg_catalog.=) wanted_audience
                and me.id operator(pg_catalog.=) (select auth.uid())
        )
$$;
comment on function content_access.aims_at(pg_catalog.uuid) is 'Whether the caller made this audience profile, or a project of theirs aims at it.';

create or replace function content_access.knows_mind(wanted_mind pg_catalog.uuid)
returns pg_catalog.bool
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select
        exists (
            select
            from public.content_projects as p
            join public.user_profiles as me on me.mind_id operator(pg_catalog.=) p.creator_mind_id
            where
                p.persona_mind_id operator(pg_catalog.=) wanted_mind
                and me.id operator(pg_catalog.=) (select auth.uid())
        )
        or exists (
            select
            from public.content_minds as l
            join public.contents as c on c.id operator(pg_catalog.=) l.content_id
            join public.content_projects as p on p.id operator(pg_catalog.=) c.project_id
            join public.user_profiles as me on me.mind_id operator(pg_catalog.=) p.creator_mind_id
            where l.mind_id operator(pg_catalog.=) wanted_mind and me.id operator(pg_catalog.=) (select auth.uid())
        )
$$;
comment on function content_access.knows_mind(pg_catalog.uuid) is 'Whether a project of the caller''s has this mind as persona, or on one of its contents.';

create or replace function content_access.is_in_project(wanted_content pg_catalog.uuid, wanted_project pg_catalog.uuid)
returns pg_catalog.bool
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select
        exists (
            select
            from public.contents as c
            join public.content_projects as p on p.id operator(pg_catalog.=) c.project_id
            join public.user_profiles as me on me.mind_id operator(pg_catalog.=) p.creator_mind_id
            where
                c.id operator(pg_catalog.=) wanted_content
                and c.project_id operator(pg_catalog.=) wanted_project
                and me.id operator(pg_catalog.=) (select auth.uid())
        )
        or wanted_project is null
        and exists (
            select
            from public.contents as c
            where
                c.id operator(pg_catalog.=) wanted_content
                and c.project_id is null
                and c.id operator(pg_catalog.=) any(select content_access.authored_content_ids())
        )
$$;
comment on function content_access.is_in_project(pg_catalog.uuid, pg_catalog.uuid) is 'Whether this content is in this project of the caller''s; without a project: whether the caller made it.';

-- These two run with the caller's own rights, under the policies of the wider system's tables. Where that system shows signed-in
-- users no such table at all, nothing of it is visible.
create or replace function content_access.sees_mind(wanted_mind pg_catalog.uuid)
returns pg_catalog.bool
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if not pg_catalog.has_column_privilege('public.minds'::pg_catalog.regclass, 'id', 'select') then
        return false;
    end if;
    return exists (select from public.minds as m where m.id operator(pg_catalog.=) wanted_mind);
end
$$;
comment on function content_access.sees_mind(pg_catalog.uuid) is 'Whether the caller may see this mind.';

create or replace function content_access.sees_tag(wanted_tag public.tags.id%type)
returns pg_catalog.bool
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if not pg_catalog.has_column_privilege('public.tags'::pg_catalog.regclass, 'id', 'select') then
        return false;
    end if;
    return exists (select from public.tags as t where t.id operator(pg_catalog.=) wanted_tag);
end
$$;

-- Nobody but those whose policies ask, which is said by the next file; where an earlier form of our policies stands,
-- authenticated keeps what they need until then.
revoke all on all functions in schema content_access from public, anon;
do $$
begin
    if pg_catalog.to_regrole('outbox_worker') is not null then
        revoke all on all functions in schema content_access from outbox_worker;
        revoke usage on schema content_access from outbox_worker;
    end if;
end
$$;
