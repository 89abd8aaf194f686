-- Messages of a bus are read again when the centre starts again. A parked event keeps which decision about it was carried out
-- last, and which message told it: what was refused is not tried again because its news is read once more.
set local lock_timeout = '4s';

alter table outbox.parked add column if not exists carried_out jsonb;
comment on column outbox.parked.carried_out is
    'The decision that led to this row, and the message of the bus that told it; null where the outbox file knows.';
