-- What a replay sets back, and what it does not: how far an outbox had been applied before.
--
-- A row names the event that wrote it last, and a relay believes that name if it is not beyond all positions (ADR 54). While
-- a replay goes on, the position stands before events whose rows are there already. To another host they would look as if
-- no outbox had written them, and its older event would take their place.
set local lock_timeout = '4s';
set local statement_timeout = '60s';

alter table outbox.sources add column if not exists newest_event_id uuid;
comment on column outbox.sources.newest_event_id is 'The newest event applied before a replay set the position back.';
