-- Why the worker waits for a person, in fields: what is wrong is decided by these, never by the words of last_error.
alter table worker add column kind text;
alter table worker add column remedy text;
alter table worker add column command text;
alter table worker add column entry text;

-- A stretch without deliveries: the database was away (outage), or a person was needed (blocked).
alter table outages add column kind text not null default 'outage' check (kind in ('outage', 'blocked'));
