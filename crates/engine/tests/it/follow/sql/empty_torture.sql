-- Both sides begin with the same, empty tables; a regclass column would send all its table's changes one by one.
alter table torture.types_all drop column c_regclass;
do $$
declare
    t record;
begin
    for t in select c.oid::pg_catalog.regclass as name
             from pg_catalog.pg_class c
             where c.relnamespace = 'torture'::pg_catalog.regnamespace and c.relkind in ('r', 'p')
    loop
        execute pg_catalog.format('truncate table %s cascade', t.name);
    end loop;
end
$$
