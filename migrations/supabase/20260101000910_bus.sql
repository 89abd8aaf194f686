-- What a central worker needs that applies the logs of many hosts (docs/fleet.md): from where to read on, and what a parked
-- event refers to, since the log that says so is elsewhere.
set local lock_timeout = '4s';
set local statement_timeout = '60s';

create table if not exists outbox.streams (
    lane text primary key,
    store text not null,
    number bigint not null check (number >= 0),
    noted_at timestamptz not null default now()
);
comment on table outbox.streams is 'How far the messages of a bus need not be read again. A hint: it decides nothing.';

-- Closed first: row level security without a policy.
alter table outbox.streams enable row level security;
revoke all on outbox.streams from public, anon, authenticated, service_role, outbox_worker;

alter table outbox.parked add column if not exists refs uuid[];
comment on column outbox.parked.refs is 'What the event refers to; null where the worker that parked it had the outbox file.';

drop policy if exists outbox_worker_streams on outbox.streams;
create policy outbox_worker_streams on outbox.streams for all to outbox_worker using (true) with check (true);
grant select, insert, update on outbox.streams to outbox_worker;
