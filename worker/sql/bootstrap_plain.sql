-- What the migrations build upon and Supabase brings along, made on a plain PostgreSQL where it is missing. May be run
-- again; what is there is left alone. The roles of the API cannot log in: whoever serves an API gives a login of
-- theirs the membership. Without an API they stay unused, and the worker delivers all the same.
do $$
declare
    wanted text;
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'supabase_admin') then
        raise exception 'this is a Supabase server: everything that the migrations build upon is there';
    end if;
    foreach wanted in array array['anon', 'authenticated', 'service_role'] loop
        if not exists (select from pg_catalog.pg_roles where rolname = wanted) then
            execute format('create role %I nologin', wanted);
        end if;
    end loop;
    -- Only a superuser may give this away. Without it service_role sees no row; the worker does not need it.
    if (select r.rolsuper from pg_catalog.pg_roles as r where r.rolname = current_user) then
        alter role service_role bypassrls;
    end if;
end
$$;

create schema if not exists auth;
grant usage on schema auth to anon, authenticated, service_role;

do $$
begin
    if not exists (
        select from pg_catalog.pg_proc as f where f.pronamespace = 'auth'::regnamespace and f.proname = 'uid' and f.pronargs = 0
    ) then
        -- As supabase/auth has it: whoever serves the API sets these claims for each request.
        create function auth.uid() returns uuid language sql stable as $uid$
            select coalesce(
                nullif(current_setting('request.jwt.claim.sub', true), ''),
                (nullif(current_setting('request.jwt.claims', true), '')::pg_catalog.jsonb ->> 'sub')
            )::pg_catalog.uuid
        $uid$;
    end if;
end
$$;

do $$
begin
    if to_regclass('auth.users') is null then
        create table auth.users (id uuid primary key);
        comment on table auth.users is 'Who signs in. Made by worker migrate bootstrap --plain; fill it from your own sign-in.';
        alter table auth.users enable row level security;
    end if;
end
$$;

-- Before PostgreSQL 15 everybody may make things in schema public; functions and policies would find them.
do $$
begin
    revoke create on schema public from public;
exception
    when insufficient_privilege then
        raise notice 'schema public belongs to another role: its owner should revoke create on it from public';
end
$$;
