-- Indexes for the keys that policies and joins use, for metadata, and for the text. What is indexed already, under
-- whatever name, is not indexed twice. On a large live table build them beforehand with CREATE INDEX CONCURRENTLY
-- (docs/rollout.md): this file then finds them and does nothing.
set local lock_timeout = '4s';
set local statement_timeout = '10min';

do $$
declare
    wanted record;
begin
    for wanted in
        select keys.*
        from (
            values
            ('content_projects', 'content_projects_creator_mind_id_idx', array['creator_mind_id']),
            ('content_projects', 'content_projects_persona_mind_id_idx', array['persona_mind_id']),
            ('content_projects', 'content_projects_target_audience_id_idx', array['target_audience_id']),
            ('audience_profiles', 'audience_profiles_creator_mind_id_idx', array['creator_mind_id']),
            ('contents', 'contents_project_id_idx', array['project_id', 'sequence_order']),
            ('contents', 'contents_parent_content_id_idx', array['parent_content_id', 'sequence_order']),
            ('contents', 'contents_generation_execution_id_idx', array['generation_execution_id']),
            ('content_minds', 'content_minds_mind_id_idx', array['mind_id']),
            ('content_tags', 'content_tags_tag_id_idx', array['tag_id'])
        ) as keys (on_table, label, columns)
        where
            not exists (
                select
                from pg_catalog.pg_index as i
                join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
                where
                    i.indrelid = to_regclass('public.' || keys.on_table)
                    and i.indisvalid and i.indpred is null
                    and a.attname = keys.columns[1]
            )
    loop
        execute format(
            'create index if not exists %I on public.%I (%s)',
            wanted.label, wanted.on_table,
            (select string_agg(format('%I', c), ', ' order by n) from unnest(wanted.columns) with ordinality as u (c, n))
        );
    end loop;
end
$$;

-- Text: the title and the first 20,000 characters of the body, which is all of a lesson and the opening of a transcript.
-- Bounded, because a tsvector holds 1 MB at most and a larger one would refuse the row, not just the search.
do $$
begin
    if not exists (
        select
        from pg_catalog.pg_indexes
        where schemaname = 'public' and tablename = 'contents' and indexdef ~* 'gin .*metadata'
    ) then
        create index if not exists contents_metadata_idx on public.contents using gin (metadata jsonb_path_ops);
    end if;
    if not exists (
        select
        from pg_catalog.pg_indexes
        where schemaname = 'public' and tablename = 'contents' and indexdef ~* 'to_tsvector'
    ) then
        create index if not exists contents_text_idx on public.contents using gin (
            to_tsvector(
                'pg_catalog.portuguese',
                coalesce(left(title, 1000), '') || ' ' || coalesce(left(content, 20000), '')
            )
        );
    end if;
end
$$;
