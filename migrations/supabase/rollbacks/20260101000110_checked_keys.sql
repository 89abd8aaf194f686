-- Nothing to take back: a key that was checked is the key that the file before made.
set local lock_timeout = '4s';
