-- Keys that are equal in other letters: by citext, and by a collation that is not deterministic where the server has ICU.

-- @on source
create extension citext;
create table folded (k citext primary key, n int);
insert into folded values ('Alpha', 1), ('Beta', 2);
create collation folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create table word (k text collate folding primary key, n int);
insert into word values ('Straße', 1), ('Ähre', 2);
create table word_full (k text collate folding, n int);
alter table word_full replica identity full;
-- @run
-- @case the letters of a key change and the key does not
-- @on source
update folded set k = 'ALPHA' where k = 'alpha';
update folded set n = 20 where k = 'bETA';
update word set k = 'STRAßE', n = 10 where k = 'straße';
update word set n = 20 where k = 'ähre';
-- @equal
-- @rows
select k, n from word order by n
--= STRAßE|10
--= Ähre|20
-- @case within a transaction
-- @on source
begin;
update word set k = 'äHRE' where k = 'Ähre';
update word set n = 21 where k = 'ÄHRE';
delete from word where k = 'STRASSE' or n = 10;
insert into word values ('straße', 11);
commit;
begin;
insert into folded values ('Gamma', 1);
update folded set k = 'GAMMA' where k = 'gamma';
delete from folded where k = 'gAmMa';
insert into folded values ('gamma', 3);
commit;
-- @equal
-- @case the whole row, equal by the collation, is not the same row
-- @on source
insert into word_full values ('a', 1), ('A', 1), ('a', 1);
update word_full set n = 2 where ctid = (select ctid from word_full where k::text collate "C" = 'A');
delete from word_full where ctid = (select max(ctid) from word_full where n = 1);
-- @equal
-- @rows
select k collate "C", n from word_full order by n
--= a|1
--= A|2
