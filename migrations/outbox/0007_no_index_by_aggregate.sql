-- Nobody asks the parked list by aggregate: what waits for whom is worked out in memory, from the list as a whole. And an
-- index that nobody asks costs something with every event that is held or let go.
drop index parked_by_aggregate;
