-- What `outbox import` has taken in: the id that an event had where it was exported, and the event here that says the
-- same. By it a file that is imported again appends nothing, and what is older than what stands here is known.
create table imports (
  event_id text primary key,
  seq integer not null
) strict, without rowid;

create index imports_by_seq on imports (seq);
