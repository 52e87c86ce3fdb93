insert into torture.accounts select n, 1000, 'account ' || n from generate_series(1, 100) as n;
insert into torture.parent select n, 'parent ' || n from generate_series(1, 30) as n;
insert into torture.child (parent_id) select 1 + n % 30 from generate_series(1, 100) as n;
insert into torture.swap select n, n from generate_series(1, 40) as n;
insert into torture.composite_key
select 'r' || n % 4, n % 10, date '2024-01-01' + n / 10, n from generate_series(1, 100) as n on conflict do nothing;
insert into torture.by_index (code, value) select 'code ' || n, 'value' from generate_series(1, 50) as n;
insert into torture.generated (id, price, amount, label) select n, n * 1.5, n, 'label' from generate_series(1, 50) as n;
insert into torture.types_all (c_null) select null from generate_series(1, 100);
update torture.types_all set c_double = 1.5, c_text_array = null where id % 3 = 0;
update torture.types_all set c_composite = null, c_int_matrix = '{}' where id % 4 = 0;
delete from torture.types_all where id % 7 = 0;
