-- What stood here, the helpers of the row policies, is made by 20260101000800_access_functions: in one text, for fresh
-- databases and for those that had this file in its first form. The version stays, so that the history of both is the
-- same (docs/adr, "Opened last").
set local lock_timeout = '4s';
