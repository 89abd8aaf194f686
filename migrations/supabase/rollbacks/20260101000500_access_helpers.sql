-- The helpers go; nothing else uses them once the policies are gone.
set local lock_timeout = '4s';

alter table public.audience_profiles alter column creator_mind_id drop default;
drop function if exists content_access.adoptable_audience_ids();
drop function if exists content_access.readable_audience_ids();
drop function if exists content_access.authored_content_ids();
drop function if exists content_access.readable_project_ids();
drop function if exists content_access.own_project_ids();
drop function if exists content_access.current_mind_id();
revoke usage on schema content_access from authenticated, service_role;
