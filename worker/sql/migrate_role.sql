-- name: tells_logins_apart
-- Whether positions belong to logins here.
select true
from pg_catalog.pg_attribute
where attrelid = to_regclass('outbox.sources') and attname = 'login' and not attisdropped;

-- name: known_outboxes
-- Every outbox that was ever delivered here.
select outbox_id from outbox.sources;

-- name: role_exists
-- Whether there is such a login.
select true from pg_catalog.pg_roles where rolname = %s;

-- name: hand_over_positions
-- Those that the host has moved with the shared login, and those that are named; and what the login has already.
with handed as (
    update outbox.sources
    set login = %(role)s::text
    where
        outbox_id = any(%(outboxes)s::uuid[])
        or (host = %(host)s and login = %(shared)s::text)
    returning outbox_id
)
select outbox_id from handed
union
select outbox_id from outbox.sources where login = %(role)s::text
order by outbox_id;
