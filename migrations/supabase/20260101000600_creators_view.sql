-- Contents with their project and the minds behind them, seen with the rights of whoever asks.
--
-- Dropped and made anew rather than replaced: CREATE OR REPLACE keeps columns and rights of what it replaces, and an
-- earlier view of this name ran with its owner's rights, around every policy. What that was is written down first, with
-- its options, owner, defaults, triggers, comments and rights, so that the rollback brings it back.
set local lock_timeout = '4s';
set local statement_timeout = '60s';

do $$
declare
    old constant regclass := to_regclass('public.v_contents_with_creators');
    path constant text := current_setting('search_path');
begin
    -- Ours is made anew by a second run; and what was set aside once is not set aside again.
    if
        old is null
        or (select c.relkind from pg_catalog.pg_class as c where c.oid = old) <> 'v'
        or pg_catalog.obj_description(old, 'pg_class') = 'Contents that are not deleted, with project and creators.'
        or exists (select from outbox.displaced as done where done.migration = '20260101000600')
    then
        return;
    end if;
    perform set_config('search_path', 'pg_catalog', true);  -- names in what follows are written out in full
    insert into outbox.displaced (migration, restores)
    select '20260101000600', before.restores
    from (
        select 0, 0, format(
            'create view public.v_contents_with_creators%s as %s',
            ' with (' || array_to_string(c.reloptions, ', ') || ')', pg_catalog.pg_get_viewdef(c.oid)
        )
        from pg_catalog.pg_class as c
        where c.oid = old
        union all
        select 1, 0, format('alter view public.v_contents_with_creators owner to %I', pg_catalog.pg_get_userbyid(c.relowner))
        from pg_catalog.pg_class as c
        where c.oid = old
        union all
        select 2, d.adnum, format(
            'alter view public.v_contents_with_creators alter column %I set default %s', a.attname,
            pg_catalog.pg_get_expr(d.adbin, d.adrelid)
        )
        from pg_catalog.pg_attrdef as d
        join pg_catalog.pg_attribute as a on a.attrelid = d.adrelid and a.attnum = d.adnum
        where d.adrelid = old
        union all
        select 3, 0, pg_catalog.pg_get_triggerdef(t.oid) from pg_catalog.pg_trigger as t where t.tgrelid = old and not t.tgisinternal
        union all
        select 3, 1, pg_catalog.pg_get_ruledef(r.oid) from pg_catalog.pg_rewrite as r where r.ev_class = old and r.rulename <> '_RETURN'
        union all
        select 4, d.objsubid, format(
            'comment on %s is %L',
            coalesce(
                (
                    select format('column public.v_contents_with_creators.%I', a.attname)
                    from pg_catalog.pg_attribute as a
                    where a.attrelid = old and a.attnum = d.objsubid and d.objsubid > 0
                ),
                'view public.v_contents_with_creators'
            ),
            d.description
        )
        from pg_catalog.pg_description as d
        where d.classoid = 'pg_catalog.pg_class'::regclass and d.objoid = old
        union all
        -- A view that is made anew begins with the default grants of whoever makes it.
        select 5, 0, 'revoke all on public.v_contents_with_creators from public, anon, authenticated, service_role'
        union all
        select 6, a.attnum, format(
            'grant %s%s on public.v_contents_with_creators to %s%s', acl.privilege_type,
            case when a.attnum > 0 then format(' (%I)', a.attname) else '' end,
            case acl.grantee when 0 then 'public' else quote_ident(pg_catalog.pg_get_userbyid(acl.grantee)) end,
            case when acl.is_grantable then ' with grant option' else '' end
        )
        from (
            select 0::smallint as attnum, '' as attname, c.relacl as acl, c.relowner from pg_catalog.pg_class as c where c.oid = old
            union all
            select a.attnum, a.attname, a.attacl, c.relowner
            from pg_catalog.pg_attribute as a
            join pg_catalog.pg_class as c on c.oid = a.attrelid
            where a.attrelid = old and a.attacl is not null
        ) as a (attnum, attname, acl, relowner),
            pg_catalog.aclexplode(a.acl) as acl
        where acl.grantee <> a.relowner
    ) as before (step, place, restores)
    order by before.step, before.place;
    perform set_config('search_path', path, true);
end
$$;

drop view if exists public.v_contents_with_creators;
create view public.v_contents_with_creators
as
select
    c.id,
    c.slug,
    c.title,
    c.content_type,
    c.status,
    c.project_id,
    p.slug as project_slug,
    p.name as project_name,
    p.creator_mind_id,
    p.persona_mind_id,
    c.parent_content_id,
    c.sequence_order,
    c.fidelity_score,
    c.published_at,
    c.created_at,
    c.updated_at,
    (
        select
            coalesce(
                jsonb_agg(
                    jsonb_build_object(
                        'mind_id', cm.mind_id, 'role', cm.role, 'slug', m.slug, 'display_name', m.display_name
                    )
                    order by cm.role, cm.mind_id
                ),
                '[]'
            )
        from public.content_minds as cm
        left join public.minds as m on m.id = cm.mind_id
        where cm.content_id = c.id
    ) as creators
from public.contents as c
left join public.content_projects as p on p.id = c.project_id
where c.deleted_at is null;

comment on view public.v_contents_with_creators is 'Contents that are not deleted, with project and creators.';

revoke all on public.v_contents_with_creators from public, anon, authenticated, service_role;
grant select on public.v_contents_with_creators to service_role;

-- Before PostgreSQL 15 a view cannot ask as its reader: there it stays closed to signed-in users, who read the tables.
do $$
begin
    if current_setting('server_version_num')::int >= 150000 then
        alter view public.v_contents_with_creators set (security_invoker = true);
        grant select on public.v_contents_with_creators to authenticated;
    end if;
end
$$;
