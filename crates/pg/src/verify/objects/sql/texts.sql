-- What is printed from a parse tree, of these objects ($1, $2: catalog and OID side by side): views, rules, functions in
-- standard SQL. Printing one locks every relation that it reads until the transaction ends: call it with few at a time.
select w.class,
       w.object,
       case
           when w.class = 'pg_catalog.pg_class'::pg_catalog.regclass then pg_catalog.pg_get_viewdef(w.object)
           when w.class = 'pg_catalog.pg_rewrite'::pg_catalog.regclass then pg_catalog.pg_get_ruledef(w.object)
           else pg_catalog.pg_get_functiondef(w.object)
       end as text
from rows from (pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.oid[])) as w(class, object)
