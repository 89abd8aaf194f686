-- The view goes; the tables it read stay as they are.
set local lock_timeout = '4s';

drop view if exists public.v_contents_with_creators;
