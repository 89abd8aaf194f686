-- Tables that were made here and hold nothing go; any other table stays with its rows.
set local lock_timeout = '4s';

do $$
declare
    candidate text;
    holds_rows boolean;
    referenced boolean;
begin
    -- Children before parents, so that a parent that stays is one that somebody still refers to.
    foreach candidate in array array[
        'content_tags', 'content_minds', 'contents', 'content_projects', 'audience_profiles', 'job_executions', 'tags',
        'user_profiles', 'minds'
    ] loop
        continue when
            pg_catalog.obj_description(to_regclass('public.' || candidate), 'pg_class')
            is distinct from 'made by migration 20260101000000';
        execute format('select exists (select from public.%I)', candidate) into holds_rows;
        select exists (
            select
            from pg_catalog.pg_constraint as k
            where
                k.contype = 'f' and k.conrelid <> k.confrelid
                and k.confrelid = to_regclass('public.' || candidate)
        ) into referenced;
        if not holds_rows and not referenced then
            execute format('drop table public.%I', candidate);
        end if;
    end loop;
    if not exists (
        select from pg_catalog.pg_trigger as t
        join pg_catalog.pg_proc as f on f.oid = t.tgfoid
        where f.pronamespace = 'content_access'::regnamespace
    ) then
        drop function content_access.touch_updated_at();
        drop schema content_access;
    end if;
end
$$;
