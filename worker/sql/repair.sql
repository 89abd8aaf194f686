-- Before rows are written again: they forget which event wrote them last, unless another host's newer one did. In the
-- transaction that writes them, so that nobody ever sees a row without its event.

-- name: unstamp_audiences
update public.audience_profiles set last_event_id = null
where slug = %(slug)s and last_event_id <= %(newest)s;

-- name: unstamp_projects
update public.content_projects set last_event_id = null
where slug = %(slug)s and last_event_id <= %(newest)s;

-- name: unstamp_contents
update public.contents set last_event_id = null
where slug = %(slug)s and last_event_id <= %(newest)s;
