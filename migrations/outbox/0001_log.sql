-- The log and what belongs to it. SQLite; applied by outbox/schema.py through sqlite-utils' migrations.

-- One row a fact about this file: outbox_id, created_at, paused, pruned_below; used_seq where a salvage lost the newest events.
create table meta (
  key text primary key,
  value text not null
) strict, without rowid;

-- The append-only log. Neither an index of event ids nor AUTOINCREMENT, whose pages every commit would write: what
-- they promise is kept by order. An append makes its id greater than the last one (`outbox check` looks), and the
-- newest event is never deleted, so the next seq is always new.
-- payload stands last, so that reading the columns before it touches no overflow page.
create table events (
  seq integer primary key,
  event_id text not null,
  type text not null,
  version integer not null check (version >= 1),
  aggregate_type text not null,
  aggregate_id text not null,
  previous_seq integer check (previous_seq < seq),
  refs text not null default '[]',
  payload_sha256 text not null check (length(payload_sha256) = 64),
  occurred_at text not null,
  payload text not null
) strict;

create trigger events_are_never_updated before update on events
begin
  select raise(abort, 'events are never updated: append a new event instead');
end;

create trigger the_newest_event_stays before delete on events
when old.seq = (select max(seq) from events)
begin
  select raise(abort, 'the newest event stays: its seq must never be used again');
end;

-- The newest event of each aggregate and slot (what a later event of the same slot replaces). It makes
-- "append an unchanged state" a look-up by key, starts the chain of previous_seq, and outlives a prune.
create table heads (
  aggregate_id text not null,
  slot text not null,
  seq integer not null,
  type text not null,
  payload_sha256 text not null,
  primary key (aggregate_id, slot)
) strict, without rowid;

-- What this outbox knows of files: published by it (staged while temp is set) or read by an importer.
-- base is '' for CONTENT_ROOT, else the absolute folder that path is relative to.
create table files (
  base text not null default '',
  path text not null,
  sha256 text not null check (length(sha256) = 64),
  bytes integer not null check (bytes >= 0),
  seq integer,
  slug text, -- of the content that the file carries: its event may be pruned when the file is deleted
  temp text,
  previous_sha256 text,
  recorded_at text not null,
  primary key (base, path)
) strict, without rowid;

create index files_staged on files (temp) where temp is not null;
