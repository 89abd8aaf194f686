-- Who may do what, tried out: every table, role and verb, with rows in place. Run it with psql as postgres,
--
--     psql "$SUPABASE_MIGRATE_DB_URL" -v ON_ERROR_STOP=1 -f migrations/impersonation.sql
--
-- on staging, or on production when it is quiet: everything happens in one transaction that is rolled back. It fails
-- loudly, naming every cell that is not as it should be.
--
-- Ana made projects a and c, and Dora is the persona of a. Bruno made project b. Project n has no creator.
-- Audiences: a and b are of those makers, s has no maker and is used by Ana alone, n has no maker and no project.
-- Contents: a draft and P published of project a, b draft and Q published and d published but deleted of project b, n
-- draft of project n, l without a project, Ana its author. Links and tags: one on each content.
-- A cell names the rows that the role can select, update or delete, or the owners for which it can insert;
-- "-" is none of them, "!" is no right to the table at all.
\set ON_ERROR_STOP on
begin;
set local lock_timeout = '4s';

create temporary table matrix on commit drop as
select
    fields[1] as on_table, fields[2] as verb, who.name as who, fields[2 + who.place] as cell
from
    regexp_split_to_table($matrix$
content_projects   select  !  ac    b     a    abcn     abcn
content_projects   insert  !  a     b     -    abn      abn
content_projects   update  !  ac    b     -    abcn     abcn
content_projects   delete  !  ac    b     -    abcn     !
audience_profiles  select  !  as    b     a    abns     abns
audience_profiles  insert  !  a     b     -    abn      abn
audience_profiles  update  !  a     b     -    abns     abns
audience_profiles  delete  !  a     b     -    abns     !
contents           select  !  PQal  PQbd  PQa  PQabdln  PQabdln
contents           insert  !  a     b     -    abln     abln
contents           update  !  Pal   Qbd   -    PQabdln  PQabdln
contents           delete  !  Pal   Qbd   -    PQabdln  !
content_minds      select  !  PQal  PQbd  PQa  PQabdln  PQabdln
content_minds      insert  !  Pal   Qbd   -    PQabdln  PQabdln
content_minds      update  !  Pal   Qbd   -    PQabdln  PQabdln
content_minds      delete  !  Pal   Qbd   -    PQabdln  PQabdln
content_tags       select  !  PQal  PQbd  PQa  PQabdln  PQabdln
content_tags       insert  !  Pal   Qbd   -    PQabdln  PQabdln
content_tags       update  !  Pal   Qbd   -    PQabdln  PQabdln
content_tags       delete  !  Pal   Qbd   -    PQabdln  PQabdln
$matrix$, '\n') as line,
    regexp_split_to_array(line, '\s+') as fields,
    unnest(array['anon', 'ana', 'bruno', 'dora', 'service_role', 'worker']) with ordinality as who (name, place)
where line <> '';

-- Ids are written out, so that a statement can be read by itself.
insert into auth.users (id) values
('a0000000-0000-4000-8000-000000000001'), ('b0000000-0000-4000-8000-000000000001'),
('d0000000-0000-4000-8000-000000000001');
-- Their minds can be seen: whom somebody cannot see they cannot name.
insert into public.minds (id, slug, display_name, privacy_level) values
('a0000000-0000-4000-8000-000000000002', 'try-ana', 'Ana', 'public'),
('b0000000-0000-4000-8000-000000000002', 'try-bruno', 'Bruno', 'public'),
('d0000000-0000-4000-8000-000000000002', 'try-dora', 'Dora', 'public');
insert into public.user_profiles (id, mind_id) values
('a0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000002'),
('b0000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000002'),
('d0000000-0000-4000-8000-000000000001', 'd0000000-0000-4000-8000-000000000002');
insert into public.audience_profiles (slug, name, creator_mind_id) values
('try-a', 'try', 'a0000000-0000-4000-8000-000000000002'), ('try-b', 'try', 'b0000000-0000-4000-8000-000000000002'),
('try-s', 'try', null), ('try-n', 'try', null);
insert into public.content_projects (slug, name, creator_mind_id, persona_mind_id, target_audience_id)
select
    'try-' || p.label, 'try', p.creator, p.persona,
    (select a.id from public.audience_profiles as a where a.slug = 'try-' || p.audience)
from (
    values
    ('a', 'a0000000-0000-4000-8000-000000000002'::uuid, 'd0000000-0000-4000-8000-000000000002'::uuid, 'a'),
    ('b', 'b0000000-0000-4000-8000-000000000002', null, 'b'),
    ('c', 'a0000000-0000-4000-8000-000000000002', null, 's'),
    ('n', null, null, null)
) as p (label, creator, persona, audience);
insert into public.contents (slug, title, content_type, status, project_id)
select
    'try-' || c.label, 'try', 'course_lesson', 'draft',
    (select p.id from public.content_projects as p where p.slug = 'try-' || c.project)
from (
    values ('a', 'a'), ('P', 'a'), ('b', 'b'), ('Q', 'b'), ('d', 'b'), ('n', 'n'), ('l', null)
) as c (label, project);
-- As literals, which become whatever type the column has.
update public.contents set status = 'published' where slug in ('try-P', 'try-Q', 'try-d');
update public.contents set deleted_at = now() where slug = 'try-d';
insert into public.tags (name) values ('try'), ('try-other');
insert into public.content_minds (content_id, mind_id, role)
select c.id, 'b0000000-0000-4000-8000-000000000002', 'guest'
from public.contents as c where c.slug like 'try-%';
insert into public.content_minds (content_id, mind_id, role)
select c.id, 'a0000000-0000-4000-8000-000000000002', 'author'
from public.contents as c where c.slug = 'try-l';
insert into public.content_tags (content_id, tag_id)
select c.id, t.id from public.contents as c, public.tags as t where c.slug like 'try-%' and t.name = 'try';

-- One statement per table, verb and row; it is allowed when it touches at least one row.
create temporary table attempt (on_table text, verb text, label text, statement text) on commit drop;

insert into attempt
select t.name, v.verb, right(c.slug, 1), replace(replace(v.pattern, '{table}', t.name), '{slug}', c.slug)
from (
    select 'content_projects' as name, slug from public.content_projects where slug like 'try-_'
    union all select 'audience_profiles', slug from public.audience_profiles where slug like 'try-_'
    union all select 'contents', slug from public.contents where slug like 'try-_'
) as c (name, slug)
join lateral (select c.name) as t (name) on true
cross join (
    values
    ('select', 'select 1 from public.{table} where slug = ''{slug}'''),
    ('update', 'update public.{table} set updated_at = now() where slug = ''{slug}'''),
    ('delete', 'delete from public.{table} where slug = ''{slug}''')
) as v (verb, pattern);

insert into attempt
select p.on_table, 'insert', o.label, format(p.pattern, o.mind)
from (
    values
    ('content_projects', 'insert into public.content_projects (slug, name, creator_mind_id) values (''try-new'', ''x'', %L)'),
    ('audience_profiles', 'insert into public.audience_profiles (slug, name, creator_mind_id) values (''try-new'', ''x'', %L)')
) as p (on_table, pattern),
    (
        values
        ('a', 'a0000000-0000-4000-8000-000000000002'), ('b', 'b0000000-0000-4000-8000-000000000002'), ('n', null)
    ) as o (label, mind);

insert into attempt
select
    'contents', 'insert', o.label,
    format(
        'insert into public.contents (slug, title, content_type, project_id) values (''try-new'', ''x'', ''course_lesson'', %L)',
        (select p.id from public.content_projects as p where p.slug = 'try-' || o.label)
    )
from unnest(array['a', 'b', 'n', 'l']) as o (label);

insert into attempt
select v.on_table, v.verb, right(c.slug, 1), format(v.pattern, c.id)
from
    (select c.id, c.slug from public.contents as c where c.slug like 'try-_') as c,
    (
        values
        ('content_minds', 'select', 'select 1 from public.content_minds where content_id = %L'),
        (
            'content_minds', 'insert',
            'insert into public.content_minds (content_id, mind_id, role) values (%L, '
            '''d0000000-0000-4000-8000-000000000002'', ''host'')'
        ),
        ('content_minds', 'update', 'update public.content_minds set role = role where content_id = %L'),
        ('content_minds', 'delete', 'delete from public.content_minds where content_id = %L'),
        ('content_tags', 'select', 'select 1 from public.content_tags where content_id = %L'),
        (
            'content_tags', 'insert',
            'insert into public.content_tags (content_id, tag_id) select %L, (select id from public.tags where name = ''try-other'')'
        ),
        ('content_tags', 'update', 'update public.content_tags set tag_id = tag_id where content_id = %L'),
        ('content_tags', 'delete', 'delete from public.content_tags where content_id = %L')
    ) as v (on_table, verb, pattern);

-- Lets postgres step into the worker's role; gone with the rollback.
grant outbox_worker to current_user;

create temporary table outcome (on_table text, verb text, who text, cell text) on commit drop;

do $$
declare
    cell record;
    trial record;
    role_name text;
    claims text;
    touched bigint;
    seen text;
    denied boolean;
begin
    for cell in select * from matrix loop
        role_name := case cell.who
            when 'worker' then 'outbox_worker'
            when 'anon' then 'anon'
            when 'service_role' then 'service_role'
            else 'authenticated'
        end;
        claims := case cell.who
            when 'ana' then '{"sub":"a0000000-0000-4000-8000-000000000001","role":"authenticated"}'
            when 'bruno' then '{"sub":"b0000000-0000-4000-8000-000000000001","role":"authenticated"}'
            when 'dora' then '{"sub":"d0000000-0000-4000-8000-000000000001","role":"authenticated"}'
            else '{}'
        end;
        seen := '';
        denied := false;
        for trial in
            select * from attempt as a
            where a.on_table = cell.on_table and a.verb = cell.verb
            order by a.label collate "C"
        loop
            begin
                perform set_config('request.jwt.claims', claims, true), set_config('role', role_name, true);
                execute trial.statement;
                get diagnostics touched = row_count;
                -- Undo whatever it did, and the role with it; the variables keep what was learnt.
                raise exception using errcode = 'UNDO1';
            exception
                when sqlstate 'UNDO1' then
                    if touched > 0 then
                        seen := seen || trial.label;
                    end if;
                when foreign_key_violation then
                    -- The rights let it pass; what stopped it is that something refers to the row.
                    seen := seen || trial.label;
                when insufficient_privilege then
                    if sqlerrm like 'permission denied for %' then
                        denied := true;
                    end if;
            end;
        end loop;
        if not exists (select from attempt as a where a.on_table = cell.on_table and a.verb = cell.verb) then
            raise exception 'nothing was tried for % %', cell.on_table, cell.verb;
        end if;
        insert into outcome
        values (
            cell.on_table, cell.verb, cell.who, case when denied then '!' when seen = '' then '-' else seen end
        );
    end loop;
end
$$;

select
    o.on_table, o.verb,
    max(o.cell) filter (where o.who = 'anon') as anon,
    max(o.cell) filter (where o.who = 'ana') as ana,
    max(o.cell) filter (where o.who = 'bruno') as bruno,
    max(o.cell) filter (where o.who = 'dora') as dora,
    max(o.cell) filter (where o.who = 'service_role') as service_role,
    max(o.cell) filter (where o.who = 'worker') as worker
from outcome as o
group by o.on_table, o.verb
order by o.on_table, position(o.verb in 'select insert update delete');

do $$
declare
    wrong text;
begin
    select string_agg(format('%s %s by %s: %s instead of %s', m.on_table, m.verb, m.who, o.cell, m.cell), E'\n')
    into wrong
    from matrix as m
    join outcome as o using (on_table, verb, who)
    where o.cell is distinct from m.cell;
    if wrong is not null then
        raise exception E'row security is not as it should be:\n%', wrong;
    end if;
    if (select count(*) from outcome) <> 120 then
        raise exception 'only % of 120 cells were tried', (select count(*) from outcome);
    end if;
end
$$;

rollback;
\echo 'row security is as it should be: 120 cells'
