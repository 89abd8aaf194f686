-- The worker's rights made narrower: it adds tags and renames none, and of several logins each moves only the positions of
-- its own outboxes ("worker migrate role HOST" makes a login for one host; docs/security.md says what it may still do).
--
-- A login of a host is a member of outbox_worker, has its rights and is held by its policies; session_user tells them
-- apart, which no SET ROLE changes. Positions that are there already belong to the shared login.
set local lock_timeout = '4s';
set local statement_timeout = '60s';

revoke update on public.tags from outbox_worker;

alter table outbox.sources add column if not exists login name not null default 'outbox_worker';
alter table outbox.sources alter column login set default session_user;
comment on column outbox.sources.login is 'The login that may move this position.';

drop policy if exists outbox_worker_sources on outbox.sources;
drop policy if exists outbox_worker_sources_read on outbox.sources;
create policy outbox_worker_sources_read on outbox.sources for select to outbox_worker using (true);
drop policy if exists outbox_worker_sources_make on outbox.sources;
create policy outbox_worker_sources_make on outbox.sources for insert to outbox_worker with check (login = session_user);
drop policy if exists outbox_worker_sources_move on outbox.sources;
create policy outbox_worker_sources_move on outbox.sources for update to outbox_worker
using (login = session_user) with check (login = session_user);

drop policy if exists outbox_worker_parked on outbox.parked;
create policy outbox_worker_parked on outbox.parked for all to outbox_worker
using (outbox_id in (select s.outbox_id from outbox.sources as s where s.login = session_user))
with check (outbox_id in (select s.outbox_id from outbox.sources as s where s.login = session_user));
