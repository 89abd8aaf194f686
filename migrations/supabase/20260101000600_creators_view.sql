-- Contents with their project and the minds behind them, seen with the rights of whoever asks.
--
-- Dropped and made anew rather than replaced: CREATE OR REPLACE without the WITH clause silently loses security_invoker, and
-- an earlier view of this name ran with its owner's rights, around every policy.
set local lock_timeout = '4s';
set local statement_timeout = '60s';

drop view if exists public.v_contents_with_creators;
create view public.v_contents_with_creators
with (security_invoker = true)
as
select
    c.id,
    c.slug,
    c.title,
    c.content_type,
    c.status,
    c.project_id,
    p.slug as project_slug,
    p.name as project_name,
    p.creator_mind_id,
    p.persona_mind_id,
    c.parent_content_id,
    c.sequence_order,
    c.fidelity_score,
    c.published_at,
    c.created_at,
    c.updated_at,
    (
        select
            coalesce(
                jsonb_agg(
                    jsonb_build_object(
                        'mind_id', cm.mind_id, 'role', cm.role, 'slug', m.slug, 'display_name', m.display_name
                    )
                    order by cm.role, cm.mind_id
                ),
                '[]'
            )
        from public.content_minds as cm
        left join public.minds as m on m.id = cm.mind_id
        where cm.content_id = c.id
    ) as creators
from public.contents as c
left join public.content_projects as p on p.id = c.project_id
where c.deleted_at is null;

comment on view public.v_contents_with_creators is 'Contents that are not deleted, with project and creators.';

revoke all on public.v_contents_with_creators from public, anon, authenticated, service_role;
grant select on public.v_contents_with_creators to authenticated, service_role;
