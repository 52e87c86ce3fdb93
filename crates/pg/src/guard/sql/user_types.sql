-- Enums, composites, domains and ranges of users as core::guard::user_types::UserType; those of extensions change with the extension,
-- those of tables with the table. Expects search_path = ''.
select pg_catalog.jsonb_build_object(
    'oid', t.oid::bigint,
    'name', pg_catalog.jsonb_build_object('schema', n.nspname, 'name', t.typname),
    'definition', case t.typtype
        when 'e' then pg_catalog.jsonb_build_object('enum', coalesce((
            select pg_catalog.jsonb_agg(
                pg_catalog.jsonb_build_object('oid', e.oid::bigint, 'label', e.enumlabel) order by e.enumsortorder)
            from pg_catalog.pg_enum e where e.enumtypid = t.oid), '[]'))
        when 'c' then pg_catalog.jsonb_build_object('composite', coalesce((
            select pg_catalog.jsonb_agg(
                pg_catalog.jsonb_build_object(
                    'number', a.attnum, 'name', a.attname,
                    'type_name', pg_catalog.format_type(a.atttypid, a.atttypmod)) order by a.attnum)
            from pg_catalog.pg_attribute a
            where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped), '[]'))
        when 'r' then pg_catalog.jsonb_build_object('range', (
            select 'subtype = ' || pg_catalog.format_type(r.rngsubtype, null)
                   || case when not opc.opcdefault then pg_catalog.format(', subtype_opclass = %I.%I', opn.nspname, opc.opcname) else '' end
                   || case when r.rngcollation <> sub.typcollation then (
                          select pg_catalog.format(', collation = %I.%I', cn.nspname, c.collname)
                          from pg_catalog.pg_collation c join pg_catalog.pg_namespace cn on cn.oid = c.collnamespace
                          where c.oid = r.rngcollation) else '' end
                   || case when r.rngsubdiff::pg_catalog.oid <> 0 then ', subtype_diff = ' || r.rngsubdiff else '' end
                   || coalesce((
                          select pg_catalog.format(', multirange_type_name = %I.%I', mn.nspname, m.typname)
                          from pg_catalog.pg_type m join pg_catalog.pg_namespace mn on mn.oid = m.typnamespace
                          where m.oid = (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::pg_catalog.oid), '')
            from pg_catalog.pg_range r
            join pg_catalog.pg_type sub on sub.oid = r.rngsubtype
            join pg_catalog.pg_opclass opc on opc.oid = r.rngsubopc
            join pg_catalog.pg_namespace opn on opn.oid = opc.opcnamespace
            where r.rngtypid = t.oid))
        else pg_catalog.jsonb_build_object('domain', pg_catalog.jsonb_build_object(
            'base', pg_catalog.format_type(t.typbasetype, t.typtypmod) || coalesce((
                select ' collate ' || pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(c.collname)
                from pg_catalog.pg_type base
                join pg_catalog.pg_collation c on c.oid = t.typcollation and t.typcollation <> base.typcollation
                join pg_catalog.pg_namespace cn on cn.oid = c.collnamespace
                where base.oid = t.typbasetype), ''),
            'not_null', t.typnotnull,
            'default', t.typdefault,
            'constraints', coalesce((
                select pg_catalog.jsonb_agg(
                    pg_catalog.jsonb_build_object(
                        'name', k.conname, 'definition', pg_catalog.pg_get_constraintdef(k.oid)) order by k.conname)
                from pg_catalog.pg_constraint k where k.contypid = t.oid and k.contype = 'c'), '[]')))
        end) as described
from pg_catalog.pg_type t
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
left join pg_catalog.pg_class c on c.oid = t.typrelid
where t.typtype in ('e', 'c', 'd', 'r')
  -- a canonical function needs the type before itself
  and not exists (select from pg_catalog.pg_range r where r.rngtypid = t.oid and r.rngcanonical::pg_catalog.oid <> 0)
  and (t.typtype <> 'c' or c.relkind = 'c')
  and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
  and not exists (
      select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and d.objid = t.oid and d.deptype = 'e')
  -- a composite's membership of an extension is written down with its relation
  and not exists (
      select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = t.typrelid and t.typrelid <> 0
        and d.deptype = 'e')
order by n.nspname, t.typname
