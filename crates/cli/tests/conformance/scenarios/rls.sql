-- Row level security hides nothing from the migration.

-- @on source
create table secret (id int primary key, owner_name text, x text);
alter table secret enable row level security;
alter table secret force row level security;
create policy own_rows on secret using (owner_name = current_user) with check (owner_name = current_user);
insert into secret select g, 'user ' || g % 3, 'x' from generate_series(1, 30) g;
-- @run
-- @case rows that no policy shows
-- @on source
insert into secret values (100, 'somebody', 'new');
update secret set x = 'changed' where owner_name = 'user 1';
delete from secret where owner_name = 'user 2';
-- @equal
-- @case the policy itself came along
-- @rows
select relrowsecurity, relforcerowsecurity, (select count(*) from pg_policy where polrelid = c.oid) from pg_class c where relname = 'secret'
--= t|t|1
