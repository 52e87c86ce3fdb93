-- What belongs to tables ($1), and what stands by itself among $2, as core::guard::schema::SchemaObject: what it is called and,
-- without that, what it says. Touched is what $2 names and what was written no earlier than this transaction began to write.
-- Expects search_path = ''. The body of a function on the source, and a query on the target.
with own (age) as materialized (
    select pg_catalog.age(pg_catalog.mod(pg_catalog.txid_current(), 4294967296)::text::pg_catalog.xid)
), indexed as materialized (
    select i.indexrelid, i.indrelid, ic.relname, ic.relnamespace, ic.reloptions, n.nspname,
           pg_catalog.format('%I.%I', n.nspname, ic.relname) as name, ic.oid = any ($2) or pg_catalog.age(ic.xmin) <= own.age as is_touched,
           i.indisvalid and not ic.relispartition as is_told,
           case when i.indisunique then 'UNIQUE ' else '' end as uniqueness,
           -- a tree's is printed as if its partitions had none
           pg_catalog.regexp_replace(
               pg_catalog.substr(
                   pg_catalog.pg_get_indexdef(i.indexrelid),
                   pg_catalog.length(case when i.indisunique then 'CREATE UNIQUE INDEX ' else 'CREATE INDEX ' end
                                     || pg_catalog.quote_ident(ic.relname)) + 2),
               '^ON ONLY ', 'ON ') as says
    from own cross join pg_catalog.pg_index i
    join pg_catalog.pg_class ic on ic.oid = i.indexrelid
    join pg_catalog.pg_namespace n on n.oid = ic.relnamespace
    where i.indrelid = any ($1::pg_catalog.oid[])
), altered as materialized (
    select c.oid, c.relkind, c.relreplident, c.reloptions, n.nspname, pg_catalog.format('%I.%I', n.nspname, c.relname) as name,
           pg_catalog.format('alter table %I.%I ', n.nspname, c.relname) as alter_it,
           c.oid = any ($2) or exists (
               select from pg_catalog.pg_depend d
               where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = any ($2)
                 and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid = c.oid and d.deptype = 'i')
           or exists (select from pg_catalog.pg_statistic_ext s where s.stxrelid = c.oid and s.oid = any ($2))
           or exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indexrelid = any ($2)) as is_touched,
           c.relpersistence = 'u' as is_unlogged, c.relispartition
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.oid = any ($1) and c.relkind in ('r', 'p', 'v', 'm')
), altered_column as materialized (
    select c.oid, c.nspname, c.is_touched, a.attnum, a.attname, a.attidentity, a.attgenerated, a.attnotnull,
           a.attstorage, t.typstorage, coalesce((pg_catalog.to_jsonb(a) ->> 'attstattarget')::integer, -1) as target,
           coalesce(pg_catalog.to_jsonb(a) ->> 'attcompression', '') as compression, a.attoptions,
           pg_catalog.format('%salter column %I ', c.alter_it, a.attname) as alter_it,
           pg_catalog.format_type(a.atttypid, a.atttypmod) as type_name,
           case when a.attcollation <> t.typcollation then (
               select pg_catalog.format(' collate %I.%I', cn.nspname, sorting.collname)
               from pg_catalog.pg_collation sorting join pg_catalog.pg_namespace cn on cn.oid = sorting.collnamespace
               where sorting.oid = a.attcollation) end as collation
    from altered c
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attislocal
    join pg_catalog.pg_type t on t.oid = a.atttypid
    where c.relkind in ('r', 'p')
), setting (class, place, schema, name, table_oid, says, undo, is_touched) as (
    -- says that the settings below are all that there are
    select 3, 0::bigint, c.nspname, '', c.oid, '', null, c.is_touched from altered c
    union all
    select 3, 0, c.nspname, 'unlogged', c.oid, c.alter_it || 'set unlogged', c.alter_it || 'set logged', c.is_touched
    from altered c where c.is_unlogged
    union all
    select 3, i.inhseqno, c.nspname, pg_catalog.format('inherits %I.%I', pn.nspname, parent.relname), c.oid,
           pg_catalog.format('%sinherit %I.%I', c.alter_it, pn.nspname, parent.relname),
           pg_catalog.format('%sno inherit %I.%I', c.alter_it, pn.nspname, parent.relname), c.is_touched
    from altered c
    join pg_catalog.pg_inherits i on i.inhrelid = c.oid
    join pg_catalog.pg_class parent on parent.oid = i.inhparent
    join pg_catalog.pg_namespace pn on pn.oid = parent.relnamespace
    where not c.relispartition
    union all
    select 9, 0, c.nspname, 'default of ' || a.attname, c.oid,
           pg_catalog.format('alter view %s alter column %I set default %s', c.name, a.attname, pg_catalog.pg_get_expr(d.adbin, d.adrelid)),
           pg_catalog.format('alter view %s alter column %I drop default', c.name, a.attname), c.is_touched
    from altered c
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.atthasdef
    join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where c.relkind = 'v'
    union all
    select 6, o.place, i.nspname, pg_catalog.format('option %s of the index %s', o.option_name, i.relname), c.oid,
           pg_catalog.format('alter index %s set (%I = %L)', i.name, o.option_name, o.option_value),
           pg_catalog.format('alter index %s reset (%I)', i.name, o.option_name), i.is_touched
    from altered c
    join indexed i on i.indrelid = c.oid
    cross join lateral pg_catalog.pg_options_to_table(i.reloptions) with ordinality o (option_name, option_value, place)
    where o.option_name !~ '^pg_'
    union all
    select 6, 0, i.nspname, pg_catalog.format('statistics of %s of the index %s', a.attnum, i.relname), c.oid,
           pg_catalog.format('alter index %s alter column %s set statistics %s', i.name, a.attnum, target.value),
           pg_catalog.format('alter index %s alter column %s set statistics -1', i.name, a.attnum), i.is_touched
    from altered c
    join indexed i on i.indrelid = c.oid
    join pg_catalog.pg_attribute a on a.attrelid = i.indexrelid
    cross join lateral (select (pg_catalog.to_jsonb(a) ->> 'attstattarget')::integer) target (value)
    where target.value >= 0
    union all
    select 3, 0, c.nspname, 'replica identity', c.oid,
           pg_catalog.format('alter table only %s replica identity ', c.name)
           || case c.relreplident when 'f' then 'full' when 'n' then 'nothing' else 'using index ' || (
                  select pg_catalog.quote_ident(ic.relname)
                  from pg_catalog.pg_index i join pg_catalog.pg_class ic on ic.oid = i.indexrelid
                  where i.indrelid = c.oid and i.indisreplident) end,
           pg_catalog.format('alter table only %s replica identity default', c.name), c.is_touched
    from altered c where c.relreplident <> 'd' and c.relkind <> 'v'
    union all
    select 3, o.place, c.nspname, 'option ' || o.option_name, c.oid,
           pg_catalog.format('%sset (%I = %L)', c.alter_it, o.option_name, o.option_value),
           pg_catalog.format('%sreset (%I)', c.alter_it, o.option_name), c.is_touched
    from altered c, pg_catalog.pg_options_to_table(c.reloptions) with ordinality o (option_name, option_value, place)
    where c.relkind <> 'v' and o.option_name !~ '^pg_'
    union all
    select 3, 0, c.nspname, 'cluster', c.oid, pg_catalog.format('%scluster on %I', c.alter_it, ic.relname),
           c.alter_it || 'set without cluster', c.is_touched
    from altered c
    join pg_catalog.pg_index i on i.indrelid = c.oid and i.indisclustered
    join pg_catalog.pg_class ic on ic.oid = i.indexrelid
    union all
    select 3, 0, a.nspname, what.name || a.attname, a.oid, a.alter_it || what.says, a.alter_it || what.undo, a.is_touched
    from altered_column a, lateral (
        select 'storage of ', 'set storage ' || stored.word, 'set storage ' || usual.word
        from (values ('p', 'plain'), ('e', 'external'), ('m', 'main'), ('x', 'extended')) stored (letter, word),
             (values ('p', 'plain'), ('e', 'external'), ('m', 'main'), ('x', 'extended')) usual (letter, word)
        where a.attstorage <> a.typstorage and stored.letter = a.attstorage::text and usual.letter = a.typstorage::text
        union all
        select 'statistics of ', 'set statistics ' || a.target, 'set statistics -1' where a.target >= 0
        union all
        select 'compression of ', 'set compression ' || case a.compression when 'l' then 'lz4' else 'pglz' end,
               'set compression default' where a.compression <> ''
        union all
        select 'collation of ', 'type ' || a.type_name || a.collation, 'type ' || a.type_name
        where a.collation is not null and a.attgenerated = ''
        union all
        select 'option ' || o.option_name || ' of ', pg_catalog.format('set (%I = %L)', o.option_name, o.option_value),
               pg_catalog.format('reset (%I)', o.option_name)
        from pg_catalog.pg_options_to_table(a.attoptions) o
        -- a server's own
        where o.option_name !~ '^pg_') what (name, says, undo)
    union all
    select 6, 0, c.nspname, 'statistics target of ' || s.stxname, c.oid,
           pg_catalog.format('alter statistics %I.%I set statistics %s', sn.nspname, s.stxname, target.value),
           pg_catalog.format('alter statistics %I.%I set statistics -1', sn.nspname, s.stxname), c.is_touched
    from altered c
    join pg_catalog.pg_statistic_ext s on s.stxrelid = c.oid
    join pg_catalog.pg_namespace sn on sn.oid = s.stxnamespace
    cross join lateral (select (pg_catalog.to_jsonb(s) ->> 'stxstattarget')::integer) target (value)
    where target.value >= 0
), counted as materialized (
    select c.oid, n.nspname, c.relname, owner.oid as table_oid, owner.attnum, owner.is_identity,
           pg_catalog.format(
               ' start with %s increment by %s minvalue %s maxvalue %s cache %s %scycle',
               s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, case when s.seqcycle then '' else 'no ' end) as says,
           pg_catalog.format_type(s.seqtypid, null) as type_name
    from pg_catalog.pg_class c
    join pg_catalog.pg_sequence s on s.seqrelid = c.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join lateral (
        select d.refobjid, d.refobjsubid, d.deptype = 'i'
        from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid
          and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjsubid > 0
          and d.deptype in ('a', 'i')) owner (oid, attnum, is_identity) on true
    where c.relkind = 'S' and c.relpersistence <> 't' and (c.oid = any ($2) or owner.oid = any ($1))
), objects (kind, class, place, schema, name, table_oid, definition, index_says, is_checked, fires, is_touched) as (
    select 'index', 1, 0::bigint, n.nspname, i.relname, i.indrelid, i.uniqueness || 'INDEX ' || pg_catalog.quote_ident(i.relname) || ' ' || i.says,
           i.uniqueness || i.says, true, 'origin', i.is_touched
    from indexed i
    join pg_catalog.pg_namespace n on n.oid = i.relnamespace
    where i.is_told and not exists (
        select from pg_catalog.pg_constraint k where k.conrelid = i.indrelid and k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
    union all
    select case k.contype when 'f' then 'foreign-key' else 'constraint' end, 2, 0, n.nspname, k.conname, k.conrelid,
           pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid), ' NOT VALID$', ''),
           case when k.contype in ('p', 'u') then i.uniqueness || i.says end,
           k.convalidated, 'origin', k.oid = any ($2) or pg_catalog.age(k.xmin) <= own.age or coalesce(i.is_touched, false)
    from own cross join pg_catalog.pg_constraint k
    join pg_catalog.pg_class c on c.oid = k.conrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join indexed i on i.indexrelid = k.conindid and k.contype in ('p', 'u')
    where k.conrelid = any ($1) and k.contype in ('p', 'u', 'x', 'f', 'c') and k.conparentid = 0 and k.conislocal
    union all
    select 'row-security', 4, 0, n.nspname, c.relname, c.oid,
           case when c.relrowsecurity then 'enable' else 'disable' end || ' row level security, '
           || case when c.relforcerowsecurity then 'force' else 'no force' end || ' row level security',
           null, true, 'origin', pg_catalog.age(c.xmin) <= own.age
    from own cross join pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.oid = any ($1) and c.relkind in ('r', 'p')
    union all
    select 'policy', 5, 0, n.nspname, p.polname, p.polrelid,
           case when p.polpermissive then 'as permissive' else 'as restrictive' end
           || ' for ' || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end
           || ' to ' || (
               select pg_catalog.string_agg(coalesce(pg_catalog.quote_ident(r.rolname), 'public'), ', ' order by r.rolname)
               from pg_catalog.unnest(p.polroles) granted (role)
               left join pg_catalog.pg_roles r on r.oid = granted.role)
           || coalesce(' using (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')', '')
           || coalesce(' with check (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''),
           null, true, 'origin', p.oid = any ($2) or pg_catalog.age(p.xmin) <= own.age
    from own cross join pg_catalog.pg_policy p
    join pg_catalog.pg_class c on c.oid = p.polrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where p.polrelid = any ($1)
    union all
    select 'setting', s.class, s.place, s.schema, s.name, s.table_oid, s.says, s.undo, true, 'origin', s.is_touched
    from setting s
    union all
    select 'identity', 3, 0, a.nspname, a.attname, a.oid,
           pg_catalog.format(
               '%sadd generated %s as identity (sequence name %I.%I%s)', a.alter_it,
               case a.attidentity when 'a' then 'always' else 'by default' end, s.nspname, s.relname, s.says),
           a.alter_it || 'drop identity if exists', true, 'origin', a.is_touched
    from altered_column a
    join counted s on s.is_identity and s.table_oid = a.oid and s.attnum = a.attnum
    where a.attidentity <> ''
    union all
    -- behind the columns that it is computed from, before what is said of it
    select 'generated-column', 0, 0, a.nspname, a.attname, a.oid,
           a.type_name || coalesce(a.collation, '') || ' generated always as (' || pg_catalog.pg_get_expr(d.adbin, d.adrelid) || ') '
           || case a.attgenerated when 's' then 'stored' else 'virtual' end || case when a.attnotnull then ' not null' else '' end,
           null, true, 'origin', a.is_touched
    from altered_column a
    join pg_catalog.pg_attrdef d on d.adrelid = a.oid and d.adnum = a.attnum
    where a.attgenerated <> ''
    union all
    select 'statistics', 5, 0, sn.nspname, s.stxname, s.stxrelid,
           pg_catalog.substr(
               pg_catalog.pg_get_statisticsobjdef(s.oid),
               pg_catalog.length(pg_catalog.format('CREATE STATISTICS %I.%I', sn.nspname, s.stxname)) + 2),
           null, true, 'origin', s.oid = any ($2) or pg_catalog.age(s.xmin) <= own.age
    from own cross join pg_catalog.pg_statistic_ext s
    join pg_catalog.pg_namespace sn on sn.oid = s.stxnamespace
    where s.stxrelid = any ($1)
    union all
    select 'rule', 8, 0, n.nspname, r.rulename, r.ev_class,
           pg_catalog.rtrim(pg_catalog.substr(
               pg_catalog.pg_get_ruledef(r.oid),
               pg_catalog.length('CREATE RULE ' || pg_catalog.quote_ident(r.rulename)) + 2), ';'),
           null, true, fires.word, r.oid = any ($2) or pg_catalog.age(r.xmin) <= own.age
    from own cross join pg_catalog.pg_rewrite r
    join pg_catalog.pg_class c on c.oid = r.ev_class
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join (values ('O', 'origin'), ('R', 'replica'), ('A', 'always'), ('D', 'never')) fires (letter, word) on fires.letter = r.ev_enabled::text
    where r.ev_class = any ($1) and r.rulename <> '_RETURN'
    union all
    select 'schema', 0, 0, n.nspname, n.nspname, null, '', null, true, 'origin', true
    from pg_catalog.pg_namespace n
    where n.oid = any ($2) and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)'
    union all
    select 'extension', 1, 0, n.nspname, e.extname, null, 'schema ' || pg_catalog.quote_ident(n.nspname), null, true, 'origin', true
    from pg_catalog.pg_extension e
    join pg_catalog.pg_namespace n on n.oid = e.extnamespace
    where e.oid = any ($2)
    union all
    select 'sequence', 2, 0, s.nspname, s.relname, s.table_oid, 'as ' || s.type_name || s.says,
           case when s.table_oid is null then 'none' else (
               select pg_catalog.format('%I.%I.%I', n.nspname, c.relname, a.attname)
               from pg_catalog.pg_class c
               join pg_catalog.pg_namespace n on n.oid = c.relnamespace
               join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = s.attnum
               where c.oid = s.table_oid) end,
           true, 'origin', s.oid = any ($2)
    from counted s where not coalesce(s.is_identity, false)
    union all
    select 'trigger', 8, 0, n.nspname, t.tgname, t.tgrelid,
           pg_catalog.substr(
               pg_catalog.pg_get_triggerdef(t.oid),
               pg_catalog.length(case when t.tgconstraint <> 0 then 'CREATE CONSTRAINT TRIGGER ' else 'CREATE TRIGGER ' end
                                 || pg_catalog.quote_ident(t.tgname)) + 2),
           case when t.tgconstraint <> 0 then 'CONSTRAINT ' else '' end,
           true, fires.word, t.oid = any ($2) or pg_catalog.age(t.xmin) <= own.age
    from own cross join pg_catalog.pg_trigger t
    join pg_catalog.pg_class c on c.oid = t.tgrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join (values ('O', 'origin'), ('R', 'replica'), ('A', 'always'), ('D', 'never')) fires (letter, word) on fires.letter = t.tgenabled::text
    where t.tgrelid = any ($1) and not t.tgisinternal
      and coalesce(pg_catalog.to_jsonb(t) ->> 'tgparentid', '0') = '0'
    union all
    select case c.relkind when 'v' then 'view' else 'materialized-view' end, 7, 0, n.nspname, c.relname, null,
           coalesce('with (' || (
               select pg_catalog.string_agg(
                   pg_catalog.quote_ident(o.option_name) || '=' || pg_catalog.quote_literal(o.option_value), ', ' order by o.option_name)
               from pg_catalog.pg_options_to_table(c.reloptions) o) || ') ', '')
           || 'as ' || pg_catalog.rtrim(pg_catalog.pg_get_viewdef(c.oid), ';')
           || case when c.relispopulated then '' else ' with no data' end,
           null, true, 'origin', true
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.oid = any ($2) and c.relkind in ('v', 'm') and c.relpersistence <> 't'
      and not exists (
          select from pg_catalog.pg_depend d
          where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
    union all
    select 'function', 6, 0, n.nspname, p.proname, null, case when g.aggfnoid is null then pg_catalog.pg_get_functiondef(p.oid) else
               pg_catalog.format('create or replace aggregate %I.%I (%s) (sfunc = %s, stype = %s', n.nspname, p.proname,
                   case when p.pronargs = 0 then '*' else pg_catalog.pg_get_function_arguments(p.oid) end,
                   g.aggtransfn, pg_catalog.format_type(g.aggtranstype, null))
               || case when g.aggtransspace <> 0 then ', sspace = ' || g.aggtransspace else '' end
               || case when g.aggfinalfn <> 0 then ', finalfunc = ' || g.aggfinalfn::pg_catalog.regproc else '' end
               || case when g.aggfinalextra then ', finalfunc_extra' else '' end
               || case when g.aggfinalfn <> 0 then ', finalfunc_modify = ' || modify.final else '' end
               || case when g.aggcombinefn <> 0 then ', combinefunc = ' || g.aggcombinefn::pg_catalog.regproc else '' end
               || case when g.aggserialfn <> 0 then ', serialfunc = ' || g.aggserialfn::pg_catalog.regproc else '' end
               || case when g.aggdeserialfn <> 0 then ', deserialfunc = ' || g.aggdeserialfn::pg_catalog.regproc else '' end
               || case when g.aggmtransfn <> 0 then pg_catalog.format(
                      ', msfunc = %s, minvfunc = %s, mstype = %s', g.aggmtransfn, g.aggminvtransfn,
                      pg_catalog.format_type(g.aggmtranstype, null)) else '' end
               || case when g.aggmtransspace <> 0 then ', msspace = ' || g.aggmtransspace else '' end
               || case when g.aggmfinalfn <> 0 then ', mfinalfunc = ' || g.aggmfinalfn::pg_catalog.regproc else '' end
               || case when g.aggmfinalextra then ', mfinalfunc_extra' else '' end
               || case when g.aggmfinalfn <> 0 then ', mfinalfunc_modify = ' || modify.moving else '' end
               || coalesce(', initcond = ' || pg_catalog.quote_literal(g.agginitval), '')
               || coalesce(', minitcond = ' || pg_catalog.quote_literal(g.aggminitval), '')
               || case when g.aggsortop <> 0 then pg_catalog.format(', sortop = operator(%s)', (
                      select pg_catalog.format('%I.%s', opn.nspname, op.oprname)
                      from pg_catalog.pg_operator op join pg_catalog.pg_namespace opn on opn.oid = op.oprnamespace
                      where op.oid = g.aggsortop)) else '' end
               || case p.proparallel when 's' then ', parallel = safe' when 'r' then ', parallel = restricted' else '' end
               || case when g.aggkind = 'h' then ', hypothetical' else '' end || ')' end, null, true, 'origin', true
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    left join pg_catalog.pg_aggregate g on g.aggfnoid = p.oid
    left join lateral (
        select (select m.word from (values ('r', 'read_only'), ('s', 'shareable'), ('w', 'read_write')) m (letter, word) where m.letter = g.aggfinalmodify::text),
               (select m.word from (values ('r', 'read_only'), ('s', 'shareable'), ('w', 'read_write')) m (letter, word) where m.letter = g.aggmfinalmodify::text)
        from (values (1)) one) modify (final, moving) on true
    where p.oid = any ($2) and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)'
      and not exists (
          select from pg_catalog.pg_depend d
          where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e')
)
select pg_catalog.jsonb_build_object(
    'kind', o.kind, 'schema', o.schema, 'name', o.name,
    'table_oid', o.table_oid::bigint,
    'table', (
        select pg_catalog.jsonb_build_object('schema', n.nspname, 'name', c.relname)
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = o.table_oid),
    'definition', o.definition, 'index_says', o.index_says,
    'columns', case when o.kind in ('view', 'materialized-view') then (
        select pg_catalog.jsonb_agg(a.attname order by a.attnum)
        from pg_catalog.pg_attribute a
        where a.attrelid = pg_catalog.to_regclass(pg_catalog.format('%I.%I', o.schema, o.name)) and a.attnum > 0)
    when o.kind = 'sequence' then (
        select pg_catalog.jsonb_build_array(n.nspname, c.relname, a.attname)
        from counted s
        join pg_catalog.pg_class c on c.oid = s.table_oid
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = s.attnum
        where s.nspname = o.schema and s.relname = o.name) end,
    'is_checked', o.is_checked, 'fires', o.fires, 'is_touched', o.is_touched) as described
from objects o
order by o.class, o.place, o.name
