-- What the log says is sent to the database, and compared there: each value takes the type of its column first, so that
-- numbers, times and jsonb are compared as they are stored. Each query returns, for each slug: whether the row is there,
-- the event that wrote it last, and the names of the fields that differ.

-- name: audiences
select
    r.slug, t.id is not null as is_there, t.last_event_id,
    array(
        select k.field from jsonb_object_keys(r.columns) as k (field)
        where to_jsonb(n) -> k.field is distinct from to_jsonb(t) -> k.field
    ) as differing
from jsonb_to_recordset(%(rows)s::jsonb) as r (slug text, columns jsonb)
cross join lateral jsonb_populate_record(null::public.audience_profiles, r.columns) as n
left join public.audience_profiles as t on t.slug = r.slug;

-- name: projects
-- What is referred to has a slug in the log and an id in the row; a mind may be named by either.
select
    r.slug, t.id is not null as is_there, t.last_event_id,
    array(
        select k.field from jsonb_object_keys(r.columns) as k (field)
        where to_jsonb(n) -> k.field is distinct from to_jsonb(t) -> k.field
        union all
        select 'metadata.' || m.key from jsonb_each(r.merged) as m
        where t.project_metadata -> m.key is distinct from m.value
        union all
        select v.field
        from (
            values
            ('target_audience', a.slug, a.slug), ('creator_mind', c.slug, c.id::text), ('persona_mind', p.slug, p.id::text)
        ) as v (field, slug, id)
        where r.named ? v.field and r.named ->> v.field is distinct from v.slug and r.named ->> v.field is distinct from v.id
    ) as differing
from jsonb_to_recordset(%(rows)s::jsonb) as r (slug text, columns jsonb, merged jsonb, named jsonb)
cross join lateral jsonb_populate_record(null::public.content_projects, r.columns) as n
left join public.content_projects as t on t.slug = r.slug
left join public.audience_profiles as a on a.id = t.target_audience_id
left join lateral (select m.id, m.slug from public.minds as m where m.id = t.creator_mind_id) as c on true
left join lateral (select m.id, m.slug from public.minds as m where m.id = t.persona_mind_id) as p on true;

-- name: contents
-- The body as its hash: texts stay where they are. A tag that no row has by its name may have been kept in other letters.
select
    r.slug, t.id is not null as is_there, t.last_event_id,
    array(
        select k.field from jsonb_object_keys(r.columns) as k (field)
        where to_jsonb(n) -> k.field is distinct from b.body -> k.field
        union all
        select 'body_sha256' where r.has_body and r.body_sha256 is distinct from encode(sha256(convert_to(t.content, 'UTF8')), 'hex')
        union all
        select 'metadata.' || m.key from jsonb_each(r.merged) as m
        where t.metadata -> m.key is distinct from m.value
        union all
        select v.field from (values ('project', p.slug), ('parent', c.slug)) as v (field, slug)
        where r.named ? v.field and r.named ->> v.field is distinct from v.slug
        union all
        select 'tag ' || w.key
        from jsonb_each(r.tags) as w
        cross join lateral jsonb_populate_record(null::public.tags, jsonb_build_object('name', w.key)) as named
        where
            (w.value = 'true'::jsonb) is distinct from exists (
                select
                from public.content_tags as l
                join public.tags as g on g.id = l.tag_id
                where
                    l.content_id = t.id
                    and (
                        g.name = named.name
                        or lower(trim(g.name::text)) = lower(trim(w.key))
                        and not exists (select from public.tags as own where own.name = named.name)
                    )
            )
        union all
        select 'mind ' || w.role || ':' || w.mind
        from jsonb_to_recordset(r.minds) as w (role text, mind text, linked boolean)
        where
            w.linked is distinct from exists (
                select
                from public.content_minds as l
                join public.minds as m on m.id = l.mind_id
                where l.content_id = t.id and l.role::text = w.role and (m.slug = w.mind or m.id::text = w.mind)
            )
    ) as differing
from jsonb_to_recordset(%(rows)s::jsonb) as r (
    slug text, columns jsonb, has_body boolean, body_sha256 text, merged jsonb, named jsonb, tags jsonb, minds jsonb
)
cross join lateral jsonb_populate_record(null::public.contents, r.columns) as n
left join public.contents as t on t.slug = r.slug
cross join lateral (select to_jsonb(t) - 'content' as body) as b
left join public.content_projects as p on p.id = t.project_id
left join public.contents as c on c.id = t.parent_content_id;
