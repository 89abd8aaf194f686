-- What is parked is known from Postgres, what was decided from the audit trail, and table parked is a view of both that
-- is written anew whenever it may differ. What became of a decision is a fact of its own.

-- Appended by the worker, and by whoever brings an outbox here; the newest of a decision counts. A decision without one
-- has not been carried out.
create table outcomes (
  id integer primary key,
  decision_id integer not null references audit (id),
  outcome text not null check (outcome in ('applied', 'discarded', 'refused', 'set_aside', 'too_late')),
  noted_at text not null
) strict;

create index outcomes_of_decision on outcomes (decision_id);
create index audit_of_event on audit (seq) where seq is not null;

create trigger outcomes_are_never_updated before update on outcomes
begin
  select raise(abort, 'what became of a decision is never updated');
end;

-- Until now a worker that took blame back left no trace of it but this.
insert into audit (at, who, action, seq, reason)
select parked_at, 'worker', 'retry', seq, 'released by the version before' from parked
where state = 'releasing' and resolution = 'retry'
  and not exists (select 1 from audit where audit.seq = parked.seq and audit.action = 'retry');

-- What is releasing waits for its last decision to be carried out; every other one was.
insert into outcomes (decision_id, outcome, noted_at)
select
  a.id,
  case when p.seq is not null then 'refused' when a.action = 'discard' then 'discarded' else 'applied' end,
  a.at
from audit as a left join parked as p on p.seq = a.seq
where a.action in ('retry', 'edit', 'discard', 'supersede')
  and not (
    p.state is not null and p.state <> 'parked'
    and a.id = (select max(id) from audit as b where b.seq = a.seq and b.action in ('retry', 'edit', 'discard', 'supersede'))
  );

create table parked_anew (
  seq integer primary key,
  event_id text not null unique,
  type text not null,
  aggregate_id text not null,
  refs text not null default '[]',
  state text not null check (state in ('parked', 'held', 'releasing')),
  behind_seq integer,
  verdict text not null,
  sqlstate text,
  reason text not null,
  attempts integer not null default 0 check (attempts >= 0),
  payload text,
  resolution text check (resolution in ('retry', 'edit', 'discard', 'supersede', 'park')),
  parked_at text not null,
  check ((state = 'held') = (behind_seq is not null)),
  check (behind_seq < seq)
) strict;

insert into parked_anew
select
  seq, event_id, type, aggregate_id, refs, iif(behind_seq >= seq, 'releasing', state), iif(behind_seq >= seq, null, behind_seq),
  verdict, sqlstate, reason, attempts, payload, resolution, parked_at
from parked;

drop table parked;
alter table parked_anew rename to parked;

create index parked_by_aggregate on parked (aggregate_id);
-- Whom a parked event holds up, and the few among many held ones that somebody decides about.
create index parked_behind on parked (behind_seq) where behind_seq is not null;
create index parked_itself on parked (seq) where state <> 'held';

-- The operator's door. The worker puts rows down anew, as Postgres has them.
create trigger a_row_is_released_by_a_decision before update on parked
when not (old.state in ('parked', 'held') and new.state = 'releasing' and new.resolution is not null)
begin
  select raise(abort, 'a row of parked changes by a decision alone');
end;
