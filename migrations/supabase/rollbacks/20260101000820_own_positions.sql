-- Nothing is loosened on the way back: the narrower rights hold until those they narrow go with their own files. Whose
-- a position is stays written beside it.
set local lock_timeout = '4s';
