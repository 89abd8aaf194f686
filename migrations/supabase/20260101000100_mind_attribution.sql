-- Whose work it is (creator, persona), when a link was made, and which event a row came from. Columns are
-- nullable or have a constant default, so that no table is rewritten; keys are added unchecked here and checked by the
-- next file, in a transaction of its own, which lets reads and writes go on meanwhile.
set local lock_timeout = '4s';
set local statement_timeout = '2min';

alter table public.content_projects
add column if not exists creator_mind_id uuid,
add column if not exists persona_mind_id uuid,
add column if not exists target_audience_id uuid,
add column if not exists default_frameworks jsonb,
add column if not exists project_metadata jsonb default '{}',
add column if not exists created_at timestamptz default now(),
add column if not exists updated_at timestamptz default now(),
add column if not exists last_event_id uuid;

-- An audience profile belongs to its maker, as a project does.
alter table public.audience_profiles
add column if not exists creator_mind_id uuid,
add column if not exists technical_level text,
add column if not exists learning_preferences jsonb,
add column if not exists created_at timestamptz default now(),
add column if not exists updated_at timestamptz default now(),
add column if not exists last_event_id uuid;

alter table public.contents
add column if not exists project_id uuid,
add column if not exists parent_content_id uuid,
add column if not exists sequence_order integer,
add column if not exists generation_execution_id uuid,
add column if not exists fidelity_score numeric(3, 2),
add column if not exists metadata jsonb default '{}',
add column if not exists published_at timestamptz,
add column if not exists published_url text,
add column if not exists file_path text,
add column if not exists created_at timestamptz default now(),
add column if not exists updated_at timestamptz default now(),
add column if not exists deleted_at timestamptz,
add column if not exists last_event_id uuid;

alter table public.content_minds
add column if not exists created_at timestamptz not null default now(),
add column if not exists last_event_id uuid;

alter table public.content_tags
add column if not exists created_at timestamptz not null default now(),
add column if not exists last_event_id uuid;

comment on column public.content_projects.creator_mind_id is 'The mind that owns the project and may change it.';
comment on column public.content_projects.persona_mind_id is 'The mind whose voice is used; may read the project.';
comment on column public.audience_profiles.creator_mind_id is 'The mind that made the profile and may change it.';
comment on column public.contents.last_event_id is 'The outbox event that last wrote this row; null: not from an outbox.';

-- Foreign keys where the column has none yet, unchecked: a short lock whatever the size of the table.
do $$
declare
    wanted record;
    label text;
begin
    for wanted in
        select *
        from (
            values
            ('content_projects', 'creator_mind_id', 'minds', 'set null'),
            ('content_projects', 'persona_mind_id', 'minds', 'set null'),
            ('content_projects', 'target_audience_id', 'audience_profiles', 'set null'),
            ('audience_profiles', 'creator_mind_id', 'minds', 'set null'),
            ('contents', 'project_id', 'content_projects', 'set null'),
            ('contents', 'parent_content_id', 'contents', 'cascade'),
            ('contents', 'generation_execution_id', 'job_executions', 'set null')
        ) as keys (from_table, from_column, to_table, on_delete)
        where
            not exists (
                select
                from pg_catalog.pg_constraint as k
                join pg_catalog.pg_attribute as a on a.attrelid = k.conrelid and a.attnum = any(k.conkey)
                where
                    k.contype = 'f'
                    and k.conrelid = to_regclass('public.' || keys.from_table)
                    and a.attname = keys.from_column
            )
    loop
        label := format('%s_%s_fkey', wanted.from_table, wanted.from_column);
        execute format(
            'alter table public.%I add constraint %I foreign key (%I) references public.%I (id) on delete %s not valid',
            wanted.from_table, label, wanted.from_column, wanted.to_table, wanted.on_delete
        );
    end loop;
end
$$;

-- Rows are recognised by their natural keys, so these must be unique. Where a key is missing it is added; where that
-- fails, two rows share a name, and a human must say which of them is meant.
do $$
declare
    wanted record;
begin
    for wanted in
        select *
        from (
            values
            ('minds', array['slug']),
            ('tags', array['name']),
            ('audience_profiles', array['slug']),
            ('content_projects', array['slug']),
            ('contents', array['slug']),
            ('content_minds', array['content_id', 'mind_id', 'role']),
            ('content_tags', array['content_id', 'tag_id'])
        ) as keys (from_table, columns)
        where
            not exists (
                select
                from pg_catalog.pg_index as i
                where
                    i.indrelid = to_regclass('public.' || keys.from_table)
                    and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
                    and (
                        select array_agg(a.attname::text order by a.attname)
                        from pg_catalog.pg_attribute as a
                        where a.attrelid = i.indrelid and a.attnum = any(i.indkey[0:i.indnkeyatts - 1])
                    ) = (select array_agg(c order by c) from unnest(keys.columns) as c)
            )
    loop
        execute format(
            'create unique index %I on public.%I (%s)',
            wanted.from_table || '_natural_key', wanted.from_table,
            (select string_agg(format('%I', c), ', ') from unnest(wanted.columns) as c)
        );
    end loop;
end
$$;
