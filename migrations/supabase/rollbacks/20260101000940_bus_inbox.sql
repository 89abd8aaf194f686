-- What is on its way stands in the outbox files of the hosts: they send it again.
set local lock_timeout = '4s';

drop schema if exists outbox_bus cascade;
