-- name: audit_columns
-- error: every table and column that the relay and the policies use is there
select format('public.%I.%I is missing', wanted.on_table, wanted.on_column)
from (
    values
    ('content_projects', array[
        'id', 'slug', 'name', 'project_type', 'status', 'target_audience_id', 'project_metadata', 'creator_mind_id',
        'persona_mind_id', 'created_at', 'updated_at', 'last_event_id'
    ]),
    ('contents', array[
        'id', 'slug', 'title', 'content', 'content_type', 'parent_content_id', 'sequence_order', 'project_id',
        'generation_execution_id', 'fidelity_score', 'metadata', 'status', 'published_at', 'published_url', 'file_path',
        'created_at', 'updated_at', 'deleted_at', 'last_event_id'
    ]),
    ('audience_profiles', array['id', 'slug', 'name', 'technical_level', 'creator_mind_id', 'updated_at', 'last_event_id']),
    ('content_minds', array['content_id', 'mind_id', 'role', 'created_at', 'last_event_id']),
    ('content_tags', array['content_id', 'tag_id', 'created_at', 'last_event_id']),
    ('minds', array['id', 'slug', 'display_name']),
    ('user_profiles', array['id', 'mind_id']),
    ('tags', array['id', 'name', 'tag_type'])
) as needs (on_table, columns),
    unnest(needs.columns) as wanted_column (on_column),
    lateral (select needs.on_table, wanted_column.on_column) as wanted
where
    not exists (
        select
        from pg_catalog.pg_attribute as a
        where
            a.attrelid = to_regclass('public.' || wanted.on_table) and a.attname = wanted.on_column
            and a.attnum > 0 and not a.attisdropped
    );

-- name: audit_natural_keys
-- error: natural keys are unique, so that a row is recognised by its name
select format('public.%I (%s) is not unique', wanted.on_table, array_to_string(wanted.columns, ', '))
from (
    values
    ('minds', array['slug']), ('tags', array['name']), ('audience_profiles', array['slug']),
    ('content_projects', array['slug']), ('contents', array['slug']),
    ('content_minds', array['content_id', 'mind_id', 'role']), ('content_tags', array['content_id', 'tag_id'])
) as wanted (on_table, columns)
where
    not exists (
        select
        from pg_catalog.pg_index as i
        where
            i.indrelid = to_regclass('public.' || wanted.on_table)
            and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
            and (
                select array_agg(a.attname::text order by a.attname)
                from pg_catalog.pg_attribute as a
                where a.attrelid = i.indrelid and a.attnum = any(i.indkey[0:i.indnkeyatts - 1])
            ) = (select array_agg(c order by c) from unnest(wanted.columns) as c)
    );

-- name: audit_indexes
-- error: the keys that policies and joins follow are indexed
select format('public.%I (%I) has no index', wanted.on_table, wanted.on_column)
from (
    values
    ('content_projects', 'creator_mind_id'), ('content_projects', 'persona_mind_id'),
    ('content_projects', 'target_audience_id'), ('audience_profiles', 'creator_mind_id'),
    ('contents', 'project_id'), ('contents', 'parent_content_id'), ('contents', 'generation_execution_id'),
    ('content_minds', 'mind_id'), ('content_tags', 'tag_id')
) as wanted (on_table, on_column)
where
    not exists (
        select
        from pg_catalog.pg_index as i
        join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where
            i.indrelid = to_regclass('public.' || wanted.on_table) and i.indisvalid and i.indpred is null
            and a.attname = wanted.on_column
    );

-- name: audit_view
-- error: the view shows each caller their own rows, not its owner's
select 'public.v_contents_with_creators is missing or runs with the rights of its owner'
where
    not exists (
        select
        from pg_catalog.pg_class as c
        where
            c.oid = to_regclass('public.v_contents_with_creators')
            and c.reloptions && array['security_invoker=true', 'security_invoker=on', 'security_invoker=1']
    );

-- name: audit_row_security
-- error: row level security is on wherever content or bookkeeping lies
select format('%s has row level security off', wanted.on_table)
from unnest(array[
    'public.audience_profiles', 'public.content_projects', 'public.contents', 'public.content_minds',
    'public.content_tags', 'outbox.destination', 'outbox.sources', 'outbox.parked', 'outbox.displaced',
    'outbox.removed_links'
]) as wanted (on_table)
where
    not exists (
        select from pg_catalog.pg_class as c where c.oid = to_regclass(wanted.on_table) and c.relrowsecurity
    );

-- name: audit_policies
-- error: there is one policy per table and verb for signed-in users, and one per table for the worker
select format('public.%I lacks a policy for %s to %s', wanted.on_table, wanted.verb, wanted.for_role)
from (
    select on_table, verb, 'authenticated' as for_role
    from
        unnest(array['audience_profiles', 'content_projects', 'contents', 'content_minds', 'content_tags']) as on_table,
        unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) as verb
    union all
    select on_table, 'ALL', 'outbox_worker'
    from unnest(array['audience_profiles', 'content_projects', 'contents', 'content_minds', 'content_tags']) as on_table
) as wanted
where
    not exists (
        select
        from pg_catalog.pg_policies as p
        where
            p.schemaname = 'public' and p.tablename = wanted.on_table and p.cmd = wanted.verb
            and wanted.for_role = any(p.roles)
    );

-- name: audit_foreign_policies
-- error: no policy of others widens ours
select format('policy %I on public.%I lets %s %s more rows', p.policyname, p.tablename, array_to_string(p.roles, ', '), p.cmd)
from pg_catalog.pg_policies as p
where
    p.schemaname = 'public'
    and p.tablename in ('audience_profiles', 'content_projects', 'contents', 'content_minds', 'content_tags')
    and p.permissive = 'PERMISSIVE'
    and p.roles && array['public', 'anon', 'authenticated']::name[]
    and not exists (
        select
        from pg_catalog.pg_policy as own
        where
            own.polname = p.policyname and own.polrelid = format('%I.%I', p.schemaname, p.tablename)::regclass
            and pg_catalog.obj_description(own.oid, 'pg_policy') like 'made by migration %'
    );

-- name: audit_policies_ask_once
-- error: policies ask who is calling once per statement, not once per row
select format('policy %I on public.%I calls a function for every row', p.policyname, p.tablename)
from pg_catalog.pg_policies as p
where
    p.schemaname = 'public'
    and p.tablename in ('audience_profiles', 'content_projects', 'contents', 'content_minds', 'content_tags')
    and regexp_replace(
        coalesce(p.qual, '') || ' ' || coalesce(p.with_check, ''),
        -- What a written row points at is asked about once for that row; nothing is read by it.
        'select\s+((content_access|auth)\.\w+\(\)|content_access\.(aims_at|knows_mind|sees_mind|sees_tag|is_in_project)\()',
        '', 'gi'
    ) ~* '(content_access|auth)\.\w+\(|current_setting\('
;

-- name: audit_anon
-- error: anon may do nothing with the contents, the bookkeeping or the helpers
select format('anon may %s %s', lower(verb), c.oid::regclass)
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace,
    unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) as verb
where
    c.relkind in ('r', 'v')
    and (
        n.nspname in ('outbox', 'content_access')
        or n.nspname = 'public' and c.relname in (
            'audience_profiles', 'content_projects', 'contents', 'content_minds', 'content_tags',
            'v_contents_with_creators'
        )
    )
    and has_table_privilege('anon', c.oid, verb)
union all
select format('anon may execute %s', f.oid::regprocedure)
from pg_catalog.pg_proc as f
where f.pronamespace = to_regnamespace('content_access') and has_function_privilege('anon', f.oid, 'execute')
union all
select format('anon may use schema %I', wanted)
from unnest(array['outbox', 'content_access']) as wanted
where to_regnamespace(wanted) is not null and has_schema_privilege('anon', to_regnamespace(wanted), 'usage');

-- name: audit_authenticated
-- error: signed-in users reach the contents through policies alone, and the bookkeeping not at all
select format('authenticated may %s %s', lower(verb), c.oid::regclass)
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace,
    unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) as verb
where
    c.relkind in ('r', 'v')
    and has_table_privilege('authenticated', c.oid, verb)
    and (
        n.nspname in ('outbox', 'content_access')
        or n.nspname = 'public' and verb in ('TRUNCATE', 'REFERENCES', 'TRIGGER') and c.relname in (
            'audience_profiles', 'content_projects', 'contents', 'content_minds', 'content_tags'
        )
    )
union all
select 'authenticated may use schema outbox'
where to_regnamespace('outbox') is not null and has_schema_privilege('authenticated', 'outbox', 'usage');

-- name: audit_service_role
-- error: service_role has its grants, which BYPASSRLS does not replace
select format('service_role may not %s public.%I', lower(verb), on_table)
from
    unnest(array['audience_profiles', 'content_projects', 'contents', 'content_minds', 'content_tags']) as on_table,
    unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) as verb
where
    to_regclass('public.' || on_table) is not null
    and not has_table_privilege('service_role', to_regclass('public.' || on_table), verb);

-- name: audit_worker_can
-- error: the worker's role may do what the relay does
select format('outbox_worker may not %s %s', lower(wanted.verb), wanted.on_table)
from (
    select on_table, verb
    from (
        values
        ('public.audience_profiles', array['SELECT', 'INSERT', 'UPDATE']),
        ('public.content_projects', array['SELECT', 'INSERT', 'UPDATE']),
        ('public.contents', array['SELECT', 'INSERT', 'UPDATE']),
        ('public.content_minds', array['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
        ('public.content_tags', array['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
        ('public.tags', array['SELECT', 'INSERT']),
        ('outbox.destination', array['SELECT']),
        ('outbox.sources', array['SELECT', 'INSERT', 'UPDATE']),
        ('outbox.parked', array['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
        ('outbox.removed_links', array['SELECT', 'INSERT', 'UPDATE'])
    ) as needs (on_table, verbs),
        unnest(needs.verbs) as verb
) as wanted
where
    to_regrole('outbox_worker') is null
    or to_regclass(wanted.on_table) is null
    or not has_table_privilege(to_regrole('outbox_worker'), to_regclass(wanted.on_table), wanted.verb)
union all
select format('public.%I shows outbox_worker no rows: it has row level security and no policy for it', c.relname)
from pg_catalog.pg_class as c
where
    c.relnamespace = 'public'::regnamespace
    and c.relname in ('minds', 'tags', 'job_executions')
    and c.relrowsecurity
    and not exists (
        select
        from pg_catalog.pg_policies as p
        where
            p.schemaname = 'public' and p.tablename = c.relname and p.permissive = 'PERMISSIVE'
            and p.roles && array['outbox_worker', 'public']::name[]
    );

-- name: audit_worker_cannot
-- error: the worker's role may do nothing else
select format('outbox_worker may %s %s', lower(verb), c.oid::regclass)
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace,
    unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) as verb
where
    c.relkind in ('r', 'p', 'v', 'm', 'f')
    and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
    and has_table_privilege(to_regrole('outbox_worker'), c.oid, verb)
    -- What PUBLIC may do is not the worker's right but everybody's.
    and not exists (
        select from pg_catalog.aclexplode(c.relacl) as acl where acl.grantee = 0 and acl.privilege_type = verb
    )
    and not (
        n.nspname = 'outbox' and c.relname = 'destination' and verb = 'SELECT'
        or n.nspname = 'outbox' and c.relname in ('sources', 'removed_links') and verb in ('SELECT', 'INSERT', 'UPDATE')
        or n.nspname = 'outbox' and c.relname = 'parked' and verb in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
        or n.nspname = 'public'
        and c.relname in ('audience_profiles', 'content_projects', 'contents')
        and verb in ('SELECT', 'INSERT', 'UPDATE')
        or n.nspname = 'public' and c.relname = 'tags' and verb in ('SELECT', 'INSERT')
        or n.nspname = 'public'
        and c.relname in ('content_minds', 'content_tags')
        and verb in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    )
union all
select format('outbox_worker is %s', attribute)
from pg_catalog.pg_roles as r,
    lateral (
        values
        ('a superuser', r.rolsuper), ('exempt from row level security', r.rolbypassrls),
        ('allowed to make roles', r.rolcreaterole), ('allowed to make databases', r.rolcreatedb),
        ('allowed to replicate', r.rolreplication)
    ) as attributes (attribute, has)
where r.rolname = 'outbox_worker' and attributes.has
union all
select format('outbox_worker is a member of %I', m.roleid::regrole)
from pg_catalog.pg_auth_members as m
where m.member = to_regrole('outbox_worker');

-- name: audit_helpers
-- error: helpers fix their search_path with pg_temp last, so that nobody can put a table or type of theirs in the way
select format('%s does not set search_path to pg_catalog, pg_temp', f.oid::regprocedure)
from pg_catalog.pg_proc as f
where
    f.pronamespace = to_regnamespace('content_access')
    and not coalesce(f.proconfig && array['search_path=pg_catalog, pg_temp'], false)
union all
select format('outbox_worker may execute %s', f.oid::regprocedure)
from pg_catalog.pg_proc as f, pg_catalog.aclexplode(f.proacl) as acl
where f.pronamespace = to_regnamespace('content_access') and acl.grantee = to_regrole('outbox_worker');

-- name: audit_identity
-- warning: a signed-in user cannot take on the mind of another
select 'authenticated may update user_profiles.mind_id: whoever writes another mind there owns its projects'
where
    has_column_privilege('authenticated', 'public.user_profiles', 'mind_id', 'update')
    and (
        not (select c.relrowsecurity from pg_catalog.pg_class as c where c.oid = 'public.user_profiles'::regclass)
        or exists (
            select
            from pg_catalog.pg_policies as p
            where
                p.schemaname = 'public' and p.tablename = 'user_profiles' and p.cmd in ('UPDATE', 'ALL')
                and p.permissive = 'PERMISSIVE' and p.roles && array['public', 'authenticated']::name[]
        )
    );

-- name: audit_view_reads
-- warning: signed-in users may read what the view shows of minds; without it the view refuses them
select format('authenticated may not select minds.%s: grant select (id, slug, display_name) on public.minds', wanted)
from unnest(array['id', 'slug', 'display_name']) as wanted
where not has_column_privilege('authenticated', 'public.minds', wanted, 'select');

-- name: audit_text_index
-- warning: a transcript of several megabytes can be stored
select
    format(
        'index %I covers the whole text: a row with more than 1 MB of distinct words is refused; drop it and run '
        '"worker migrate up" again after "supabase migration repair --status reverted 20260101000400"', indexname
    )
from pg_catalog.pg_indexes
where
    schemaname = 'public' and tablename = 'contents'
    and indexdef ~* 'to_tsvector' and indexdef !~* '"?left"?\(|substr'
;

-- name: audit_ownerless
-- warning: every project has a creator; one without is seen by the service alone
select format('%s projects have no creator_mind_id, %s with contents', count(*), count(*) filter (where used.it))
from public.content_projects as p,
    lateral (select exists (select from public.contents as c where c.project_id = p.id) as it) as used
where p.creator_mind_id is null
having count(*) > 0;

-- name: audit_sequence_order
-- note: sequence_order holds every number that the generators make (0 to 32767)
select format('contents.sequence_order is %s', format_type(a.atttypid, a.atttypmod))
from pg_catalog.pg_attribute as a
where
    a.attrelid = to_regclass('public.contents') and a.attname = 'sequence_order'
    and a.atttypid not in ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype);
