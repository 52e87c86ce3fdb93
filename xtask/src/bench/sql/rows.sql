-- Rows of all tables, and their indexes: what any way of copying must get across.
select sum((xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %s', c.oid::regclass), true, true, '')))[1]::text::bigint),
       (select count(*) from pg_index i join pg_class t on t.oid = i.indrelid
        where t.relnamespace::regnamespace::text = 'public' and i.indisvalid)
from pg_class c
where c.relkind = 'r' and c.relnamespace::regnamespace::text = 'public';
