-- Publications of others, as statements.
select p.pubname::text as object,
       pg_catalog.format('CREATE PUBLICATION %I%s WITH (publish = %L%s)', p.pubname,
           case when p.puballtables then ' FOR ALL TABLES'
                else coalesce(' FOR TABLE ' || (
                    select pg_catalog.string_agg('ONLY ' || pg_catalog.format('%I.%I', n.nspname, c.relname), ', ' order by n.nspname, c.relname)
                    from pg_catalog.pg_publication_rel r
                    join pg_catalog.pg_class c on c.oid = r.prrelid
                    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                    where r.prpubid = p.oid), '') end,
           pg_catalog.concat_ws(', ', case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
               case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end),
           case when (row_as_json ->> 'pubviaroot')::pg_catalog.bool then ', publish_via_partition_root = true' else '' end) as statement
from pg_catalog.pg_publication p
cross join lateral pg_catalog.to_jsonb(p) as row_as_json
where p.pubname !~ '^transhume_'
