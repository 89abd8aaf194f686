-- The statements that turn folded events into rows: one per table and kind of change, however many rows there are.
--
-- `jsonb_populate_recordset` takes the columns' types from the table itself, so that a database whose columns are enums,
-- varchars or other integers than ours works as well. Only the columns named here are ever written.
--
-- A statement without an error is no proof of its effect: a trigger, a rule or a policy can keep a row as it was. So the
-- last statements of a batch (`written_`, `taken_`, `linked_`, `unlinked_`) look at what the others left. Where
-- something is not so they cast `outbox.kept TABLE WHAT` to a number: the transaction fails before its COMMIT, in the same
-- round trip, and the words come back in the error (`kept`).

-- name: lock_audiences
-- The rows about to be changed, in a fixed order so that two hosts do not deadlock; and whose they are.
select t.slug, t.id, t.last_event_id, null::uuid as project_id, array_remove(array[t.creator_mind_id], null) as owners
from public.audience_profiles as t where t.slug = any(%(slugs)s)
order by t.slug for no key update;

-- name: lock_projects
-- The same for projects.
select t.slug, t.id, t.last_event_id, null::uuid as project_id, array_remove(array[t.creator_mind_id], null) as owners
from public.content_projects as t where t.slug = any(%(slugs)s)
order by t.slug for no key update;

-- name: lock_contents
-- The same for contents, which are their project's; without a project, those of the minds that made them.
select
    t.slug, t.id, t.last_event_id, t.project_id,
    case
        when t.project_id is not null then array_remove(array[p.creator_mind_id], null)
        else array(
            select m.mind_id from public.content_minds as m
            where m.content_id = t.id and m.role::text in ('creator', 'author', 'co_author')
        )
    end as owners
from public.contents as t
left join public.content_projects as p on p.id = t.project_id
where t.slug = any(%(slugs)s)
order by t.slug for no key update of t;

-- name: find_audiences
-- Rows that are only referred to: their ids. A row that vanishes meanwhile is caught by the foreign key.
select t.slug, t.id, t.last_event_id, null::uuid as project_id, array_remove(array[t.creator_mind_id], null) as owners
from public.audience_profiles as t where t.slug = any(%(slugs)s);

-- name: find_projects
-- The same for projects.
select t.slug, t.id, t.last_event_id, null::uuid as project_id, array_remove(array[t.creator_mind_id], null) as owners
from public.content_projects as t where t.slug = any(%(slugs)s);

-- name: find_contents
-- The same for contents.
select
    t.slug, t.id, t.last_event_id, t.project_id,
    case
        when t.project_id is not null then array_remove(array[p.creator_mind_id], null)
        else array(
            select m.mind_id from public.content_minds as m
            where m.content_id = t.id and m.role::text in ('creator', 'author', 'co_author')
        )
    end as owners
from public.contents as t
left join public.content_projects as p on p.id = t.project_id
where t.slug = any(%(slugs)s);

-- name: occupied_audiences
-- Which of the ids that new rows would get are taken: by a row of that name, or of another.
select id from public.audience_profiles where id = any(%(ids)s);

-- name: occupied_projects
-- The same for projects.
select id from public.content_projects where id = any(%(ids)s);

-- name: occupied_contents
-- The same for contents.
select id from public.contents where id = any(%(ids)s);

-- name: newer_minds
-- Links whose stamp would make these events void.
select l.content_id, l.last_event_id
from public.contents as c
join public.content_minds as l on l.content_id = c.id
where c.slug = any(%(slugs)s) and l.last_event_id >= %(oldest)s;

-- name: newer_tags
-- The same for tags.
select l.content_id, l.last_event_id
from public.contents as c
join public.content_tags as l on l.content_id = c.id
where c.slug = any(%(slugs)s) and l.last_event_id >= %(oldest)s;

-- name: newest_applied
-- The newest event that any outbox has had applied here; asked after the rows, whose stamps cannot be beyond it.
-- A replay in progress counts with what was applied before it; as JSON, because an older schema has no such column.
select a.newest
from outbox.sources as s, lateral (
    select greatest(s.applied_event_id, (to_jsonb(s) ->> 'newest_event_id')::uuid) as newest
) as a
where a.newest is not null
order by a.newest desc
limit 1;

-- name: forget_audiences
-- Before rows are written: they forget a stamp that is no reason to leave them as they are.
update public.audience_profiles set last_event_id = null
where id = any(%(ids)s) and last_event_id = any(%(stamps)s);

-- name: forget_projects
-- The same for projects.
update public.content_projects set last_event_id = null
where id = any(%(ids)s) and last_event_id = any(%(stamps)s);

-- name: forget_contents
-- The same for contents.
update public.contents set last_event_id = null
where id = any(%(ids)s) and last_event_id = any(%(stamps)s);

-- name: forget_minds
-- The same for links.
update public.content_minds set last_event_id = null
where content_id = any(%(ids)s) and last_event_id = any(%(stamps)s);

-- name: forget_tags
-- The same for tags.
update public.content_tags set last_event_id = null
where content_id = any(%(ids)s) and last_event_id = any(%(stamps)s);

-- name: find_minds
-- Minds are referred to by slug or by id.
select slug, id from public.minds where slug = any(%(slugs)s) or id = any(%(ids)s);

-- name: insert_audiences
-- Without a maker, and said so: the column's default asks who is signed in, which the worker may not ask.
insert into public.audience_profiles (
    id, slug, name, description, demographics, psychographics, technical_level, learning_preferences, creator_mind_id,
    created_at, last_event_id
)
select
    n.id, n.slug, n.name, n.description, n.demographics, n.psychographics, n.technical_level, n.learning_preferences,
    null, n.created_at, n.last_event_id
from jsonb_populate_recordset(null::public.audience_profiles, %(rows)s::jsonb) as n;

-- name: update_audiences
update public.audience_profiles as t
set
    name = case when r.body ? 'name' then n.name else t.name end,
    description = case when r.body ? 'description' then n.description else t.description end,
    demographics = case when r.body ? 'demographics' then n.demographics else t.demographics end,
    psychographics = case when r.body ? 'psychographics' then n.psychographics else t.psychographics end,
    technical_level = case when r.body ? 'technical_level' then n.technical_level else t.technical_level end,
    learning_preferences
        = case when r.body ? 'learning_preferences' then n.learning_preferences else t.learning_preferences end,
    last_event_id = n.last_event_id
from jsonb_array_elements(%(rows)s::jsonb) as r (body),
    lateral jsonb_populate_record(null::public.audience_profiles, r.body) as n
where t.id = n.id and (t.last_event_id is null or t.last_event_id < n.last_event_id);

-- name: insert_projects
insert into public.content_projects (
    id, slug, name, description, project_type, status, target_audience_id, default_frameworks, project_metadata,
    creator_mind_id, persona_mind_id, created_at, last_event_id
)
select
    n.id, n.slug, n.name, n.description, n.project_type, n.status, n.target_audience_id, n.default_frameworks,
    n.project_metadata, n.creator_mind_id, n.persona_mind_id, n.created_at, n.last_event_id
from jsonb_populate_recordset(null::public.content_projects, %(rows)s::jsonb) as n;

-- name: update_projects
update public.content_projects as t
set
    name = case when r.body ? 'name' then n.name else t.name end,
    description = case when r.body ? 'description' then n.description else t.description end,
    project_type = case when r.body ? 'project_type' then n.project_type else t.project_type end,
    status = case when r.body ? 'status' then n.status else t.status end,
    target_audience_id = case when r.body ? 'target_audience_id' then n.target_audience_id else t.target_audience_id end,
    default_frameworks = case when r.body ? 'default_frameworks' then n.default_frameworks else t.default_frameworks end,
    project_metadata = case
        when not r.body ? 'project_metadata' then t.project_metadata
        when jsonb_typeof(t.project_metadata) = 'object' then t.project_metadata || n.project_metadata
        else n.project_metadata
    end,
    creator_mind_id = case when r.body ? 'creator_mind_id' then n.creator_mind_id else t.creator_mind_id end,
    persona_mind_id = case when r.body ? 'persona_mind_id' then n.persona_mind_id else t.persona_mind_id end,
    last_event_id = n.last_event_id
from jsonb_array_elements(%(rows)s::jsonb) as r (body),
    lateral jsonb_populate_record(null::public.content_projects, r.body) as n
where t.id = n.id and (t.last_event_id is null or t.last_event_id < n.last_event_id);

-- name: insert_contents
-- json, not jsonb: the bodies are read once, and need no binary form before that: 6 in 100 less time.
insert into public.contents (
    id, slug, title, content_type, project_id, parent_content_id, sequence_order, content, ai_generated, status,
    fidelity_score, metadata, file_path, published_at, published_url, generation_execution_id, deleted_at, created_at,
    last_event_id
)
select
    n.id, n.slug, n.title, n.content_type, n.project_id, n.parent_content_id, n.sequence_order, n.content,
    n.ai_generated, n.status, n.fidelity_score, n.metadata, n.file_path, n.published_at, n.published_url,
    n.generation_execution_id, n.deleted_at, n.created_at, n.last_event_id
from json_populate_recordset(null::public.contents, %(rows)s::json) as n;

-- name: update_contents
-- An unchanged body keeps its stored form: assigning the equal text would store it again and, worse, compute its
-- full-text index again.
update public.contents as t
set
    title = case when r.body ? 'title' then n.title else t.title end,
    content_type = case when r.body ? 'content_type' then n.content_type else t.content_type end,
    project_id = case when r.body ? 'project_id' then n.project_id else t.project_id end,
    parent_content_id = case when r.body ? 'parent_content_id' then n.parent_content_id else t.parent_content_id end,
    sequence_order = case when r.body ? 'sequence_order' then n.sequence_order else t.sequence_order end,
    content = case when r.body ? 'content' and n.content is distinct from t.content then n.content else t.content end,
    ai_generated = case when r.body ? 'ai_generated' then n.ai_generated else t.ai_generated end,
    status = case when r.body ? 'status' then n.status else t.status end,
    fidelity_score = case when r.body ? 'fidelity_score' then n.fidelity_score else t.fidelity_score end,
    metadata = case
        when not r.body ? 'metadata' then t.metadata
        when jsonb_typeof(t.metadata) = 'object' then t.metadata || n.metadata
        else n.metadata
    end,
    file_path = case when r.body ? 'file_path' then n.file_path else t.file_path end,
    published_at = case when r.body ? 'published_at' then n.published_at else t.published_at end,
    published_url = case when r.body ? 'published_url' then n.published_url else t.published_url end,
    generation_execution_id
        = case when r.body ? 'generation_execution_id' then n.generation_execution_id else t.generation_execution_id end,
    deleted_at = case when r.body ? 'deleted_at' then n.deleted_at else t.deleted_at end,
    last_event_id = n.last_event_id
from jsonb_array_elements(%(rows)s::jsonb) as r (body),
    lateral jsonb_populate_record(null::public.contents, r.body) as n
where t.id = n.id and (t.last_event_id is null or t.last_event_id < n.last_event_id);

-- name: link_minds
-- Unless a newer event has removed the link.
insert into public.content_minds (content_id, mind_id, role, created_at, last_event_id)
select n.content_id, n.mind_id, n.role, n.created_at, n.last_event_id
from jsonb_populate_recordset(null::public.content_minds, %(rows)s::jsonb) as n
where not exists (
    select
    from outbox.removed_links as r
    where
        r.content_id = n.content_id and r.kind = 'mind' and r.linked = n.mind_id::text || ' ' || n.role::text
        and r.last_event_id > n.last_event_id
)
on conflict (content_id, mind_id, role) do update
set last_event_id = excluded.last_event_id
where content_minds.last_event_id is null or content_minds.last_event_id < excluded.last_event_id;

-- name: unlink_minds
-- And remember it: an older event may arrive later.
with wanted as (
    select n.* from jsonb_populate_recordset(null::public.content_minds, %(rows)s::jsonb) as n
),
gone as (
    delete from public.content_minds as t
    using wanted as n
    where
        t.content_id = n.content_id and t.mind_id = n.mind_id and t.role = n.role
        and (t.last_event_id is null or t.last_event_id < n.last_event_id)
)
insert into outbox.removed_links as r (content_id, kind, linked, last_event_id)
select n.content_id, 'mind', n.mind_id::text || ' ' || n.role::text, n.last_event_id from wanted as n
on conflict (content_id, kind, linked) do update
set last_event_id = excluded.last_event_id
where r.last_event_id < excluded.last_event_id;

-- name: find_tag
-- One tag, compared as its unique key compares: a `citext`, or a collation that ignores case, finds more than the same
-- bytes. An operator is looked for in the search path, and only in schemas that we may use: for a type that lies
-- elsewhere `=` is that of text. Arrays are compared as their elements' type is ordered, wherever it lies.
select t.name::text
from
    jsonb_populate_record(null::public.tags, jsonb_build_object('name', %(name)s::text)) as n,
    public.tags as t
where t.name = n.name or array[t.name] = array[n.name]
order by t.name = n.name desc
limit 1;

-- name: make_tag
-- One tag, and the name under which the database keeps it: a trigger may have changed it.
insert into public.tags (name, tag_type)
values (%(name)s, %(tag_type)s)
returning name::text;

-- name: add_tags
-- A tag that is there stays as it is: it belongs to the wider system.
insert into public.tags (name, tag_type)
select n.name, n.tag_type
from jsonb_populate_recordset(null::public.tags, %(rows)s::jsonb) as n
where not exists (select from public.tags as t where t.name = n.name)
order by n.name
on conflict (name) do nothing;

-- name: link_tags
-- Unless a newer event has removed the link. The name is compared as its column compares, as the unique key does.
insert into public.content_tags (content_id, tag_id, created_at, last_event_id)
select n.content_id, t.id, n.created_at, n.last_event_id
from jsonb_to_recordset(%(rows)s::jsonb) as n (
    content_id uuid, tag text, created_at timestamptz, last_event_id uuid
)
cross join lateral jsonb_populate_record(null::public.tags, jsonb_build_object('name', n.tag)) as named
join public.tags as t on t.name = named.name
where not exists (
    select
    from outbox.removed_links as r
    where
        r.content_id = n.content_id and r.kind = 'tag' and r.linked = n.tag
        and r.last_event_id > n.last_event_id
)
on conflict (content_id, tag_id) do update
set last_event_id = excluded.last_event_id
where content_tags.last_event_id is null or content_tags.last_event_id < excluded.last_event_id;

-- name: unlink_tags
-- And remember it: an older event may arrive later.
with wanted as (
    select n.*, named.name
    from jsonb_to_recordset(%(rows)s::jsonb) as n (content_id uuid, tag text, last_event_id uuid),
        lateral jsonb_populate_record(null::public.tags, jsonb_build_object('name', n.tag)) as named
),
gone as (
    delete from public.content_tags as t
    using wanted as n, public.tags as g
    where
        g.name = n.name and t.content_id = n.content_id and t.tag_id = g.id
        and (t.last_event_id is null or t.last_event_id < n.last_event_id)
)
insert into outbox.removed_links as r (content_id, kind, linked, last_event_id)
select n.content_id, 'tag', n.tag, n.last_event_id from wanted as n
on conflict (content_id, kind, linked) do update
set last_event_id = excluded.last_event_id
where r.last_event_id < excluded.last_event_id;

-- name: written_audiences
-- Every row that was written carries the event that wrote it.
select case when count(*) > 0 then ('outbox.kept audience_profiles ' || count(*))::integer end
from unnest(%(ids)s::uuid[], %(stamps)s::uuid[]) as n (id, last_event_id)
where not exists (
    select from public.audience_profiles as t where t.id = n.id and t.last_event_id = n.last_event_id
);

-- name: written_projects
-- The same for projects.
select case when count(*) > 0 then ('outbox.kept content_projects ' || count(*))::integer end
from unnest(%(ids)s::uuid[], %(stamps)s::uuid[]) as n (id, last_event_id)
where not exists (
    select from public.content_projects as t where t.id = n.id and t.last_event_id = n.last_event_id
);

-- name: written_contents
-- The same for contents.
select case when count(*) > 0 then ('outbox.kept contents ' || count(*))::integer end
from unnest(%(ids)s::uuid[], %(stamps)s::uuid[]) as n (id, last_event_id)
where not exists (
    select from public.contents as t where t.id = n.id and t.last_event_id = n.last_event_id
);

-- name: taken_projects
-- What a patch sets stands in the row: a trigger that puts the old value back keeps the stamp, and not the promise.
select case when count(*) > 0 then ('outbox.kept content_projects ' || min(kept.field))::integer end
from jsonb_array_elements(%(rows)s::jsonb) as r (body),
    lateral jsonb_populate_record(null::public.content_projects, r.body) as n
join public.content_projects as t on t.id = n.id,
    lateral (
        values
        ('status', r.body ? 'status' and t.status is distinct from n.status),
        ('project_metadata', r.body ? 'project_metadata' and not t.project_metadata @> n.project_metadata)
    ) as kept (field, differs)
where kept.differs;

-- name: taken_contents
-- The same for contents. Bodies, titles and the like are left to `worker verify`: many databases tidy them up.
select case when count(*) > 0 then ('outbox.kept contents ' || min(kept.field))::integer end
from jsonb_array_elements(%(rows)s::jsonb) as r (body),
    lateral jsonb_populate_record(null::public.contents, r.body) as n
join public.contents as t on t.id = n.id,
    lateral (
        values
        ('status', r.body ? 'status' and t.status is distinct from n.status),
        ('fidelity_score', r.body ? 'fidelity_score' and t.fidelity_score is distinct from n.fidelity_score),
        ('deleted_at', r.body ? 'deleted_at' and (t.deleted_at is null) <> (n.deleted_at is null)),
        ('metadata', r.body ? 'metadata' and not t.metadata @> n.metadata)
    ) as kept (field, differs)
where kept.differs;

-- name: linked_minds
-- Every link that was made is there, unless a newer event has removed it.
select case when count(*) > 0 then ('outbox.kept content_minds ' || count(*))::integer end
from jsonb_populate_recordset(null::public.content_minds, %(rows)s::jsonb) as n
where
    not exists (
        select
        from public.content_minds as t
        where t.content_id = n.content_id and t.mind_id = n.mind_id and t.role = n.role
    )
    and not exists (
        select
        from outbox.removed_links as r
        where
            r.content_id = n.content_id and r.kind = 'mind' and r.linked = n.mind_id::text || ' ' || n.role::text
            and r.last_event_id > n.last_event_id
    );

-- name: unlinked_minds
-- No link that was removed is there, unless a newer event has made it.
select case when count(*) > 0 then ('outbox.kept content_minds ' || count(*))::integer end
from jsonb_populate_recordset(null::public.content_minds, %(rows)s::jsonb) as n
join public.content_minds as t on t.content_id = n.content_id and t.mind_id = n.mind_id and t.role = n.role
where t.last_event_id is null or t.last_event_id < n.last_event_id;

-- name: linked_tags
-- The same for tags. A tag that nobody finds under its name (a trigger changed it) is looked for by the unique key.
select
    case
        when count(*) filter (where g.id is null) > 0 then ('outbox.kept tags ' || count(*))::integer
        when count(*) > 0 then ('outbox.kept content_tags ' || count(*))::integer
    end
from jsonb_to_recordset(%(rows)s::jsonb) as n (content_id uuid, tag text, last_event_id uuid)
cross join lateral jsonb_populate_record(null::public.tags, jsonb_build_object('name', n.tag)) as named
left join public.tags as g on g.name = named.name
where
    not exists (select from public.content_tags as t where t.content_id = n.content_id and t.tag_id = g.id)
    and not exists (
        select
        from outbox.removed_links as r
        where
            r.content_id = n.content_id and r.kind = 'tag' and r.linked = n.tag
            and r.last_event_id > n.last_event_id
    );

-- name: unlinked_tags
-- The same for tags that were taken off. Without a tag of this name nobody knows which link was meant: `ask` the key, once.
select
    case
        when %(ask)s and count(*) filter (where g.id is null) > 0 then ('outbox.kept tags ' || count(*))::integer
        when count(t.tag_id) > 0 then ('outbox.kept content_tags ' || count(t.tag_id))::integer
    end
from jsonb_to_recordset(%(rows)s::jsonb) as n (content_id uuid, tag text, last_event_id uuid)
cross join lateral jsonb_populate_record(null::public.tags, jsonb_build_object('name', n.tag)) as named
left join public.tags as g on g.name = named.name
left join public.content_tags as t
    on
        t.content_id = n.content_id and t.tag_id = g.id
        and (t.last_event_id is null or t.last_event_id < n.last_event_id);
