-- The relay's bookkeeping, in a schema that the API does not expose: which database this is, how far each outbox has
-- been applied, and what was parked on the way. The position is updated in the transaction that applies the events.
set local lock_timeout = '4s';
set local statement_timeout = '60s';

create schema if not exists outbox;
revoke all on schema outbox from public;
comment on schema outbox is 'Bookkeeping of the outbox relay. Not for the API.';

create table if not exists outbox.destination (
    singleton boolean primary key default true check (singleton),
    destination_id uuid not null default gen_random_uuid(),
    schema_version integer not null,
    created_at timestamptz not null default now()
);
comment on table outbox.destination is 'This database''s own identity, so that a worker notices when it talks to another.';

insert into outbox.destination (schema_version) values (1) on conflict (singleton) do nothing;

create table if not exists outbox.sources (
    outbox_id uuid primary key,
    applied_seq bigint not null default 0 check (applied_seq >= 0),
    applied_event_id uuid,
    applied_at timestamptz not null default now(),
    host text,
    worker_version text,
    created_at timestamptz not null default now()
);
comment on table outbox.sources is 'One row per outbox file: the last event applied here.';

create table if not exists outbox.parked (
    outbox_id uuid not null,
    seq bigint not null check (seq > 0),
    event_id uuid not null,
    type text,
    aggregate_id uuid,
    state text not null check (state in ('parked', 'held')),
    verdict text,
    sqlstate text,
    reason text,
    attempts integer not null default 0 check (attempts >= 0),
    parked_at timestamptz not null default now(),
    payload jsonb,
    primary key (outbox_id, seq)
);
comment on table outbox.parked is 'Events passed over, with their reason (parked), and those that wait for them (held).';

create index if not exists parked_aggregate on outbox.parked (outbox_id, aggregate_id);

-- A link that is removed leaves no row that could say so. This says it: an older event of another host, which arrives
-- later, must not bring the link back. What is linked is a mind's id and its role, or a tag's name.
create table if not exists outbox.removed_links (
    content_id uuid not null,
    kind text not null check (kind in ('mind', 'tag')),
    linked text not null,
    last_event_id uuid not null,
    primary key (content_id, kind, linked)
);
comment on table outbox.removed_links is 'The event that removed each link, so that an older one does not bring it back.';

create table if not exists outbox.displaced (
    id bigint generated always as identity primary key,
    migration text not null,
    restores text not null,
    displaced_at timestamptz not null default now()
);
comment on table outbox.displaced is 'Rights and policies that a migration replaced, as the statements that bring them back.';

-- Row level security without a policy: even a careless grant to an API role shows nothing.
alter table outbox.destination enable row level security;
alter table outbox.sources enable row level security;
alter table outbox.parked enable row level security;
alter table outbox.removed_links enable row level security;
alter table outbox.displaced enable row level security;

revoke all on all tables in schema outbox from public, anon, authenticated, service_role;
