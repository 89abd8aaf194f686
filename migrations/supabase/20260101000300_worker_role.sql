-- The login role of the worker: it can write the content tables and its own schema, and nothing else.
--
-- No password is set here, so nobody can log in yet: an operator sets one with psql's \password, which sends a hash.
-- The role has no BYPASSRLS: that would open every table that is ever granted to it. It has policies of its own.
set local lock_timeout = '2s';
set local statement_timeout = '60s';

do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'outbox_worker') then
        create role outbox_worker login noinherit connection limit 10;
    end if;
end
$$;

alter role outbox_worker set statement_timeout = '60s';
alter role outbox_worker set lock_timeout = '10s';
alter role outbox_worker set idle_in_transaction_session_timeout = '60s';

grant usage on schema public, outbox, content_access to outbox_worker;

grant select on outbox.destination to outbox_worker;
grant select, insert, update on outbox.sources to outbox_worker;
grant select, insert, update, delete on outbox.parked to outbox_worker;
grant select, insert, update on outbox.removed_links to outbox_worker;

-- Contents, projects and audiences are never deleted by the worker (deletion is a date); links are.
grant select, insert, update on public.audience_profiles, public.content_projects, public.contents to outbox_worker;
grant select, insert, update, delete on public.content_minds, public.content_tags to outbox_worker;

-- Of the wider system's tables: enough to resolve a name to its key, and to add a tag.
grant select (id, slug) on public.minds to outbox_worker;
grant select (id) on public.job_executions to outbox_worker;
grant select, insert, update on public.tags to outbox_worker;
do $$
declare
    tag_sequence text := pg_get_serial_sequence('public.tags', 'id');
begin
    if tag_sequence is not null then
        execute format('grant usage on sequence %s to outbox_worker', tag_sequence);
    end if;
end
$$;

drop policy if exists outbox_worker_destination on outbox.destination;
create policy outbox_worker_destination on outbox.destination for select to outbox_worker using (true);
drop policy if exists outbox_worker_displaced on outbox.displaced;
create policy outbox_worker_displaced on outbox.displaced for select to outbox_worker using (false);
drop policy if exists outbox_worker_sources on outbox.sources;
create policy outbox_worker_sources on outbox.sources for all to outbox_worker using (true) with check (true);
drop policy if exists outbox_worker_parked on outbox.parked;
create policy outbox_worker_parked on outbox.parked for all to outbox_worker using (true) with check (true);
drop policy if exists outbox_worker_removed_links on outbox.removed_links;
create policy outbox_worker_removed_links on outbox.removed_links for all to outbox_worker using (true) with check (true);

-- On a table without row level security a policy would do nothing but alarm the advisors.
do $$
declare
    wanted record;
begin
    for wanted in
        select keys.*
        from (
            values
            ('audience_profiles', 'all'), ('content_projects', 'all'), ('contents', 'all'),
            ('content_minds', 'all'), ('content_tags', 'all'), ('tags', 'all'),
            ('minds', 'select'), ('job_executions', 'select')
        ) as keys (on_table, verb)
        join pg_catalog.pg_class as c on c.oid = to_regclass('public.' || keys.on_table)
        where c.relrowsecurity
    loop
        execute format('drop policy if exists outbox_worker_%1$s on public.%1$I', wanted.on_table);
        execute format(
            'create policy outbox_worker_%1$s on public.%1$I for %2$s to outbox_worker using (true)%3$s',
            wanted.on_table, wanted.verb, case when wanted.verb = 'all' then ' with check (true)' else '' end
        );
    end loop;
end
$$;
