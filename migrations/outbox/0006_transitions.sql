-- A row of parked stands only as what bears it out: an earlier row, or what was decided. Whoever writes a wrong state is
-- refused, so no step of a program, whatever dies in between, can leave one (docs/state_machine.md).

-- Decisions that count, with what became of each: one that came too late changes nothing. The newest of an event stands.
create view decided as
select id, seq, action, after, outcome, action <> 'park' and coalesce(outcome, 'applied') in ('applied', 'discarded') as releases
from (
  select
    a.id, a.seq, a.action, a.after,
    (select o.outcome from outcomes as o where o.decision_id = a.id order by o.id desc limit 1) as outcome
  from audit as a
  where a.seq is not null and a.action in ('retry', 'edit', 'discard', 'supersede', 'park')
)
where outcome is not 'too_late';

drop trigger a_row_is_released_by_a_decision;

create trigger a_row_stays_of_its_event before update of seq, event_id, type, aggregate_id, refs, parked_at on parked
when (old.seq, old.event_id, old.type, old.aggregate_id, old.refs, old.parked_at)
  is not (new.seq, new.event_id, new.type, new.aggregate_id, new.refs, new.parked_at)
begin
  select raise(abort, 'a row of parked stays of its event');
end;

-- Each rule twice: for rows that come, and for rows that change. What only waits needs no look at the decisions.
create trigger a_row_comes_parked before insert on parked when new.state = 'parked'
begin
  select raise(abort, 'an event that was decided about is not parked')
  where (select releases from decided where seq = new.seq order by id desc limit 1);
end;
create trigger a_row_becomes_parked before update on parked when new.state = 'parked'
begin
  select raise(abort, 'an event that was decided about is not parked')
  where (select releases from decided where seq = new.seq order by id desc limit 1);
end;

create trigger a_row_comes_held before insert on parked when new.state = 'held'
begin
  select raise(abort, 'held behind an event that is not parked')
  where not exists (select 1 from parked where seq = new.behind_seq and state <> 'held');
end;
create trigger a_row_becomes_held before update on parked when new.state = 'held'
begin
  select raise(abort, 'held behind an event that is not parked')
  where not exists (select 1 from parked where seq = new.behind_seq and state <> 'held');
end;

create trigger a_row_comes_released before insert on parked when new.state = 'releasing' and new.verdict <> 'dependency'
begin
  select raise(abort, 'an event that is at fault is released by a decision alone')
  where not coalesce((select releases from decided where seq = new.seq order by id desc limit 1), 0);
end;
create trigger a_row_becomes_released before update on parked when new.state = 'releasing' and new.verdict <> 'dependency'
begin
  select raise(abort, 'an event that is at fault is released by a decision alone')
  where not coalesce((select releases from decided where seq = new.seq order by id desc limit 1), 0);
end;

create trigger a_row_comes_decided before insert on parked when new.resolution is not null or new.payload is not null
begin
  select raise(abort, 'a row of parked tells a decision that nobody made')
  where new.resolution is not null
    and new.resolution is not (select action from decided where seq = new.seq order by id desc limit 1)
    or new.payload is not null and not exists (select 1 from decided where seq = new.seq and after = new.payload);
end;
create trigger a_row_becomes_decided before update on parked when new.resolution is not null or new.payload is not null
begin
  select raise(abort, 'a row of parked tells a decision that nobody made')
  where new.resolution is not null
    and new.resolution is not (select action from decided where seq = new.seq order by id desc limit 1)
    or new.payload is not null and not exists (select 1 from decided where seq = new.seq and after = new.payload);
end;

create trigger a_row_leaves_nobody_waiting before delete on parked
when exists (select 1 from parked where behind_seq = old.seq)
begin
  select raise(abort, 'an event is held behind this one');
end;

create trigger audit_is_never_deleted before delete on audit
begin
  select raise(abort, 'the audit trail is never deleted');
end;

create trigger outcomes_are_never_deleted before delete on outcomes
begin
  select raise(abort, 'what became of a decision is never deleted');
end;

create trigger an_outcome_is_of_its_decision before insert on outcomes
begin
  select raise(abort, 'such a decision has no such outcome')
  where not exists (
    select 1 from audit as a
    where a.id = new.decision_id and (
      new.outcome = 'too_late'
      or a.action in ('retry', 'edit', 'supersede') and new.outcome in ('applied', 'refused')
      or a.action = 'discard' and new.outcome in ('discarded', 'refused')  -- the latter: of a file from before 0005
      or a.action = 'park' and new.outcome = 'set_aside'
    )
  );
end;
