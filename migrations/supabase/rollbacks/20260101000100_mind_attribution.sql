-- The columns and keys stay: they hold whose work a row is and which event it came from, and harm nobody. A later
-- "up" finds them.
set local lock_timeout = '4s';
