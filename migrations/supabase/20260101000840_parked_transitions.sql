-- The list of what was passed over changes only as it is drawn (docs/state_machine.md), whoever writes: behind the position,
-- under its lock, and held behind something earlier. The worker does so by itself; this is for whoever does not.
set local lock_timeout = '4s';
set local statement_timeout = '60s';

-- Once a statement, for all its rows: the lock of the position is taken by whoever does not hold it already.
create or replace function outbox.check_parked_come() returns trigger
language plpgsql set search_path = '' as $$
declare
    mine record;
begin
    for mine in
        select c.outbox_id, max(c.seq) as newest, min(c.seq) filter (where c.state = 'held') as first_held
        from changed as c
        group by c.outbox_id
    loop
        perform 1 from outbox.sources as s where s.outbox_id = mine.outbox_id for update;
        -- Beyond the position it may be as long as the position follows before COMMIT: that is looked at there.
        update outbox.sources as s set applied_seq = s.applied_seq
        where s.outbox_id = mine.outbox_id and s.applied_seq < mine.newest;
        if not exists (
            select from outbox.parked as p where p.outbox_id = mine.outbox_id and p.seq < mine.first_held
        ) and mine.first_held is not null then
            raise exception 'event % is held, and none before it is on the list', mine.first_held
                using errcode = 'check_violation', schema = 'outbox', table = 'parked', constraint = 'held_behind_earlier';
        end if;
    end loop;
    return null;
end
$$;

create or replace function outbox.lock_position_of_parked() returns trigger
language plpgsql set search_path = '' as $$
declare
    mine record;
begin
    for mine in select distinct c.outbox_id from changed as c loop
        perform 1 from outbox.sources as s where s.outbox_id = mine.outbox_id for update;
    end loop;
    return null;
end
$$;

create or replace function outbox.check_parked_change() returns trigger
language plpgsql set search_path = '' as $$
begin
    if (new.outbox_id, new.seq, new.event_id) is distinct from (old.outbox_id, old.seq, old.event_id) then
        raise exception 'event % stays on the list as what it is', old.seq
            using errcode = 'check_violation', schema = 'outbox', table = 'parked', constraint = 'parked_stays_of_its_event';
    end if;
    if old.state = 'parked' and new.state = 'held' then
        raise exception 'event % is at fault itself, and waits for no other', old.seq
            using errcode = 'check_violation', schema = 'outbox', table = 'parked', constraint = 'parked_is_not_held';
    end if;
    return new;
end
$$;

create or replace function outbox.check_position_of_parked() returns trigger
language plpgsql set search_path = '' as $$
begin
    if exists (
        select from outbox.parked as p join outbox.sources as s on s.outbox_id = p.outbox_id
        where p.outbox_id = new.outbox_id and p.seq > s.applied_seq
    ) then
        raise exception 'events beyond the position % are on the list: they are still to come', new.applied_seq
            using errcode = 'check_violation', schema = 'outbox', table = 'parked', constraint = 'parked_behind_position';
    end if;
    return null;
end
$$;

revoke all on function
outbox.check_parked_come(), outbox.lock_position_of_parked(), outbox.check_parked_change(),
outbox.check_position_of_parked()
from public;

drop trigger if exists parked_come on outbox.parked;
create trigger parked_come after insert on outbox.parked
referencing new table as changed for each statement execute function outbox.check_parked_come();
drop trigger if exists parked_change_under_lock on outbox.parked;
create trigger parked_change_under_lock after update on outbox.parked
referencing new table as changed for each statement execute function outbox.lock_position_of_parked();
drop trigger if exists parked_go_under_lock on outbox.parked;
create trigger parked_go_under_lock after delete on outbox.parked
referencing old table as changed for each statement execute function outbox.lock_position_of_parked();

drop trigger if exists parked_change on outbox.parked;
create trigger parked_change before update on outbox.parked
for each row execute function outbox.check_parked_change();

-- At COMMIT, where the position did not go on: it was set back, or the list ran ahead of it.
drop trigger if exists position_of_parked on outbox.sources;
create constraint trigger position_of_parked after update of applied_seq on outbox.sources
deferrable initially deferred for each row when (new.applied_seq <= old.applied_seq)
execute function outbox.check_position_of_parked();
