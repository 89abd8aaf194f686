-- The indexes that carry our names go; those that were there before stay.
set local lock_timeout = '4s';

drop index if exists public.content_projects_creator_mind_id_idx;
drop index if exists public.content_projects_persona_mind_id_idx;
drop index if exists public.content_projects_target_audience_id_idx;
drop index if exists public.audience_profiles_creator_mind_id_idx;
drop index if exists public.contents_project_id_idx;
drop index if exists public.contents_parent_content_id_idx;
drop index if exists public.contents_generation_execution_id_idx;
drop index if exists public.content_minds_mind_id_idx;
drop index if exists public.content_tags_tag_id_idx;
drop index if exists public.contents_metadata_idx;
drop index if exists public.contents_text_idx;
