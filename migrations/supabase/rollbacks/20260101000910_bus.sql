-- Where to read on is a hint, and goes. What parked events refer to stays where there are any: a later "up" finds it.
set local lock_timeout = '4s';

drop policy if exists outbox_worker_streams on outbox.streams;
drop table if exists outbox.streams;

do $$
begin
    if not exists (select from outbox.parked where refs is not null) then
        alter table outbox.parked drop column if exists refs;
    end if;
end
$$;
