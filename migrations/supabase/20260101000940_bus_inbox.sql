-- A second transport for `worker forward` and `worker apply` (docs/fleet.md): what a bus keeps, as two tables and a function in a
-- schema of its own, which an API may expose. A host has a JWT with the claim `outbox_id`; it writes and reads under that alone.
set local lock_timeout = '4s';
set local statement_timeout = '60s';

create schema if not exists outbox_bus;
revoke all on schema outbox_bus from public;
comment on schema outbox_bus is 'Frames of hosts on their way, when no NATS carries them. Nothing in it is believed.';

create table if not exists outbox_bus.carried (
    number bigint generated always as identity primary key,
    outbox_id uuid not null,
    headers jsonb not null,
    data bytea not null check (octet_length(data) <= 1048576),
    carried_at timestamptz not null default now()
);
create index if not exists carried_outbox on outbox_bus.carried (outbox_id, number);
create table if not exists outbox_bus.words (
    outbox_id uuid primary key,
    number bigint not null default 1,
    data bytea not null,
    said_at timestamptz not null default now()
);
comment on table outbox_bus.carried is 'Messages of hosts, in the order in which they were committed. Old ones may be deleted at any time.';
comment on table outbox_bus.words is 'The newest word of the centre about each outbox.';

-- Closed first: row level security without a policy.
alter table outbox_bus.carried enable row level security;
alter table outbox_bus.words enable row level security;
revoke all on outbox_bus.carried, outbox_bus.words from public, anon, authenticated, service_role, outbox_worker;

create or replace function outbox_bus.claimed() returns uuid
language sql stable set search_path = '' as $$
    select (nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::jsonb ->> 'outbox_id')::uuid
$$;
comment on function outbox_bus.claimed() is 'The outbox that the JWT of this request names.';

-- One at a time, so that numbers are seen in order: a reader that has seen one never finds a smaller one later.
create or replace function outbox_bus.carry(last bigint, headers jsonb, data bytea) returns bigint
language plpgsql set search_path = '' as $$
declare
    stored bigint;
begin
    perform pg_catalog.pg_advisory_xact_lock(7522107381);
    if last <> coalesce(
        (select pg_catalog.max(c.number) from outbox_bus.carried as c where c.outbox_id = outbox_bus.claimed()), 0
    ) then
        raise exception 'another message came last under this outbox' using errcode = 'PT409';
    end if;
    insert into outbox_bus.carried (outbox_id, headers, data)
    values (outbox_bus.claimed(), carry.headers, carry.data)
    returning number into stored;
    return stored;
end
$$;
comment on function outbox_bus.carry(bigint, jsonb, bytea) is 'Stores a message after the one with this number, or refuses with PT409.';

revoke all on function outbox_bus.claimed(), outbox_bus.carry(bigint, jsonb, bytea) from public, anon, authenticated, service_role;
grant usage on schema outbox_bus to authenticated, outbox_worker;
grant execute on function outbox_bus.claimed(), outbox_bus.carry(bigint, jsonb, bytea) to authenticated;

drop policy if exists own_carried_write on outbox_bus.carried;
drop policy if exists own_carried on outbox_bus.carried;
drop policy if exists own_word on outbox_bus.words;
drop policy if exists outbox_worker_carried on outbox_bus.carried;
drop policy if exists outbox_worker_words on outbox_bus.words;
create policy own_carried_write on outbox_bus.carried for insert to authenticated with check (outbox_id = (select outbox_bus.claimed()));
create policy own_carried on outbox_bus.carried for select to authenticated using (outbox_id = (select outbox_bus.claimed()));
create policy own_word on outbox_bus.words for select to authenticated using (outbox_id = (select outbox_bus.claimed()));
create policy outbox_worker_carried on outbox_bus.carried for select to outbox_worker using (true);
create policy outbox_worker_words on outbox_bus.words for all to outbox_worker using (true) with check (true);
grant select, insert on outbox_bus.carried to authenticated;
grant select on outbox_bus.words to authenticated;
grant select on outbox_bus.carried to outbox_worker;
grant select, insert, update on outbox_bus.words to outbox_worker;
