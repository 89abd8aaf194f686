-- A database that does not look at rights is less closed than one that does: rights that somebody granted stay, for a later "up".
set local lock_timeout = '4s';

drop function if exists outbox.may_write(uuid, text);
drop policy if exists outbox_worker_rights on outbox.rights;
revoke all on outbox.rights from outbox_worker;

do $$
begin
    if not exists (select from outbox.rights) then
        drop table outbox.rights;
    end if;
end
$$;
