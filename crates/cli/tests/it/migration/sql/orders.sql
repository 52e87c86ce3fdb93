-- Keys that the two servers sort in all kinds of ways, and other indexes that find rows. Statistics tell how values are spread.
create collation blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create table by_byte (name text collate "C" primary key, note text);
create table by_default (name text primary key, note text);
create table by_language (name text collate "en-x-icu" primary key, note text);
create table case_blind (name text collate blind primary key, note text);
create table padded (name char(30) collate "en-x-icu" primary key, note text);
create table hashed (name bytea primary key, note text);
create table by_tenant (tenant int, name varchar collate "en-x-icu", note text, primary key (tenant, name));
create table hostile (name text collate "en-x-icu" primary key, note text);
create table document (name jsonb primary key, note text, at timestamptz);
create table keyless (name text, note text, at timestamptz);
create table crowded (name text, note text, at timestamptz);

insert into by_byte select 'customer-' || md5(g::text), g from generate_series(1, 12000) g;
insert into by_default select * from by_byte;
insert into by_language select * from by_byte;
insert into case_blind select * from by_byte;
insert into padded select right(name, 20 + length(note)), note from by_byte;
insert into hashed select sha256(name::bytea), note from by_byte;
insert into by_tenant select note::int % 5, name, note from by_byte;
-- Capitals, accents, quotes, backslashes and line breaks, which every order puts elsewhere.
insert into hostile
    select case g % 8 when 0 then 'É' when 1 then 'it''s ' when 2 then E'new\nline ' when 3 then '\back' when 4 then 'Zoë-'
                      when 5 then 'zoe_' when 6 then '"Abc"' else '' end || translate(md5(g::text), 'abc', 'XéZ'), g
    from generate_series(1, 12000) g;
insert into hostile values ('', 'empty');
insert into document select to_jsonb(name), note, '2026-01-01'::timestamptz + note::int * interval '1 minute' from by_byte;
create index on document (at);
insert into keyless select name, note, '2026-01-01'::timestamptz + note::int * interval '1 minute' from by_byte;
insert into keyless select * from keyless limit 5;
create index on keyless (at);
insert into crowded select name, note, case when note::int % 3 > 0 then '2026-01-01'::timestamptz end from by_byte;
create index on crowded (at);
analyze;
