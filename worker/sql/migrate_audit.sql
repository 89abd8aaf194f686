-- What others may do beside us, one promise a query: what breaks it, what that opens, the statement that closes it, and how
-- grave it is where that differs from the first comment. What is ours itself is compared by `facts`. No table is named here:
-- what stands in braces follows from the catalogue and from what the migrations make (`worker.migrate.asked_about`).

-- name: audit_columns
-- error: every table and column that the relay and the policies use is there
select format('%s.%I is missing', on_table, on_column), 'the relay writes or reads it', 'worker migrate up', null
from (values {needed}) as needs (on_table, on_column)
where
    not exists (
        select
        from pg_catalog.pg_attribute as a
        where
            a.attrelid = to_regclass(on_table) and a.attname = on_column
            and a.attnum > 0 and not a.attisdropped
    );

-- name: audit_natural_keys
-- error: natural keys are unique, so that a row is recognised by its name
select
    format('%s (%s) is not unique', on_table, array_to_string(columns, ', ')),
    'two rows of one name: the relay writes to one of them',
    format('create unique index on %s (%s);', on_table, (select string_agg(quote_ident(c), ', ') from unnest(columns) as c)),
    null
from (values {keys}) as wanted (on_table, named),
    lateral string_to_array(named, ',') as columns
where
    not exists (
        select
        from pg_catalog.pg_index as i
        where
            i.indrelid = to_regclass(on_table)
            and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
            and (
                select array_agg(a.attname::text order by a.attname)
                from pg_catalog.pg_attribute as a
                where a.attrelid = i.indrelid and a.attnum = any(i.indkey[0:i.indnkeyatts - 1])
            ) = (select array_agg(c order by c) from unnest(columns) as c)
    );

-- name: audit_indexes
-- error: the keys that policies and joins follow are indexed
select
    format('%s (%I) has no index', on_table, on_column), 'policies and joins read the whole table',
    format('create index on %s (%I);', on_table, on_column), null
from (values {indexed}) as wanted (on_table, on_column)
where
    not exists (
        select
        from pg_catalog.pg_index as i
        join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = to_regclass(on_table) and i.indisvalid and i.indpred is null and a.attname = on_column
    );

-- name: audit_unfilled
-- error: every column that must have a value gets one from the relay, or has a default
select
    case
        when written
            then format('%s.%I is NOT NULL, and the relay writes null into it if an event leaves it out', guarded, a.attname)
        else format('%s.%I is NOT NULL, has no default, and the relay does not know it', guarded, a.attname)
    end,
    case when written then 'a new row without it is refused, default or not' else 'every new row is refused' end,
    format('alter table %s alter column %I drop not null;', guarded, a.attname)
    || case when written then '' else ' -- or set a default' end,
    null
from unnest({guarded}::text[]) as guarded
join pg_catalog.pg_attribute as a
    on
        a.attrelid = to_regclass(guarded) and a.attnum > 0 and not a.attisdropped and a.attnotnull
        and a.attidentity = '' and a.attgenerated = ''
join pg_catalog.pg_class as c on c.oid = a.attrelid and c.relkind in ('r', 'p')
cross join lateral (select (guarded, a.attname::text) in (values {needed})) as known (written)
where
    (written or not a.atthasdef) and (guarded, a.attname::text) not in (values {always_written})
    -- Set by a trigger of ours.
    and a.attname <> 'updated_at';

-- name: audit_policies_ask_once
-- error: policies ask who is calling once per statement, not once per row
select
    format('policy %I on public.%I calls a function for every row', p.policyname, p.tablename),
    'a query takes as many calls as the table has rows',
    format('-- write (select f()) for f() in it: alter policy %I on public.%I using (…);', p.policyname, p.tablename), 'warning'
from pg_catalog.pg_policies as p
where
    format('%I.%I', p.schemaname, p.tablename) = any({guarded}::text[])
    and regexp_replace(
        coalesce(p.qual, '') || ' ' || coalesce(p.with_check, ''),
        -- What a written row points at is asked about once for that row; nothing is read by it.
        'select\s+((content_access|auth)\.\w+\(\)|content_access\.(aims_at|knows_mind|sees_mind|sees_tag|is_in_project)\()',
        '', 'gi'
    ) ~* '(content_access|auth)\.\w+\(|current_setting\('
;

-- name: audit_create_rights
-- error: nobody but its owner makes things where our statements and policies look for names
select
    format('%s may create in schema %I', grantee.called, n.nspname),
    'a role that makes a table, function or operator there can have it run, or read, in place of another',
    format('revoke create on schema %I from %s;', n.nspname, grantee.called),
    null
from pg_catalog.pg_namespace as n,
    pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) as acl,
    lateral (select case acl.grantee when 0 then 'public' else quote_ident(pg_catalog.pg_get_userbyid(acl.grantee)) end as called) as grantee
where
    n.nspname = 'public' and acl.privilege_type = 'CREATE'
    and grantee.called in ('public', 'anon', 'authenticated', 'service_role', 'authenticator', 'outbox_worker')
union all
select
    format('%s may create schemas in this database', grantee.called),
    'a schema of theirs is one that the operator may take for ours',
    format('revoke create on database %I from %s;', current_database(), grantee.called),
    null
from pg_catalog.pg_database as d,
    pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) as acl,
    lateral (select case acl.grantee when 0 then 'public' else quote_ident(pg_catalog.pg_get_userbyid(acl.grantee)) end as called) as grantee
where
    d.datname = current_database() and acl.privilege_type = 'CREATE'
    and grantee.called in ('public', 'anon', 'authenticated', 'service_role', 'authenticator', 'outbox_worker');

-- name: audit_owner_views
-- error: no view of others shows our tables with its owner's rights
with recursive reads (view, relation) as (
    select w.ev_class, d.refobjid
    from pg_catalog.pg_rewrite as w
    join pg_catalog.pg_depend as d
        on
            d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = w.oid
            and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid <> w.ev_class
    union
    select r.view, d.refobjid
    from reads as r
    join pg_catalog.pg_rewrite as w on w.ev_class = r.relation
    join pg_catalog.pg_depend as d
        on
            d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = w.oid
            and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid <> w.ev_class
),
open_to as (
    select c.oid, acl.grantee
    from pg_catalog.pg_class as c, pg_catalog.aclexplode(c.relacl) as acl
    where c.relkind in ('v', 'm') and acl.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    union
    select a.attrelid, acl.grantee
    from pg_catalog.pg_attribute as a, pg_catalog.aclexplode(a.attacl) as acl
    where a.attacl is not null and acl.privilege_type in ('SELECT', 'INSERT', 'UPDATE')
)
select
    format(
        '%s %s reads %s with the rights of %I, for %s', case v.relkind when 'm' then 'materialized view' else 'view' end,
        v.oid::regclass, string_agg(distinct ours.oid::regclass::text, ', '), pg_catalog.pg_get_userbyid(v.relowner),
        grantee.called
    ),
    format('%s sees rows around every policy', grantee.called),
    case
        when v.relkind = 'v' and current_setting('server_version_num')::int >= 150000
            then format('alter view %s set (security_invoker = true);', v.oid::regclass)
        else format('revoke all on %s from %s;', v.oid::regclass, grantee.called)
    end,
    case when pg_catalog.obj_description(v.oid, 'pg_class') ilike '%outbox: reviewed%' then 'note' end
from reads as r
join pg_catalog.pg_class as v on v.oid = r.view and v.relkind in ('v', 'm')
join pg_catalog.pg_namespace as n on n.oid = v.relnamespace
join pg_catalog.pg_class as ours on ours.oid = r.relation
join pg_catalog.pg_namespace as ours_in on ours_in.oid = ours.relnamespace
join open_to as o on o.oid = v.oid
cross join lateral (
    select case o.grantee when 0 then 'public' else quote_ident(pg_catalog.pg_get_userbyid(o.grantee)) end as called
) as grantee
where
    (format('%I.%I', ours_in.nspname, ours.relname) = any({guarded}::text[]) or ours_in.nspname = any({schemas}::name[]))
    and not format('%I.%I', n.nspname, v.relname) = any({guarded}::text[])
    and grantee.called in ('public', 'anon', 'authenticated')
    and not coalesce(v.reloptions && array['security_invoker=true', 'security_invoker=on', 'security_invoker=1', 'security_invoker=yes'], false)
group by v.oid, v.relkind, v.relowner, grantee.called
order by 1;

-- name: audit_definer_functions
-- error: no function of others reaches our tables with its owner's rights for whoever calls it
select
    format('function %s runs as %I and may be called by %s', f.oid::regprocedure, pg_catalog.pg_get_userbyid(f.proowner), callers.them),
    case when f.body ~* {names_ours}
        then 'it names our tables: what it shows or changes passes by every policy'
        else 'it runs text as a statement: what it is given decides what it shows'
    end,
    format('revoke execute on routine %s from public, anon, authenticated; -- or alter routine %1$s security invoker', f.oid::regprocedure),
    case
        when pg_catalog.obj_description(f.oid, 'pg_proc') ilike '%outbox: reviewed%' then 'note'
        when not f.body ~* {names_ours}
            then 'warning'
    end
from (
    select p.*, coalesce(nullif(p.prosrc, ''), pg_catalog.pg_get_functiondef(p.oid)) as body
    from pg_catalog.pg_proc as p
    where p.prokind in ('f', 'p')
) as f
join pg_catalog.pg_namespace as n on n.oid = f.pronamespace,
    lateral (
        select string_agg(caller, ', ' order by caller) as them
        from unnest(array['anon', 'authenticated']) as caller
        where
            to_regrole(caller) is not null
            and has_function_privilege(caller, f.oid, 'execute') and has_schema_privilege(caller, n.oid, 'usage')
    ) as callers
where
    f.prosecdef and callers.them is not null
    and n.nspname not in ('pg_catalog', 'information_schema')
    and not n.nspname = any({schemas}::name[])
    and f.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
    and not exists (
        select from pg_catalog.pg_depend as d
        where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = f.oid and d.deptype = 'e'
    )
    and f.body ~* {names_ours_or_executes}
order by 1;

-- name: audit_publications
-- warning: changes of our tables are not sent to anybody around their policies
select
    format('%I.%I is in publication %I', t.schemaname, t.tablename, p.pubname),
    case when p.pubname like '%realtime%' or t.schemaname = any({schemas}::name[])
        then 'each change of it is sent to subscribers; deletions without asking a policy'
        else 'belongs to the wider system: a subscriber gets every row'
    end,
    case when p.puballtables
        then format('-- it holds every table: drop publication %I, and make it anew for the tables that are meant', p.pubname)
        when
            exists (
                select from pg_catalog.pg_publication_rel as r
                where r.prpubid = p.oid and r.prrelid = format('%I.%I', t.schemaname, t.tablename)::regclass
            )
            then format('alter publication %I drop table %I.%I;', p.pubname, t.schemaname, t.tablename)
        else format('alter publication %I drop tables in schema %I;', p.pubname, t.schemaname)
    end,
    case
        when pg_catalog.obj_description(p.oid, 'pg_publication') ilike '%outbox: reviewed%' then 'note'
        when p.pubname like '%realtime%' or t.schemaname = any({schemas}::name[]) then 'error'
    end
from pg_catalog.pg_publication as p
join pg_catalog.pg_publication_tables as t on t.pubname = p.pubname
where
    format('%I.%I', t.schemaname, t.tablename) = any({guarded}::text[]) or t.schemaname = any({schemas}::name[])
order by 1;

-- name: audit_worker_elsewhere
-- error: the worker's role may do nothing but its work
select
    format('outbox_worker may %s %s', lower(acl.privilege_type), c.oid::regclass),
    'who has the worker''s password has this as well',
    format('revoke %s on %s from outbox_worker;', acl.privilege_type, c.oid::regclass),
    null
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace,
    pg_catalog.aclexplode(c.relacl) as acl
where
    c.relkind in ('r', 'p', 'v', 'm', 'f')
    and acl.grantee = to_regrole('outbox_worker')
    and not n.nspname = any({schemas}::name[])
    and not format('%I.%I', n.nspname, c.relname) = any({guarded}::text[])
    and not n.nspname || '.' || c.relname = any({declared}::text[]) -- by the catalogue of this process
    and not (n.nspname = 'public' and c.relname in ('minds', 'user_profiles', 'tags', 'job_executions'))
union all
select
    format('outbox_worker may %s (%I) %s', lower(acl.privilege_type), a.attname, c.oid::regclass),
    'who has the worker''s password has this as well',
    format('revoke %s (%I) on %s from outbox_worker;', acl.privilege_type, a.attname, c.oid::regclass),
    null
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attacl is not null,
    pg_catalog.aclexplode(a.attacl) as acl
where
    acl.grantee = to_regrole('outbox_worker')
    and not n.nspname = any({schemas}::name[])
    and not format('%I.%I', n.nspname, c.relname) = any({guarded}::text[])
    and not n.nspname || '.' || c.relname = any({declared}::text[]) -- by the catalogue of this process
    and not (n.nspname = 'public' and c.relname in ('minds', 'user_profiles', 'tags', 'job_executions'))
union all
select
    format('%s owns %s', pg_catalog.pg_get_userbyid(c.relowner), c.oid::regclass),
    'an owner may do everything with it, policies or not',
    format('alter table %s owner to %I;', c.oid::regclass, current_user),
    null
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where
    format('%I.%I', n.nspname, c.relname) = any({guarded}::text[])
    and pg_catalog.pg_get_userbyid(c.relowner) in ('anon', 'authenticated', 'service_role', 'authenticator', 'outbox_worker')
order by 1;

-- name: audit_who_may_be
-- error: nobody becomes, by a membership, what they are not meant to be
select
    format('%I is a member of %I', member.rolname, granted.rolname),
    case when granted.rolname = 'outbox_worker' then format('%I writes and reads what the worker does', member.rolname)
        else format('%I has the rights of %I', member.rolname, granted.rolname) end,
    format('revoke %I from %I;', granted.rolname, member.rolname),
    case when member.rolname not in ('anon', 'authenticated', 'service_role', 'authenticator') then 'note' end
from pg_catalog.pg_auth_members as m
join pg_catalog.pg_roles as member on member.oid = m.member
join pg_catalog.pg_roles as granted on granted.oid = m.roleid
where
    (
        granted.rolname = 'outbox_worker'
        -- What "worker migrate role" makes: a login of one host, and nothing more than that.
        and not (
            member.rolname like 'outbox\_worker\_%'
            and not (member.rolsuper or member.rolbypassrls or member.rolcreaterole or member.rolcreatedb or member.rolreplication)
        )
        and not member.rolsuper
        and member.oid is distinct from (select n.nspowner from pg_catalog.pg_namespace as n where n.nspname = 'content_access')
    )
    or (
        member.rolname = 'authenticator'
        and granted.rolname not in ('anon', 'authenticated', 'service_role')
        and (
            granted.rolsuper or granted.rolbypassrls
            or granted.oid = (select n.nspowner from pg_catalog.pg_namespace as n where n.nspname = 'content_access')
        )
    )
order by 1;

-- name: audit_identity
-- warning: a signed-in user cannot take on the mind of another
select
    format('%s may %s user_profiles.mind_id', role, lower(verb)),
    'a role that writes another mind there owns its projects: name in the policy which mind is theirs, or take the right away',
    format('revoke %s on public.user_profiles from %s;', lower(verb), role),
    null
from unnest(array['anon', 'authenticated']) as role, unnest(array['INSERT', 'UPDATE']) as verb
where
    has_column_privilege(role, 'public.user_profiles', 'mind_id', verb)
    and (
        not (select c.relrowsecurity from pg_catalog.pg_class as c where c.oid = 'public.user_profiles'::regclass)
        or exists (
            select
            from pg_catalog.pg_policies as p
            where
                p.schemaname = 'public' and p.tablename = 'user_profiles' and p.cmd in (verb, 'ALL')
                and p.permissive = 'PERMISSIVE' and p.roles && array['public', role]::name[]
        )
    );

-- name: audit_view_reads
-- warning: signed-in users may read what the view shows of minds; without it the view refuses them
select
    format('authenticated may not select minds.%s', wanted), 'the view is refused to signed-in users',
    'grant select (id, slug, display_name) on public.minds to authenticated;', null
from unnest(array['id', 'slug', 'display_name']) as wanted
where not has_column_privilege('authenticated', 'public.minds', wanted, 'select');

-- name: audit_default_privileges_of_others
-- note: tables that the wider system makes later in schema public are closed until somebody opens them
select
    format(
        'what %I makes in %s is open to %s', pg_catalog.pg_get_userbyid(d.defaclrole),
        coalesce('schema ' || quote_ident(n.nspname), 'any schema'), grantee.called
    ),
    'a setting of the platform, not of ours: our own tables do not rest on it',
    format(
        'alter default privileges for role %I%s revoke all on tables from %s;', pg_catalog.pg_get_userbyid(d.defaclrole),
        coalesce(' in schema ' || quote_ident(n.nspname), ''), grantee.called
    ),
    null
from pg_catalog.pg_default_acl as d
left join pg_catalog.pg_namespace as n on n.oid = d.defaclnamespace,
    pg_catalog.aclexplode(d.defaclacl) as acl,
    lateral (select case acl.grantee when 0 then 'public' else quote_ident(pg_catalog.pg_get_userbyid(acl.grantee)) end as called) as grantee
where
    d.defaclobjtype = 'r' and acl.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    and coalesce(n.nspname, 'public') = 'public' and grantee.called in ('public', 'anon', 'authenticated')
group by d.defaclrole, n.nspname, grantee.called
order by 1;

-- name: audit_text_index
-- warning: a transcript of several megabytes can be stored
select
    format('index %I covers the whole text', indexname), 'a row with more than 1 MB of distinct words is refused',
    format('drop index public.%I; -- then delete 20260101000400 from supabase_migrations.schema_migrations, and worker migrate up', indexname),
    null
from pg_catalog.pg_indexes
where
    format('%I.%I', schemaname, tablename) = any({texts}::text[])
    and indexdef ~* 'to_tsvector' and indexdef !~* '"?left"?\(|substr'
;

-- name: audit_ownerless
-- warning: every project has a creator; one without is seen by the service alone
select format({ownerless}, count(*), count(*) filter (where used.it)), '', {give_an_owner}, null
from {owned} as o,
    lateral (select exists (select from {held} as h where h.{through} = o.id) as it) as used
where o.{owner} is null
having count(*) > 0;

-- name: audit_sequence_order
-- note: sequence_order holds every number that the generators make (0 to 32767)
select format('%s.%I is %s', on_table, on_column, format_type(a.atttypid, a.atttypmod)), '', '', null
from (values {numbers}) as n (on_table, on_column)
join pg_catalog.pg_attribute as a on a.attrelid = to_regclass(on_table) and a.attname = on_column
where a.atttypid not in ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype);
