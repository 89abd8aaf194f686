-- The column stays: it says which rows of a replay that is under way were written by an outbox, and nothing else knows that.
set local lock_timeout = '4s';
