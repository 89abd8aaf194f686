-- The roles of a Supabase cluster, as supabase/postgres makes them; the bootstrap superuser is supabase_admin.
do $$
declare
    wanted text;
begin
    foreach wanted in array array[
        'postgres', 'anon', 'authenticated', 'service_role', 'authenticator', 'supabase_auth_admin',
        'supabase_storage_admin', 'dashboard_user', 'supabase_privileged_role'
    ] loop
        if not exists (select from pg_roles where rolname = wanted) then
            execute format('create role %I', wanted);
        end if;
    end loop;
end
$$;

alter role supabase_admin set search_path to "$user", public, auth, extensions;
alter role supabase_admin set log_statement to 'none';

-- What makes the stand-in honest: postgres is no superuser here either.
alter role postgres with login createdb createrole replication bypassrls nosuperuser;
alter role postgres set search_path to "$user", public, extensions;

alter role anon with nologin inherit;
alter role anon set statement_timeout to '3s';
alter role authenticated with nologin inherit;
alter role authenticated set statement_timeout to '8s';
alter role service_role with nologin inherit bypassrls;
alter role authenticator with login noinherit;
alter role authenticator set statement_timeout to '8s';
alter role authenticator set lock_timeout to '8s';
alter role supabase_auth_admin with login noinherit;
alter role supabase_auth_admin set search_path to auth;
alter role supabase_auth_admin set idle_in_transaction_session_timeout to '60s';
alter role supabase_storage_admin with login noinherit createrole;
alter role supabase_storage_admin set search_path to storage;
alter role dashboard_user with nologin createdb createrole replication;

grant anon, authenticated, service_role to authenticator;
grant authenticator to supabase_storage_admin;
grant anon, authenticated, service_role, authenticator, pg_monitor, pg_read_all_data, pg_signal_backend
to postgres with admin option;
grant supabase_privileged_role to postgres;
