-- Check the foreign keys that the previous file added: reads and writes go on while it scans.
set local lock_timeout = '4s';
set local statement_timeout = '10min';

do $$
declare
    unchecked record;
begin
    for unchecked in
        select k.conname, c.relname
        from pg_catalog.pg_constraint as k
        join pg_catalog.pg_class as c on c.oid = k.conrelid
        where
            k.contype = 'f' and not k.convalidated and c.relnamespace = 'public'::regnamespace
            and k.conname in (
                'content_projects_creator_mind_id_fkey', 'content_projects_persona_mind_id_fkey',
                'content_projects_target_audience_id_fkey', 'audience_profiles_creator_mind_id_fkey',
                'contents_project_id_fkey', 'contents_parent_content_id_fkey', 'contents_generation_execution_id_fkey'
            )
    loop
        execute format('alter table public.%I validate constraint %I', unchecked.relname, unchecked.conname);
    end loop;
end
$$;
