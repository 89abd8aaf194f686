-- Without it a decision that was refused may be tried once more.
set local lock_timeout = '4s';

alter table outbox.parked drop column if exists carried_out;
