-- What a project's own tables lose for good: rows, and links of any name. A row that is removed leaves nothing that could say
-- so. This says it: an older event of another host, or one that is replayed, must not bring the row back.
set local lock_timeout = '4s';
set local statement_timeout = '60s';

create table if not exists outbox.removed_rows (
    relation text not null,
    key text not null,
    last_event_id uuid not null,
    removed_at timestamptz not null default now(),
    primary key (relation, key)
);
comment on table outbox.removed_rows is 'The event that removed each row for good, by table and natural key; a later event may make it anew.';

-- Closed first: row level security without a policy.
alter table outbox.removed_rows enable row level security;
revoke all on outbox.removed_rows from public, anon, authenticated, service_role, outbox_worker;

drop policy if exists outbox_worker_removed_rows on outbox.removed_rows;
create policy outbox_worker_removed_rows on outbox.removed_rows for all to outbox_worker using (true) with check (true);
grant select, insert, update on outbox.removed_rows to outbox_worker;

-- Content's links stay as they are: `mind` and `tag`. Others stand under the name of their table.
alter table outbox.removed_links drop constraint if exists removed_links_kind_check;
comment on column outbox.removed_links.content_id is 'The row whose link it was, by its id; or the aggregate of its events, if the id is no uuid.';
