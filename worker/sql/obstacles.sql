-- What stands in the way of the relay in the database, asked of its catalogue. Each query has one row for each obstacle:
-- the table (without its schema), what is in the way, and the command that mends it. `role` is who delivers.

-- name: schema_rights
-- A schema that the role may not enter: none of its tables can be seen from there.
select
    ''::text,
    format('%%s may not use schema %%s', who.rolname, s.name),
    format('grant usage on schema %%I to %%I', s.name, who.rolname)
from (select distinct split_part(relation, '.', 1) as name from unnest(%(tables)s::text[]) as relation) as s
join pg_catalog.pg_namespace as n on n.nspname = s.name
join pg_catalog.pg_roles as who on who.rolname = %(role)s
where not has_schema_privilege(who.oid, n.oid, 'usage');

-- name: table_rights
-- What the role may not do to a table that it works with; to read or write some columns is enough of a right.
select
    c.relname::text,
    format('%%s may not %%s %%s', who.rolname, v.verb, named.name),
    format('grant %%s on %%s to %%I', v.verb, named.name, who.rolname)
from unnest(%(asked)s::text[], %(cmds)s::text[]) as wanted (on_table, cmd)
join (values ('r', 'select'), ('a', 'insert'), ('w', 'update'), ('d', 'delete')) as v (cmd, verb) on v.cmd = wanted.cmd
join pg_catalog.pg_roles as who on who.rolname = %(role)s
join pg_catalog.pg_class as c
    on (select s.nspname from pg_catalog.pg_namespace as s where s.oid = c.relnamespace) || '.' || c.relname = wanted.on_table
cross join lateral (select c.relnamespace::regnamespace::text || '.' || quote_ident(c.relname)) as named (name)
where
    case v.cmd
        when 'd' then not has_table_privilege(who.oid, c.oid, v.verb)
        else not has_any_column_privilege(who.oid, c.oid, v.verb)
    end;

-- name: lost_tables
-- Tables that the relay writes and that are not there: a migration made or found them, somebody took them away.
select
    split_part(relation, '.', 2),
    format('table %%s is not there', relation),
    'is the database being restored? then wait, this goes on by itself; does `worker migrate status` list pending ones? '
    'then `worker migrate up`; otherwise bring the table back from a backup'
from unnest(%(tables)s::text[]) as relation
where
    not exists (
        select from pg_catalog.pg_class as c
        join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
        where n.nspname || '.' || c.relname = relation
    );

-- name: hidden_rows
-- Row level security that may hide rows from the role: no policy that shows it all of them, or a restrictive one.
-- In the schema outbox each login sees the rows of its own outboxes, which are all that it needs.
with own as (
    select
        '(outbox_id IN ( SELECT s.outbox_id FROM outbox.sources s WHERE (s.login = SESSION_USER)))'::text as own,
        '(login = SESSION_USER)'::text as of_sources
),
needed as (
    select c.oid, c.relname, c.relnamespace::regnamespace::text || '.' || quote_ident(c.relname) as named, v.verb, v.cmd
    from pg_catalog.pg_class as c
    join unnest(%(asked)s::text[], %(cmds)s::text[]) as wanted (on_table, cmd)
        on wanted.on_table = (select s.nspname from pg_catalog.pg_namespace as s where s.oid = c.relnamespace) || '.' || c.relname
    join (values ('r', 'select'), ('a', 'insert'), ('w', 'update'), ('d', 'delete')) as v (cmd, verb) on v.cmd = wanted.cmd
    join pg_catalog.pg_roles as who on who.rolname = %(role)s
    where
        c.relrowsecurity
        and not who.rolbypassrls and not who.rolsuper
        and (c.relforcerowsecurity or not pg_has_role(%(role)s::name, c.relowner, 'usage'))
),
policies as (
    select
        n.relname, n.named, n.verb, n.cmd, p.polname, p.polpermissive,
        regexp_replace(
            coalesce(
                case when n.cmd = 'a' then pg_get_expr(p.polwithcheck, p.polrelid) end,
                pg_get_expr(p.polqual, p.polrelid),
                'true'
            ),
            '\s+', ' ', 'g'
        ) = any(case when n.named like 'outbox.%%' then array['true', o.own, replace(o.own, 'outbox.', ''), o.of_sources] else '{true}' end)
        as is_open
    from needed as n
    cross join own as o
    join pg_catalog.pg_policy as p on p.polrelid = n.oid and p.polcmd in (n.cmd::"char", '*')
    where
        0 = any(p.polroles)
        or exists (
            select from unnest(p.polroles) as to_role
            join pg_catalog.pg_roles as r on r.oid = to_role
            where pg_has_role(%(role)s::name, r.oid, 'usage')
        )
)
select
    n.relname::text,
    format('row level security on %%s shows %%s not every row for %%s', n.named, %(role)s, string_agg(n.verb, ', ')),
    case
        when string_agg(n.cmd, '') = 'r'
            then format(
                'drop policy if exists outbox_worker_%%1$s on %%3$s; '
                'create policy outbox_worker_%%1$s on %%3$s for select to %%2$I using (true)',
                n.relname, %(role)s, n.named
            )
        else
            format(
                'drop policy if exists outbox_worker_%%1$s on %%3$s; '
                'create policy outbox_worker_%%1$s on %%3$s for all to %%2$I using (%%4$s) with check (%%4$s)',
                n.relname, %(role)s, n.named,
                case
                    when n.named in ('outbox.parked', 'outbox.inbox') then o.own
                    when n.named = 'outbox.sources' then o.of_sources
                    else 'true'
                end
            )
    end
from needed as n
cross join own as o
where
    not exists (
        select from policies as p
        where p.named = n.named and p.cmd = n.cmd and p.polpermissive and p.is_open
    )
group by n.relname, n.named, o.own, o.of_sources
union all
select distinct
    p.relname::text,
    format('the restrictive policy %%I on %%s hides rows from %%s', p.polname, p.named, %(role)s),
    format('drop policy %%I on %%s, or name in it only the roles that it is meant for', p.polname, p.named)
from policies as p
where not p.polpermissive and not p.is_open;

-- name: generated_columns
-- Columns that the relay writes and the database does not let anybody write.
select
    c.relname::text,
    format('column %%s.%%I is generated by the database', c.relnamespace::regnamespace::text || '.' || quote_ident(c.relname), a.attname),
    case
        when a.attidentity = 'a' then format('alter table %%s alter column %%I set generated by default', c.relnamespace::regnamespace::text || '.' || quote_ident(c.relname), a.attname)
        else format('alter table %%s alter column %%I drop expression', c.relnamespace::regnamespace::text || '.' || quote_ident(c.relname), a.attname)
    end
from pg_catalog.pg_attribute as a
join pg_catalog.pg_class as c on c.oid = a.attrelid
where
    a.attnum > 0 and not a.attisdropped
    and (a.attgenerated <> '' or a.attidentity = 'a')
    and (select s.nspname from pg_catalog.pg_namespace as s where s.oid = c.relnamespace) || '.' || c.relname || '.' || a.attname = any(%(written)s);

-- name: required_columns
-- Columns that have to have a value, and get none: not from the relay and not by default.
select
    c.relname::text,
    format('column %%s.%%I must not be null, has no default, and no event sets it', c.relnamespace::regnamespace::text || '.' || quote_ident(c.relname), a.attname),
    format('alter table %%s alter column %%I drop not null, or give it a default', c.relnamespace::regnamespace::text || '.' || quote_ident(c.relname), a.attname)
from pg_catalog.pg_attribute as a
join pg_catalog.pg_class as c on c.oid = a.attrelid
where
    a.attnum > 0 and not a.attisdropped
    and a.attnotnull and not a.atthasdef and a.attidentity = '' and a.attgenerated = ''
    and (select s.nspname from pg_catalog.pg_namespace as s where s.oid = c.relnamespace) || '.' || c.relname = any(%(tables)s)
    and not (select s.nspname from pg_catalog.pg_namespace as s where s.oid = c.relnamespace) || '.' || c.relname || '.' || a.attname = any(%(written)s)
    -- A trigger may fill it in; that it does not is seen when a row is written.
    and not exists (
        select from pg_catalog.pg_trigger as t
        where t.tgrelid = c.oid and not t.tgisinternal and t.tgenabled <> 'D' and t.tgtype & 7 = 7
    );

-- name: replica_identity
-- Published tables whose updates or deletes the server refuses, since nobody could tell which row they are about.
select
    c.relname::text,
    format('%%s is published (%%s) and has no replica identity', c.relnamespace::regnamespace::text || '.' || quote_ident(c.relname), string_agg(distinct p.pubname, ', ')),
    format('alter table %%s replica identity full', c.relnamespace::regnamespace::text || '.' || quote_ident(c.relname))
from pg_catalog.pg_publication_tables as published
join pg_catalog.pg_publication as p on p.pubname = published.pubname and (p.pubupdate or p.pubdelete)
join pg_catalog.pg_class as c
    on c.relname = published.tablename and c.relnamespace = to_regnamespace(quote_ident(published.schemaname))
where
    (select s.nspname from pg_catalog.pg_namespace as s where s.oid = c.relnamespace) || '.' || c.relname = any(%(tables)s)
    and (
        c.relreplident = 'n'
        or c.relreplident = 'd' and not exists (
            select from pg_catalog.pg_index as i where i.indrelid = c.oid and i.indisprimary and i.indisvalid
        )
        or c.relreplident = 'i' and not exists (
            select from pg_catalog.pg_index as i where i.indrelid = c.oid and i.indisreplident and i.indisvalid
        )
    )
group by c.relname, c.relnamespace;

-- name: rules
-- Rules, which change or drop what a statement does.
select
    c.relname::text,
    format('rule %%I on %%s changes what a statement does', r.rulename, c.relnamespace::regnamespace::text || '.' || quote_ident(c.relname)),
    format('drop rule %%I on %%s', r.rulename, c.relnamespace::regnamespace::text || '.' || quote_ident(c.relname))
from pg_catalog.pg_rewrite as r
join pg_catalog.pg_class as c on c.oid = r.ev_class
where
    (select s.nspname from pg_catalog.pg_namespace as s where s.oid = c.relnamespace) || '.' || c.relname = any(%(tables)s) and c.relkind in ('r', 'p')
    and r.ev_enabled <> 'D' and r.is_instead;

-- name: rules_for_all
-- Those of them that no condition keeps from any row.
select
    c.relname::text,
    format('rule %%I on %%s changes what a statement does', r.rulename, c.relnamespace::regnamespace::text || '.' || quote_ident(c.relname)),
    format('drop rule %%I on %%s', r.rulename, c.relnamespace::regnamespace::text || '.' || quote_ident(c.relname))
from pg_catalog.pg_rewrite as r
join pg_catalog.pg_class as c on c.oid = r.ev_class
where
    (select s.nspname from pg_catalog.pg_namespace as s where s.oid = c.relnamespace) || '.' || c.relname = any(%(tables)s) and c.relkind in ('r', 'p')
    and r.ev_enabled <> 'D' and r.is_instead and r.ev_qual::text = '<>';

-- name: sequences
-- Keys that no event chooses: each column that a sequence fills, with its table, the sequence, what it gives next (null
-- where we may not see that), its step, where it ends, and whether it can be asked itself: the view takes one that was restarted, or set
-- with `setval(…, false)`, for one that was never used.
select
    c.relnamespace::regnamespace::text || '.' || quote_ident(c.relname),
    c.relname::text,
    a.attname::text,
    format('%%I.%%I', s.schemaname, s.sequencename),
    case
        when has_sequence_privilege(seq.oid, 'select, usage') then coalesce(s.last_value + s.increment_by, s.start_value)
    end as next_value,
    s.increment_by,
    case when s.cycle then 9223372036854775807 else s.max_value end as ends_at,
    has_sequence_privilege(seq.oid, 'select') as may_ask,
    array(
        select ic.relname::text
        from pg_catalog.pg_index as i
        join pg_catalog.pg_class as ic on ic.oid = i.indexrelid
        where i.indrelid = c.oid and i.indisunique and a.attnum = any(i.indkey)
    ) as keys
from pg_catalog.pg_depend as d
join pg_catalog.pg_class as seq on seq.oid in (d.objid, d.refobjid) and seq.relkind = 'S'
join pg_catalog.pg_namespace as sn on sn.oid = seq.relnamespace
join pg_catalog.pg_sequences as s on s.schemaname = sn.nspname and s.sequencename = seq.relname
left join pg_catalog.pg_attrdef as def on d.classid = 'pg_attrdef'::regclass and def.oid = d.objid
join pg_catalog.pg_attribute as a
    on
        def.oid is null and d.objid = seq.oid and d.deptype in ('a', 'i') and a.attrelid = d.refobjid and a.attnum = d.refobjsubid
        or def.oid is not null and a.attrelid = def.adrelid and a.attnum = def.adnum
join pg_catalog.pg_class as c on c.oid = a.attrelid
where
    (select s.nspname from pg_catalog.pg_namespace as s where s.oid = c.relnamespace) || '.' || c.relname = any(%(tables)s)
    and not (select s.nspname from pg_catalog.pg_namespace as s where s.oid = c.relnamespace) || '.' || c.relname || '.' || a.attname = any(%(written)s)
    and s.increment_by > 0
    and has_column_privilege(c.oid, a.attnum, 'select')
    and exists (
        select from pg_catalog.pg_index as i where i.indrelid = c.oid and i.indisunique and a.attnum = any(i.indkey)
    )
group by
    c.oid, c.relnamespace, a.attnum, c.relname, a.attname, seq.oid, s.schemaname, s.sequencename, s.last_value, s.start_value, s.increment_by,
    s.max_value, s.cycle;

-- name: triggers_of
-- Which triggers call a function, by its name alone or with its arguments.
select format('%%I on %%s', t.tgname, t.tgrelid::regclass)
from pg_catalog.pg_trigger as t
join pg_catalog.pg_proc as p on p.oid = t.tgfoid
where not t.tgisinternal and p.proname = %(function)s
order by 1
limit 3;

-- name: triggers_that_keep
-- Triggers that can keep a row of a table as it was, since they are asked before it is written; without one, those that
-- may take back what was written. Our own do neither.
with found as (
    select format('trigger %%I (function %%s)', t.tgname, t.tgfoid::regproc) as told, t.tgtype & 66 <> 0 as before_it
    from pg_catalog.pg_trigger as t
    join pg_catalog.pg_proc as p on p.oid = t.tgfoid
    where
        t.tgrelid = to_regclass(%(table)s) and not t.tgisinternal and t.tgenabled <> 'D'
        and p.pronamespace is distinct from to_regnamespace('content_access')
        and p.pronamespace is distinct from to_regnamespace('outbox')
        and (t.tgtype & 66 = 0 or t.tgtype & 1 = 1)
)
select told from found
where before_it or not exists (select from found where before_it)
order by told
limit 5;

-- name: trigger_functions
-- The functions of triggers on the tables that the relay writes; what they mention can be looked for, not proven.
select
    c.relnamespace::regnamespace::text || '.' || quote_ident(c.relname), c.relname::text, t.tgname::text, t.tgfoid::regprocedure::text, p.prosrc,
    coalesce(p.prosecdef, false) as as_its_owner, pg_get_userbyid(p.proowner)::text,
    coalesce((select split_part(one, '=', 2) from unnest(p.proconfig) as one where one like 'search_path=%%'), '')
from pg_catalog.pg_trigger as t
join pg_catalog.pg_class as c on c.oid = t.tgrelid
join pg_catalog.pg_proc as p on p.oid = t.tgfoid
join pg_catalog.pg_language as l on l.oid = p.prolang
where
    (select s.nspname from pg_catalog.pg_namespace as s where s.oid = c.relnamespace) || '.' || c.relname = any(%(tables)s)
    and not t.tgisinternal and t.tgenabled <> 'D' and l.lanname in ('plpgsql', 'sql')
order by 1, 3;

-- name: relation_for
-- Whether a table is there, and whether a role may do this with it.
select
    to_regclass(%(name)s) is not null,
    coalesce(has_table_privilege(%(role)s, to_regclass(%(name)s), %(verb)s), false),
    coalesce(
        has_schema_privilege(%(role)s, (select relnamespace from pg_catalog.pg_class where oid = to_regclass(%(name)s)), 'usage'),
        false
    );

-- name: unchosen_key
-- A unique key, by its name, all of whose columns are filled by the database: a default, a trigger.
select
    c.relname::text,
    format('key %%3$I of %%1$I.%%2$I has a value that is taken, and no event sets it', n.nspname, c.relname, ic.relname),
    format('let a default give each row of %%I.%%I another value, or drop that key', n.nspname, c.relname)
from pg_catalog.pg_index as i
join pg_catalog.pg_class as ic on ic.oid = i.indexrelid
join pg_catalog.pg_class as c on c.oid = i.indrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where
    ic.relname = %(key)s and i.indisunique and 0 <> all(i.indkey)
    and n.nspname || '.' || c.relname = any(%(tables)s)
    and not exists (
        select from pg_catalog.pg_attribute as a
        where
            a.attrelid = c.oid and a.attnum = any(i.indkey)
            and n.nspname || '.' || c.relname || '.' || a.attname = any(%(written)s)
    );
