-- name: audiences
-- What stands in the rows that the log speaks of; values that are compared as they are.
select slug, last_event_id, to_jsonb(t) - 'demographics' - 'psychographics' as body
from public.audience_profiles as t
where slug = any(%(slugs)s);

-- name: projects
-- The same, with the audience by its slug.
select t.slug, t.last_event_id, to_jsonb(t) || jsonb_build_object('target_audience', a.slug) as body
from public.content_projects as t
left join public.audience_profiles as a on a.id = t.target_audience_id
where t.slug = any(%(slugs)s);

-- name: contents
-- The body as its hash: texts stay where they are.
select
    t.slug,
    t.last_event_id,
    to_jsonb(t) - 'content' || jsonb_build_object(
        'body_sha256', encode(sha256(convert_to(t.content, 'UTF8')), 'hex'),
        'project', p.slug,
        'parent', c.slug,
        'tags', (
            select coalesce(jsonb_agg(g.name), '[]') from public.content_tags as l
            join public.tags as g on g.id = l.tag_id
            where l.content_id = t.id
        ),
        'minds', (
            select coalesce(jsonb_agg(l.role || ':' || m.slug) || jsonb_agg(l.role || ':' || m.id), '[]')
            from public.content_minds as l
            join public.minds as m on m.id = l.mind_id
            where l.content_id = t.id
        )
    ) as body
from public.contents as t
left join public.content_projects as p on p.id = t.project_id
left join public.contents as c on c.id = t.parent_content_id
where t.slug = any(%(slugs)s);
