-- Statements about recorded events.

-- name: record
-- A row that is there already stays, unless somebody changed it; below what was pruned nothing is written.
insert into outbox.inbox as i (outbox_id, seq, event_id, type, key, data, occurred_at)
select %(outbox_id)s, n.seq, n.event_id, n.type, n.key, n.data, n.occurred_at
from jsonb_to_recordset(%(rows)s::jsonb) as n (
    seq bigint, event_id uuid, type text, key text, data jsonb, occurred_at timestamptz
)
where n.seq > coalesce((select p.seq from outbox.inbox_pruned as p where p.outbox_id = %(outbox_id)s), 0)
order by n.seq
on conflict (outbox_id, seq) do update set
    event_id = excluded.event_id, type = excluded.type, key = excluded.key, data = excluded.data,
    occurred_at = excluded.occurred_at
where
    (i.event_id, i.type, i.key, i.data, i.occurred_at)
    is distinct from (excluded.event_id, excluded.type, excluded.key, excluded.data, excluded.occurred_at);

-- name: recorded
-- Every row that was written is there: a trigger, a rule or a policy may have kept it out.
select case when count(*) > 0 then ('outbox.kept inbox ' || count(*))::integer end
from jsonb_to_recordset(%(rows)s::jsonb) as n (seq bigint, event_id uuid)
where
    n.seq > coalesce((select p.seq from outbox.inbox_pruned as p where p.outbox_id = %(outbox_id)s), 0)
    and not exists (
        select from outbox.inbox as i
        where i.outbox_id = %(outbox_id)s and i.seq = n.seq and i.event_id = n.event_id
    );

-- name: differing
-- Rows that are not as they were recorded, and how they differ; what was pruned is not looked at.
select n.seq, case when i.seq is null then 'it is not there' else concat_ws(
    '; ',
    case when i.event_id <> n.event_id then 'event_id' end, case when i.type <> n.type then 'type' end,
    case when i.key <> n.key then 'key' end, case when i.data <> n.data then 'data' end,
    case when i.occurred_at <> n.occurred_at then 'occurred_at' end
) end
from jsonb_to_recordset(%(rows)s::jsonb) as n (
    seq bigint, event_id uuid, type text, key text, data jsonb, occurred_at timestamptz
)
left join outbox.inbox as i on i.outbox_id = %(outbox_id)s and i.seq = n.seq
where
    n.seq > coalesce((select p.seq from outbox.inbox_pruned as p where p.outbox_id = %(outbox_id)s), 0)
    and (i.event_id, i.type, i.key, i.data, i.occurred_at)
    is distinct from (n.event_id, n.type, n.key, n.data, n.occurred_at)
order by n.seq;
