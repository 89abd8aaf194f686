-- Recorded events are data: a table that holds some stays, closed to everybody but its owner, and a later "up" finds it.
set local lock_timeout = '4s';

drop trigger if exists inbox_notify on outbox.inbox;
drop function if exists outbox.notify_of_inbox();
drop function if exists outbox.prune_inbox(interval);
drop policy if exists outbox_worker_inbox on outbox.inbox;
drop policy if exists outbox_worker_inbox_pruned on outbox.inbox_pruned;
revoke all on outbox.inbox, outbox.inbox_pruned from outbox_worker;

do $$
begin
    if not exists (select from outbox.inbox) then
        drop table outbox.inbox;
    end if;
    if not exists (select from outbox.inbox_pruned) then
        drop table outbox.inbox_pruned;
    end if;
end
$$;
