-- name: facts
-- What the database holds of ours, one fact a row: its kind, the relation that it is about, its name, the statement that
-- makes it so, and the statement that takes it away. Two databases that keep the same promises give the same rows,
-- whoever migrated them: the role that owns the helpers is called "owner", and its own rights are left out.
with house as (
    select n.nspowner as it from pg_catalog.pg_namespace as n where n.nspname = 'content_access'
),
schemas as (
    select n.oid, n.nspname, n.nspowner, n.nspacl
    from pg_catalog.pg_namespace as n
    where n.nspname = any({schemas}::name[])
),
relations as (
    select
        c.*,
        case when c.relkind = 'S' and owning.relname is not null
            then format('the sequence of %I.%I.%I', own_schema.nspname, owning.relname, attribute.attname)
            else format('%I.%I', n.nspname, c.relname)
        end as called,
        format('%I.%I', n.nspname, c.relname) as address,
        -- A sequence is spoken of with its table.
        coalesce(quote_ident(own_schema.nspname) || '.' || quote_ident(owning.relname), format('%I.%I', n.nspname, c.relname)) as about
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    left join pg_catalog.pg_depend as d
        on
            c.relkind = 'S' and d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid
            and d.refclassid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i')
    left join pg_catalog.pg_class as owning on owning.oid = d.refobjid
    left join pg_catalog.pg_namespace as own_schema on own_schema.oid = owning.relnamespace
    left join pg_catalog.pg_attribute as attribute on attribute.attrelid = d.refobjid and attribute.attnum = d.refobjsubid
    where
        c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
        and (
            n.nspname = any({schemas}::name[])
            or n.nspname = 'public'
            and coalesce(owning.relname, c.relname) = any({tables}::name[])
        )
),
acls as (
    select
        r.about, acl.grantee, acl.is_grantable,
        case when r.relkind = 'S' then 'sequence' else 'table' end as kind,
        format(
            '%s on %s', acl.privilege_type, case when r.relkind = 'S' then r.called else 'table ' || r.called end
        ) as what,
        format('%s on %s', acl.privilege_type, case when r.relkind = 'S' then 'sequence ' else 'table ' end || r.address) as sql,
        r.relowner as owned_by
    from relations as r,
        pg_catalog.aclexplode(
            coalesce(
                r.relacl, pg_catalog.acldefault(case when r.relkind = 'S' then 's' else 'r' end::"char", r.relowner)
            )
        ) as acl
    union all
    select
        r.about, acl.grantee, acl.is_grantable, 'column',
        format('%s (%I) on table %s', acl.privilege_type, a.attname, r.called),
        format('%s (%I) on table %s', acl.privilege_type, a.attname, r.address),
        r.relowner
    from relations as r
    join pg_catalog.pg_attribute as a on a.attrelid = r.oid and a.attacl is not null and not a.attisdropped,
        pg_catalog.aclexplode(a.attacl) as acl
    union all
    select
        s.nspname, acl.grantee, acl.is_grantable, 'schema',
        format('%s on schema %I', acl.privilege_type, s.nspname),
        format('%s on schema %I', acl.privilege_type, s.nspname),
        s.nspowner
    from schemas as s,
        pg_catalog.aclexplode(coalesce(s.nspacl, pg_catalog.acldefault('n', s.nspowner))) as acl
    union all
    select
        s.nspname, acl.grantee, acl.is_grantable, 'function',
        format('%s on function %s', acl.privilege_type, f.oid::regprocedure),
        format('%s on function %s', acl.privilege_type, f.oid::regprocedure),
        f.proowner
    from pg_catalog.pg_proc as f
    join schemas as s on s.oid = f.pronamespace,
        pg_catalog.aclexplode(coalesce(f.proacl, pg_catalog.acldefault('f', f.proowner))) as acl
)
select 'relation' as kind, r.about, r.called as name,
    case r.relkind
        when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view' when 'm' then 'materialized view'
        when 'f' then 'foreign table' when 'S' then 'sequence'
    end
    || case r.relpersistence when 'u' then ' that a crash empties (unlogged)' else '' end as statement,
    format(
        'drop %s %s',
        case r.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' when 'S' then 'sequence' else 'table' end,
        r.address
    ) as undo
from relations as r
union all
select 'owner', r.about, r.called,
    case when r.relowner = (select it from house) then 'owner' else pg_catalog.pg_get_userbyid(r.relowner) end,
    format('alter table %s owner to %I', r.address, pg_catalog.pg_get_userbyid(coalesce((select it from house), 10::oid)))
from relations as r
where r.relkind <> 'S'
union all
select 'owner', s.nspname, format('function %s', f.oid::regprocedure),
    case when f.proowner = (select it from house) then 'owner' else pg_catalog.pg_get_userbyid(f.proowner) end,
    format('alter function %s owner to %I', f.oid::regprocedure, pg_catalog.pg_get_userbyid(coalesce((select it from house), 10::oid)))
from pg_catalog.pg_proc as f
join schemas as s on s.oid = f.pronamespace
union all
select 'owner', s.nspname, format('schema %I', s.nspname),
    case when s.nspowner = (select it from house) then 'owner' else pg_catalog.pg_get_userbyid(s.nspowner) end,
    format('alter schema %I owner to %I', s.nspname, pg_catalog.pg_get_userbyid(coalesce((select it from house), 10::oid)))
from schemas as s
union all
select 'type', r.about, format('%s.%I', r.called, a.attname),
    format('alter table %s alter column %I type %s', r.address, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)),
    format('alter table %s drop column %I', r.address, a.attname)
from relations as r
join pg_catalog.pg_attribute as a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
where r.relkind in ('r', 'p', 'f')
union all
select 'not null', r.about, format('%s.%I', r.called, a.attname),
    format('alter table %s alter column %I set not null', r.address, a.attname),
    format('alter table %s alter column %I drop not null', r.address, a.attname)
from relations as r
join pg_catalog.pg_attribute as a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped and a.attnotnull
where r.relkind in ('r', 'p', 'f')
union all
select 'default', r.about, format('%s.%I', r.called, a.attname),
    case
        when a.attidentity <> '' then
            format('alter table %s alter column %I add generated %s as identity', r.address, a.attname, case a.attidentity when 'a' then 'always' else 'by default' end)
        when a.attgenerated <> '' then
            format('a column computed as (%s)', pg_catalog.pg_get_expr(e.adbin, e.adrelid))
        else format('alter table %s alter column %I set default %s', r.address, a.attname, pg_catalog.pg_get_expr(e.adbin, e.adrelid))
    end,
    case
        when a.attidentity <> '' then format('alter table %s alter column %I drop identity', r.address, a.attname)
        when a.attgenerated <> '' then format('alter table %s alter column %I drop expression', r.address, a.attname)
        else format('alter table %s alter column %I drop default', r.address, a.attname)
    end
from relations as r
join pg_catalog.pg_attribute as a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
left join pg_catalog.pg_attrdef as e on e.adrelid = r.oid and e.adnum = a.attnum
where r.relkind in ('r', 'p', 'f') and (e.oid is not null or a.attidentity <> '')
union all
select 'constraint', r.about, format('%I on %s', k.conname, r.called),
    format('alter table %s add constraint %I %s', r.address, k.conname, pg_catalog.pg_get_constraintdef(k.oid)),
    format('alter table %s drop constraint %I', r.address, k.conname)
from relations as r
join pg_catalog.pg_constraint as k on k.conrelid = r.oid and k.contype in ('c', 'f', 'p', 'u', 'x')
union all
select 'index', r.about, i.indexrelid::regclass::text,
    pg_catalog.pg_get_indexdef(i.indexrelid) || case when i.indisvalid then '' else ' -- invalid' end,
    format('drop index %s', i.indexrelid::regclass)
from relations as r
join pg_catalog.pg_index as i on i.indrelid = r.oid
where not exists (select from pg_catalog.pg_constraint as k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
union all
select 'row security', r.about, format('%s', r.called),
    format('alter table %s enable row level security', r.address),
    format('alter table %s disable row level security', r.address)
from relations as r
where r.relrowsecurity
union all
select 'forced row security', r.about, format('%s', r.called),
    format('alter table %s force row level security', r.address),
    format('alter table %s no force row level security', r.address)
from relations as r
where r.relforcerowsecurity
union all
select 'policy', r.about, format('%I on %s', p.polname, r.called),
    format(
        'create policy %I on %s as %s for %s to %s%s%s', p.polname, r.address,
        case when p.polpermissive then 'permissive' else 'restrictive' end,
        case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
        (
            select string_agg(case when role = 0 then 'public' else quote_ident(pg_catalog.pg_get_userbyid(role)) end, ', ' order by role = 0, pg_catalog.pg_get_userbyid(role))
            from unnest(p.polroles) as role
        ),
        ' using (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')',
        ' with check (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')'
    ),
    format('drop policy %I on %s', p.polname, r.address)
from relations as r
join pg_catalog.pg_policy as p on p.polrelid = r.oid
union all
select 'trigger', r.about, format('%I on %s', t.tgname, r.called),
    pg_catalog.pg_get_triggerdef(t.oid)
    || case t.tgenabled when 'O' then '' when 'D' then ' -- disabled' when 'R' then ' -- on replicas alone' else ' -- always' end,
    format('drop trigger %I on %s', t.tgname, r.address)
from relations as r
join pg_catalog.pg_trigger as t on t.tgrelid = r.oid and not t.tgisinternal
union all
select 'checks of keys', r.about, r.called, format('alter table %s disable trigger all', r.address), format('alter table %s enable trigger all', r.address)
from relations as r
where exists (select from pg_catalog.pg_trigger as t where t.tgrelid = r.oid and t.tgisinternal and t.tgenabled in ('D', 'R'))
union all
select 'rule', r.about, format('%I on %s', w.rulename, r.called),
    pg_catalog.pg_get_ruledef(w.oid),
    format('drop rule %I on %s', w.rulename, r.address)
from relations as r
join pg_catalog.pg_rewrite as w on w.ev_class = r.oid and w.rulename <> '_RETURN'
union all
select 'view', r.about, r.called,
    format(
        'create or replace view %s%s as %s', r.address,
        ' with (' || array_to_string(r.reloptions, ', ') || ')',
        regexp_replace(pg_catalog.pg_get_viewdef(r.oid), ';\s*$', '')
    ),
    format('drop view %s', r.address)
from relations as r
where r.relkind = 'v'
union all
select 'function', s.nspname, f.oid::regprocedure::text,
    case when f.prokind = 'a' then 'an aggregate' else rtrim(pg_catalog.pg_get_functiondef(f.oid), E'\n') end,
    format('drop routine %s', f.oid::regprocedure)
from pg_catalog.pg_proc as f
join schemas as s on s.oid = f.pronamespace
union all
select 'own type', s.nspname, format('%I.%I', s.nspname, t.typname),
    case t.typtype when 'd' then 'domain' when 'e' then 'enum' when 'c' then 'composite' else 'type' end,
    format('drop type %I.%I', s.nspname, t.typname)
from pg_catalog.pg_type as t
join schemas as s on s.oid = t.typnamespace
where
    t.typelem = 0
    and not exists (select from pg_catalog.pg_class as c where c.oid = t.typrelid and c.relkind <> 'c')
    and t.typtype <> 'm'
union all
select 'grant', a.about,
    format('%s to %s', a.what, case a.grantee when 0 then 'public' else quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end),
    format(
        'grant %s to %s%s', a.sql,
        case a.grantee when 0 then 'public' else quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end,
        case when a.is_grantable then ' with grant option' else '' end
    ),
    format(
        'revoke %s from %s', a.sql,
        case a.grantee when 0 then 'public' else quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end
    )
from acls as a
left join pg_catalog.pg_roles as g on g.oid = a.grantee
where a.grantee <> a.owned_by and a.grantee is distinct from (select it from house) and (not coalesce(g.rolsuper, false) or g.rolname = any({roles}::name[]))
union all
select 'role', 'role', format('%I is %s', w.rolname, attribute.called),
    format('alter role %I %s', w.rolname, attribute.called),
    format('alter role %I %s', w.rolname, attribute.contrary)
from pg_catalog.pg_roles as w,
    lateral (
        values
        ('superuser', 'nosuperuser', w.rolsuper), ('bypassrls', 'nobypassrls', w.rolbypassrls),
        ('createrole', 'nocreaterole', w.rolcreaterole), ('createdb', 'nocreatedb', w.rolcreatedb),
        ('replication', 'noreplication', w.rolreplication)
    ) as attribute (called, contrary, has)
where w.rolname = any({roles}::name[]) and attribute.has
union all
select 'role', 'role', format('%I may be %I', w.rolname, pg_catalog.pg_get_userbyid(m.roleid)),
    format('grant %I to %I', pg_catalog.pg_get_userbyid(m.roleid), w.rolname),
    format('revoke %I from %I', pg_catalog.pg_get_userbyid(m.roleid), w.rolname)
from pg_catalog.pg_auth_members as m
join pg_catalog.pg_roles as w on w.oid = m.member
where w.rolname = any({roles}::name[])
union all
select 'role setting', 'role', format('%I: %s', w.rolname, split_part(setting, '=', 1)),
    format('alter role %I set %s = %L', w.rolname, split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1)),
    format('alter role %I%s reset %s', w.rolname, case when s.setdatabase = 0 then '' else format(' in database %I', current_database()) end, split_part(setting, '=', 1))
from pg_catalog.pg_db_role_setting as s
join pg_catalog.pg_roles as w on w.oid = s.setrole,
    unnest(s.setconfig) as setting
where
    w.rolname = any({roles}::name[])
    and s.setdatabase in (0, (select d.oid from pg_catalog.pg_database as d where d.datname = current_database()))
union all
select 'default privilege', coalesce(n.nspname, ''),
    format(
        '%s on new %s%s to %s', acl.privilege_type,
        case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' else 'schemas' end,
        coalesce(' in schema ' || quote_ident(n.nspname), ''),
        case acl.grantee when 0 then 'public' else quote_ident(pg_catalog.pg_get_userbyid(acl.grantee)) end
    ),
    'granted',
    format(
        'alter default privileges for role %I%s revoke %s on %s from %s', pg_catalog.pg_get_userbyid(d.defaclrole),
        coalesce(' in schema ' || quote_ident(n.nspname), ''), acl.privilege_type,
        case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' else 'schemas' end,
        case acl.grantee when 0 then 'public' else quote_ident(pg_catalog.pg_get_userbyid(acl.grantee)) end
    )
from pg_catalog.pg_default_acl as d
left join pg_catalog.pg_namespace as n on n.oid = d.defaclnamespace,
    pg_catalog.aclexplode(d.defaclacl) as acl
left join pg_catalog.pg_roles as g on g.oid = acl.grantee
where
    (n.nspname is null or n.nspname = any({schemas}::name[]))
    and acl.grantee <> d.defaclrole and acl.grantee is distinct from (select it from house) and not coalesce(g.rolsuper, false)
    -- What everybody may do with new functions and types is the server's own default.
    and not (n.nspname is null and acl.grantee = 0 and d.defaclobjtype in ('f', 'T'));

-- name: made_by_us
-- Which of the tables of public the migrations made; the others were there before.
select c.relname::text
from pg_catalog.pg_class as c
where
    c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    and c.relname = any({tables}::name[])
    and pg_catalog.obj_description(c.oid, 'pg_class') like 'made by migration %';
