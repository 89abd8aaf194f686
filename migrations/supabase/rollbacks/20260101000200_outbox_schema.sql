-- Positions, parked events and removed links are data: a table that holds some stays (and a later "up" finds it). Empty ones go, and the
-- schema with the last of them. The identity of the database goes only when nothing was ever applied.
set local lock_timeout = '4s';

do $$
begin
    if not exists (select from outbox.parked) then
        drop table outbox.parked;
    end if;
    if not exists (select from outbox.removed_links) then
        drop table outbox.removed_links;
    end if;
    if not exists (select from outbox.displaced) then
        drop table outbox.displaced;
    end if;
    if not exists (select from outbox.sources) then
        drop table outbox.sources;
        drop table outbox.destination;
    end if;
    if not exists (select from pg_catalog.pg_class where relnamespace = 'outbox'::regnamespace and relkind = 'r') then
        drop schema outbox;
    end if;
end
$$;
