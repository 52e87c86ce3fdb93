-- One object of every kind that the catalog queries tell apart.
create schema shop;
create role shop_owner;
create role shop_clerk;
create type shop.colour as enum ('red', 'green');

create table shop.keyed (
    id     bigserial primary key,
    gone   integer,
    name   varchar(20) collate "C" not null,
    colour shop.colour,
    total  numeric(10, 2) generated always as (1.5) stored
);
alter table shop.keyed drop column gone;
alter table shop.keyed enable row level security;
insert into shop.keyed (id, name) values (1, 'one');
alter table shop.keyed owner to shop_owner;
grant select on shop.keyed to shop_clerk;

-- The index names its columns in another order than the table, and carries one that is no part of the key.
create table shop.by_index (
    number integer generated always as identity,
    region text not null,
    code   text not null,
    extra  text not null
);
create unique index by_index_code on shop.by_index (code, region) include (extra);
alter table shop.by_index replica identity using index by_index_code;

create table shop.keyless (a integer);
create table shop.whole (a integer, b integer generated always as (a * 2) stored);
alter table shop.whole replica identity full;
create table shop.deferred (id integer primary key deferrable);
create table shop.columnless ();
create unlogged table shop.scratch (x integer);
create table shop."we""ird
" ("i""d" integer primary key);

create table shop.root (id integer, day date, colours shop.colour[], primary key (id, day)) partition by range (day);
create table shop.leaf partition of shop.root for values from ('2024-01-01') to ('2025-01-01');
create table shop.hashed (colour shop.colour, id integer) partition by hash (colour);
create table shop.hashed_leaf partition of shop.hashed for values with (modulus 1, remainder 0);
create table shop.evenly (id integer) partition by hash (id);

create table shop.ancestor (id integer);
create table shop.heir () inherits (shop.ancestor);

create type shop.pair as (kind regclass, number integer);
create domain shop.type_name as regtype;
create table shop.naming (
    direct  regclass,
    listed  regproc[],
    inside  shop.pair,
    renamed shop.type_name,
    plain   oid
);

create function shop.nothing() returns trigger language plpgsql as 'begin return null; end';
create trigger ordinary after insert on shop.keyless for each row execute function shop.nothing();
create trigger always after insert on shop.keyless for each row execute function shop.nothing();
create trigger replica after insert on shop.keyless for each row execute function shop.nothing();
alter table shop.keyless enable always trigger always;
alter table shop.keyless enable replica trigger replica;

create materialized view shop.totals as select count(*) as keys from shop.keyed;
create view shop.shown as select keys from shop.totals;
create materialized view shop.above as select keys from shop.shown;
create materialized view shop.a_top as select keys from shop.above with no data;

create sequence shop.never start 7;
create sequence shop.half;
select setval('shop.half', 42, false);
create sequence shop.called;
select nextval('shop.called');
create sequence shop.down increment -2 minvalue -100 maxvalue -2 cycle;

select lo_create(4242);

create function shop.noticed() returns event_trigger language plpgsql as 'begin end';
create event trigger noticed on ddl_command_end execute function shop.noticed();
