-- Which outbox may write which project, where hosts deliver over a bus (docs/fleet.md). Without a row here every outbox may
-- write every project, as before. With one, an outbox may write what is named for it; '*' names everything.
set local lock_timeout = '4s';
set local statement_timeout = '60s';

create table if not exists outbox.rights (
    outbox_id uuid not null,
    project text not null check (project <> ''),
    granted_at timestamptz not null default now(),
    primary key (outbox_id, project)
);
comment on table outbox.rights is 'Which project (by its slug, * for all) an outbox may write, as worker apply asks.';

-- Closed first: row level security without a policy. Nobody but the owner of the database grants.
alter table outbox.rights enable row level security;
revoke all on outbox.rights from public, anon, authenticated, service_role, outbox_worker;

create or replace function outbox.may_write(outbox_id uuid, project text) returns boolean
language sql stable set search_path = '' as $$
    select not exists (select from outbox.rights) or exists (
        select from outbox.rights as r
        where r.outbox_id = may_write.outbox_id and r.project in ('*', may_write.project)
    )
$$;
comment on function outbox.may_write(uuid, text) is 'Whether this outbox may write this project; with * whether it may write all.';
revoke all on function outbox.may_write(uuid, text) from public, anon, authenticated, service_role;
grant execute on function outbox.may_write(uuid, text) to outbox_worker;

drop policy if exists outbox_worker_rights on outbox.rights;
create policy outbox_worker_rights on outbox.rights for select to outbox_worker using (true);
grant select on outbox.rights to outbox_worker;
