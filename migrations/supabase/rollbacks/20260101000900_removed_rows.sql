-- What was removed stays removed: a table that holds some of it stays, closed to everybody but its owner, and a later "up"
-- finds it. So does whatever removed_links says of other links than those of content.
set local lock_timeout = '4s';

comment on column outbox.removed_links.content_id is null;
do $$
begin
    if not exists (select from outbox.removed_links where kind not in ('mind', 'tag')) then
        alter table outbox.removed_links add constraint removed_links_kind_check check (kind in ('mind', 'tag'));
    end if;
end
$$;

drop policy if exists outbox_worker_removed_rows on outbox.removed_rows;
revoke all on outbox.removed_rows from outbox_worker;

do $$
begin
    if not exists (select from outbox.removed_rows) then
        drop table outbox.removed_rows;
    end if;
end
$$;
