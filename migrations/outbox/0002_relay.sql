-- What the relay remembers here for ops. The truth of the position lives in Postgres (outbox.sources).

create table destinations (
  destination_id text primary key,
  applied_seq integer not null default 0 check (applied_seq >= 0),
  applied_event_id text,
  -- How far `worker verify` has compared the destination with the log; nothing beyond it is ever pruned.
  verified_seq integer not null default 0 check (verified_seq >= 0),
  verified_at text,
  first_seen_at text not null,
  updated_at text not null
) strict, without rowid;

create table worker (
  singleton integer primary key default 1 check (singleton = 1),
  state text not null check (state in (
    'starting', 'following', 'draining', 'holding', 'outage', 'blocked', 'stopped'
  )),
  pid integer,
  since text not null,
  heartbeat_at text not null,
  last_error text,
  rate_per_second real,
  eta_seconds real
) strict;

create table outages (
  id integer primary key,
  began_at text not null,
  ended_at text,
  drained_at text,
  cause text not null,
  backlog_at_begin integer not null default 0,
  backlog_peak integer not null default 0,
  probes integer not null default 0
) strict;

create unique index one_open_outage on outages ((1)) where ended_at is null;

-- Given up for now with its place in the order kept (parked), or waiting behind such a one (held).
create table parked (
  seq integer primary key,
  event_id text not null unique,
  type text not null,
  aggregate_id text not null,
  refs text not null default '[]',
  state text not null check (state in ('parked', 'held', 'releasing')),
  behind_seq integer,
  verdict text not null,
  sqlstate text,
  reason text not null,
  attempts integer not null default 0 check (attempts >= 0),
  payload text,
  resolution text check (resolution in ('retry', 'edit', 'discard', 'supersede')),
  parked_at text not null,
  check ((state = 'held') = (behind_seq is not null))
) strict;

create index parked_by_aggregate on parked (aggregate_id);
-- Whom a parked event holds up, and the few among many held ones that somebody decides about.
create index parked_behind on parked (behind_seq) where behind_seq is not null;
create index parked_itself on parked (seq) where state <> 'held';

-- Started and not yet finished: after a crash it names the events that may have killed the process.
create table attempts (
  seq integer primary key,
  last_seq integer not null,
  starts integer not null check (starts > 0),
  started_at text not null
) strict;

-- Every act of an operator: who, what, why, and what stood there before. Never updated.
create table audit (
  id integer primary key,
  at text not null,
  who text not null,
  action text not null,
  seq integer,
  reason text,
  before text,
  after text
) strict;

create trigger audit_is_never_updated before update on audit
begin
  select raise(abort, 'the audit trail is never updated');
end;
