-- A database as it was before us: the tables there, without attribution, with enums and a smallint, with what the former
-- implementation left behind (open policies, a view that runs with its owner's rights), and with rows.
create type public.content_status as enum ('draft', 'reviewed', 'published', 'archived');
create type public.content_kind as enum ('raw_source', 'interview', 'course_outline', 'course_module', 'course_lesson', 'other');
create table public.minds (
    id uuid primary key default gen_random_uuid(), slug text not null unique, display_name text not null,
    privacy_level text, mission text
);
alter table public.minds enable row level security;
grant select on public.minds to authenticated;
create policy "Minds are readable" on public.minds for select to authenticated using (true);
create table public.user_profiles (id uuid primary key references auth.users (id), mind_id uuid unique references public.minds (id));
alter table public.user_profiles enable row level security;
create policy own_profile on public.user_profiles for select to authenticated using (id = (select auth.uid()));
create table public.tags (id bigserial primary key, name text not null unique, tag_type text);
create table public.job_executions (id uuid primary key default gen_random_uuid(), model text);
create table public.audience_profiles (
    id uuid primary key default gen_random_uuid(), slug text not null unique, name text not null, description text,
    demographics jsonb, psychographics jsonb, learning_preferences jsonb
);
create table public.content_projects (
    id uuid primary key default gen_random_uuid(), slug text not null unique, name text not null, description text,
    project_type text not null default 'course', status text not null default 'planning',
    target_audience_id uuid references public.audience_profiles (id), project_metadata jsonb default '{}',
    created_at timestamptz default now(), updated_at timestamptz default now()
);
create table public.contents (
    id uuid primary key default gen_random_uuid(), ai_generated boolean default false, content_type public.content_kind not null,
    parent_content_id uuid references public.contents (id) on delete cascade, sequence_order smallint,
    slug text not null unique, title text, content text, project_id uuid references public.content_projects (id),
    generation_execution_id uuid references public.job_executions (id),
    fidelity_score numeric(3, 2), metadata jsonb default '{}', status public.content_status default 'draft',
    published_at timestamptz, published_url text, created_at timestamptz default now(), updated_at timestamptz default now(),
    deleted_at timestamptz
);
create index old_text on public.contents using gin (to_tsvector('portuguese', coalesce(content, '')));
create index old_project on public.contents (project_id);
create table public.content_minds (
    content_id uuid references public.contents (id) on delete cascade, mind_id uuid references public.minds (id),
    role text, primary key (content_id, mind_id, role)
);
create table public.content_tags (
    content_id uuid references public.contents (id) on delete cascade, tag_id bigint references public.tags (id),
    primary key (content_id, tag_id)
);
create view public.v_contents_with_creators as select c.id, c.title, c.content from public.contents c;
grant select on public.v_contents_with_creators to anon, authenticated;
grant select, insert on public.audience_profiles to anon, authenticated;
grant select (slug, title) on public.contents to anon;
alter table public.audience_profiles enable row level security;
create policy "Anyone can insert audiences" on public.audience_profiles for insert to public with check (true);
create policy "Anyone can read audiences" on public.audience_profiles for select to anon, authenticated using (true);
insert into public.minds (slug, display_name) values ('ana', 'Ana'), ('bruno', 'Bruno');
insert into public.audience_profiles (slug, name) values ('iniciantes', 'Iniciantes');
insert into public.content_projects (slug, name, target_audience_id) select 'curso', 'Curso', id from public.audience_profiles;
insert into public.contents (slug, title, content_type, project_id, content, sequence_order)
select 'curso--' || n, 'Aula ' || n, 'course_lesson', p.id, 'corpo ' || n, n from public.content_projects p, generate_series(1, 50) n;
insert into public.content_minds select c.id, m.id, 'creator' from public.contents c, public.minds m where m.slug = 'ana';
insert into public.tags (name) values ('curso');
insert into public.content_tags select c.id, t.id from public.contents c, public.tags t;
