-- Publications of others, as statements; from version 15 on with columns, row filters and schemas.
select p.pubname::text as object,
       pg_catalog.format('CREATE PUBLICATION %I%s WITH (publish = %L%s)', p.pubname,
           case when p.puballtables then ' FOR ALL TABLES' else coalesce(' FOR ' || (
               select pg_catalog.string_agg(part.text, ', ' order by part.text)
               from (
                   select pg_catalog.format('TABLE ONLY %I.%I%s%s', n.nspname, c.relname,
                              (select ' (' || pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by a.attnum) || ')'
                               from pg_catalog.pg_attribute a
                               where a.attrelid = r.prrelid and a.attnum = any (r.prattrs)),
                              ' WHERE (' || pg_catalog.pg_get_expr(r.prqual, r.prrelid) || ')') as text
                   from pg_catalog.pg_publication_rel r
                   join pg_catalog.pg_class c on c.oid = r.prrelid
                   join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                   where r.prpubid = p.oid
                   union all
                   select pg_catalog.format('TABLES IN SCHEMA %I', n.nspname)
                   from pg_catalog.pg_publication_namespace s
                   join pg_catalog.pg_namespace n on n.oid = s.pnnspid
                   where s.pnpubid = p.oid
               ) part), '') end,
           pg_catalog.concat_ws(', ', case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
               case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end),
           case when p.pubviaroot then ', publish_via_partition_root = true' else '' end) as statement
from pg_catalog.pg_publication p
where p.pubname !~ '^transhume_'
