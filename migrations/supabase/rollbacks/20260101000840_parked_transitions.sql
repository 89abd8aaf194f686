-- No row is changed: what the triggers refused is refused no more.
set local lock_timeout = '4s';

drop trigger if exists position_of_parked on outbox.sources;
drop trigger if exists parked_change on outbox.parked;
drop trigger if exists parked_go_under_lock on outbox.parked;
drop trigger if exists parked_change_under_lock on outbox.parked;
drop trigger if exists parked_come on outbox.parked;
drop function if exists outbox.check_position_of_parked();
drop function if exists outbox.check_parked_change();
drop function if exists outbox.lock_position_of_parked();
drop function if exists outbox.check_parked_come();
