-- Comments by the object they are on.
select d.classoid as class, d.objoid as object, d.objsubid::pg_catalog.int2 as part, d.description as text
from pg_catalog.pg_description d
where d.objoid >= 16384
