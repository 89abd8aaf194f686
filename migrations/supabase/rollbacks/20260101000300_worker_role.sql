-- The worker loses its rights here. The role itself stays, since it belongs to the whole server, not to this database:
-- "drop role outbox_worker" removes it once no database needs it.
set local lock_timeout = '2s';

do $$
declare
    own record;
begin
    for own in
        select p.schemaname, p.tablename, p.policyname
        from pg_catalog.pg_policies as p
        where p.policyname like 'outbox\_worker\_%' and p.schemaname in ('public', 'outbox')
    loop
        execute format('drop policy %I on %I.%I', own.policyname, own.schemaname, own.tablename);
    end loop;
end
$$;

revoke all on all tables in schema outbox from outbox_worker;
revoke all on
public.audience_profiles, public.content_projects, public.contents, public.content_minds, public.content_tags,
public.tags, public.minds, public.job_executions
from outbox_worker;
revoke all on all sequences in schema public from outbox_worker;
revoke usage on schema public, outbox, content_access from outbox_worker;
