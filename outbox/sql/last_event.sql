-- The newest event, and the seqs that are used up besides (null, but in a file that was salvaged).
select
  seq,
  event_id,
  (select cast(value as integer) from meta where key = 'used_seq') as used_seq
from events
order by seq desc
limit 1;
