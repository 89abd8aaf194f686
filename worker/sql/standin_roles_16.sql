-- PostgreSQL 16 and newer: what postgres may do there besides.
grant pg_create_subscription to postgres;
