-- The inbox: where an event lands that has no table of its own, one row for each, in the order of its outbox. Programs of the
-- database's owner read it (docs/inbox.md): woken by NOTIFY, by position, or by a view. It is not for the API.
set local lock_timeout = '4s';
set local statement_timeout = '60s';

create table if not exists outbox.inbox (
    outbox_id uuid not null,
    seq bigint not null check (seq > 0),
    id bigint generated always as identity,
    event_id uuid not null,
    type text not null,
    key text not null,
    data jsonb not null,
    occurred_at timestamptz not null,
    applied_at timestamptz not null default now(),
    primary key (outbox_id, seq)
);
create table if not exists outbox.inbox_pruned (
    outbox_id uuid primary key,
    seq bigint not null check (seq > 0),
    pruned_at timestamptz not null default now()
);

-- Closed first: row level security without a policy.
alter table outbox.inbox enable row level security;
alter table outbox.inbox_pruned enable row level security;
revoke all on outbox.inbox, outbox.inbox_pruned from public, anon, authenticated, service_role, outbox_worker;

comment on table outbox.inbox is 'Recorded events, one row each. Within one outbox a smaller id was committed earlier.';
comment on table outbox.inbox_pruned is 'Up to which event of each outbox the inbox was pruned: a replay does not bring those back.';

create unique index if not exists inbox_arrival on outbox.inbox (outbox_id, id);
create index if not exists inbox_type_key on outbox.inbox (type, key);

-- Heard when the transaction has committed. A reader that was away when it was said reads by position, and misses nothing.
create or replace function outbox.notify_of_inbox() returns trigger
language plpgsql set search_path = '' as $$
declare
    mine record;
begin
    for mine in select c.outbox_id, max(c.id) as newest from changed as c group by c.outbox_id loop
        perform pg_catalog.pg_notify('outbox_inbox', mine.outbox_id || ' ' || mine.newest);
    end loop;
    return null;
end
$$;

-- Only a beginning of each outbox goes, and nothing beyond an event that is parked and may come yet. Under the lock of the
-- position, so no batch is under way.
create or replace function outbox.prune_inbox(older_than interval) returns bigint
language plpgsql set search_path = '' as $$
declare
    mine record;
    upto bigint;
    gone bigint;
    total bigint := 0;
begin
    for mine in select distinct i.outbox_id from outbox.inbox as i order by i.outbox_id loop
        perform 1 from outbox.sources as s where s.outbox_id = mine.outbox_id for update;
        select coalesce(min(i.seq) filter (where i.applied_at > now() - older_than) - 1, max(i.seq)) into upto
        from outbox.inbox as i where i.outbox_id = mine.outbox_id;
        select least(upto, min(p.seq) - 1) into upto from outbox.parked as p where p.outbox_id = mine.outbox_id;
        delete from outbox.inbox as i where i.outbox_id = mine.outbox_id and i.seq <= upto;
        get diagnostics gone = row_count;
        if gone > 0 then
            insert into outbox.inbox_pruned as p (outbox_id, seq) values (mine.outbox_id, upto)
            on conflict (outbox_id) do update set seq = greatest(p.seq, excluded.seq), pruned_at = now();
        end if;
        total := total + gone;
    end loop;
    return total;
end
$$;

revoke all on function outbox.notify_of_inbox(), outbox.prune_inbox(interval) from public, anon, authenticated, service_role;

drop trigger if exists inbox_notify on outbox.inbox;
create trigger inbox_notify after insert on outbox.inbox
referencing new table as changed for each statement execute function outbox.notify_of_inbox();

-- The worker records, and never deletes. Each login writes for its own outboxes, as it moves their positions.
drop policy if exists outbox_worker_inbox on outbox.inbox;
create policy outbox_worker_inbox on outbox.inbox for all to outbox_worker
using (outbox_id in (select s.outbox_id from outbox.sources as s where s.login = session_user))
with check (outbox_id in (select s.outbox_id from outbox.sources as s where s.login = session_user));
drop policy if exists outbox_worker_inbox_pruned on outbox.inbox_pruned;
create policy outbox_worker_inbox_pruned on outbox.inbox_pruned for select to outbox_worker using (true);
grant select, insert, update on outbox.inbox to outbox_worker;
grant select on outbox.inbox_pruned to outbox_worker;
