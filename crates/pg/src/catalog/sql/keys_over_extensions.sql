-- Keys whose index takes an operator class of an extension, with that extension: a dump says of such a key that it needs
-- its table alone.
select k.oid as key, member.refobjid as extension
from pg_catalog.pg_constraint k
join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = k.conindid
join pg_catalog.pg_depend member
    on member.classid = d.refclassid and member.objid = d.refobjid and member.deptype = 'e'
    and member.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
where k.contype in ('p', 'u', 'x')
