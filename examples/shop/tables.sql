-- The shop's own tables, as they were before anybody thought of an outbox.
create schema shop;
create type shop.state as enum ('open', 'paid', 'sent');
create table shop.countries (code text primary key, name text not null);
insert into shop.countries values ('BR', 'Brasil'), ('PT', 'Portugal');
create table shop.customers (
    id uuid primary key,
    email text not null unique,
    name text not null,
    country text references shop.countries (code)
);
create table shop.orders (
    id bigint generated always as identity primary key,
    till text not null,
    number integer not null,
    customer_id uuid references shop.customers (id),
    state shop.state not null,
    total numeric(12, 2) not null,
    labels text[],
    placed_at timestamptz not null,
    details jsonb not null,
    cancelled_at timestamptz,
    made_at timestamptz not null,
    unique (till, number)
);
create table shop.lines (
    token uuid primary key,
    order_id bigint not null references shop.orders (id),
    article text not null,
    pieces integer not null check (pieces > 0),
    price numeric(12, 2) not null
);
create table shop.articles (
    id bigint generated always as identity primary key,
    code text not null unique,
    title text not null
);
create table shop.shelves (id uuid primary key, name text not null unique);
create table shop.shelved (
    article_id bigint not null references shop.articles (id) on delete cascade,
    shelf_id uuid not null references shop.shelves (id),
    row_number integer not null,
    primary key (article_id, shelf_id)
);
create table shop.stock (place text not null, article text not null, pieces bigint not null, primary key (place, article));
