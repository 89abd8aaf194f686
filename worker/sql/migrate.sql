-- name: create_history
-- The table as the Supabase CLI makes it; on the hosted service it is there and has more columns.
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (version text not null primary key);
alter table supabase_migrations.schema_migrations add column if not exists statements text[];
alter table supabase_migrations.schema_migrations add column if not exists name text;

-- name: history_exists
-- Whether anything was ever migrated here.
select to_regclass('supabase_migrations.schema_migrations') is not null;

-- name: read_history
-- What was applied, by whomever, oldest first.
select version, name, statements from supabase_migrations.schema_migrations order by version;

-- name: record
-- One row per migration, in the transaction that applies it.
insert into supabase_migrations.schema_migrations (version, name, statements) values (%s, %s, %s);

-- name: forget
-- Taken back: the row goes with the objects.
delete from supabase_migrations.schema_migrations where version = %s;
