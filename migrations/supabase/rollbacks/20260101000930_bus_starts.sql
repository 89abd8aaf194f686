-- Start records are about a process that runs, or died: nothing is lost with them but the search for an event that kills.
set local lock_timeout = '4s';

drop policy if exists outbox_worker_starts on outbox.starts;
drop table if exists outbox.starts;
alter table if exists outbox.streams drop column if exists is_read;
