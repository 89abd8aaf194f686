-- Start records of `worker apply`: which events of which outbox it had in hand, and whether it waited for us. A worker that
-- dies leaves its record, and so an event that kills it is found (docs/fleet.md). Beside an outbox file they stand in that file.
set local lock_timeout = '4s';
set local statement_timeout = '60s';

create table if not exists outbox.starts (
    outbox_id uuid not null,
    seq bigint not null,
    last_seq bigint not null,
    starts integer not null default 1 check (starts > 0),
    waits boolean not null default false,
    started_at timestamptz not null default now(),
    primary key (outbox_id, seq)
);
comment on table outbox.starts is 'What a central worker had in hand when it died, or has in hand.';

-- Closed first: row level security without a policy.
alter table outbox.starts enable row level security;
revoke all on outbox.starts from public, anon, authenticated, service_role, outbox_worker;

alter table outbox.streams add column if not exists is_read boolean not null default false;
comment on column outbox.streams.is_read is 'Whether a central worker reads it, or died while it did.';

drop policy if exists outbox_worker_starts on outbox.starts;
create policy outbox_worker_starts on outbox.starts for all to outbox_worker using (true) with check (true);
grant select, insert, update, delete on outbox.starts to outbox_worker;
