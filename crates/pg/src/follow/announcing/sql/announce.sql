-- Statements announce what they leave behind: a logical message within their own transaction, at their place in the stream.
-- The digest says that the message is from here (the key), and of this transaction. What cannot be told is not told: the
-- statement itself must not fail because of it.
insert into transhume_00000000_ddl.key
select pg_catalog.replace(pg_catalog.gen_random_uuid()::text || pg_catalog.gen_random_uuid()::text, '-', '');
-- What things are called is remembered here by their identity, so that a rename can be told as one; and what a grant or another
-- owner alters of them, since neither says what it was about.
create table transhume_00000000_ddl.named (
    class pg_catalog.oid, object pg_catalog.oid, kind text, names text[], arguments text[], is_by_name boolean, access text,
    primary key (class, object));
revoke all on table transhume_00000000_ddl.named from public;
insert into transhume_00000000_ddl.named select n.* from transhume_00000000_ddl.names(null) n;
create function transhume_00000000_ddl.announce() returns event_trigger
    language plpgsql security definer set search_path = '' as $function$
declare
    tables pg_catalog.oid[];
    detached pg_catalog.oid[];
    types pg_catalog.oid[];
    gone pg_catalog.oid[];
    -- Those that have or are what was made, altered or renamed, and what that is.
    owners pg_catalog.oid[];
    objects pg_catalog.oid[];
    granted pg_catalog.oid[];
    renamed pg_catalog.jsonb;
    access pg_catalog.jsonb;
    gone_objects pg_catalog.jsonb;
    comments pg_catalog.jsonb;
    facts pg_catalog.jsonb;
    content text;
    secret text;
begin
    -- What this program alters itself is nobody else's to follow.
    if pg_catalog.current_setting('application_name') like 'transhume:00000000:%' then
        return;
    end if;
    if tg_event = 'sql_drop' then
        select pg_catalog.array_agg(d.objid) into gone
        from pg_catalog.pg_event_trigger_dropped_objects() d
        where d.object_type = 'table' and d.objsubid = 0 and not d.is_temporary;
        select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'kind', d.object_type, 'names', d.address_names, 'arguments', d.address_args)) into gone_objects
        from pg_catalog.pg_event_trigger_dropped_objects() d
        where (d.original or d.normal) and not d.is_temporary
          and d.object_type in (
              'table', 'index', 'table constraint', 'trigger', 'policy', 'view', 'materialized view', 'function', 'procedure',
              'table column', 'rule', 'statistics object', 'sequence', 'type', 'schema', 'extension', 'aggregate');
        delete from transhume_00000000_ddl.named n using pg_catalog.pg_event_trigger_dropped_objects() d
        where n.class = d.classid and n.object = d.objid and d.objsubid = 0;
        -- Tables that lost a column because something else was dropped.
        select pg_catalog.array_agg(distinct c.oid) into tables
        from pg_catalog.pg_event_trigger_dropped_objects() d
        join pg_catalog.pg_namespace n on n.nspname = d.address_names[1]
        join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = d.address_names[2]
        where d.object_type = 'table column' and not d.original and not d.is_temporary;
    else
        select pg_catalog.array_agg(distinct d.objid) filter (where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass),
               pg_catalog.array_agg(distinct d.objid) filter (where d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass)
            into tables, types
        from pg_catalog.pg_event_trigger_ddl_commands() d
        where d.schema_name is distinct from 'pg_temp' and not d.in_extension
          and d.command_tag !~ '^(COMMENT|GRANT|REVOKE|SECURITY)';
        -- A composite is altered as a relation, a domain's constraint by itself.
        select nullif(types || coalesce(pg_catalog.array_agg(altered.it), '{}'), '{}') into types
        from (
            select c.reltype from pg_catalog.pg_class c where c.oid = any (tables) and c.relkind = 'c'
            union select k.contypid
            from pg_catalog.pg_event_trigger_ddl_commands() d join pg_catalog.pg_constraint k on k.oid = d.objid
            where d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass and k.contypid <> 0 and not d.in_extension) altered (it);
        -- A partition that was detached is named by nobody.
        if exists (select from pg_catalog.pg_class c where c.oid = any (tables) and c.relkind = 'p') then
            select coalesce(pg_catalog.array_agg(c.oid), '{}') into detached
            from pg_catalog.pg_class c
            where c.relkind in ('r', 'p') and c.relpersistence <> 't' and not c.oid = any (tables)
              and pg_catalog.age(c.xmin) <= pg_catalog.age(
                  pg_catalog.mod(pg_catalog.txid_current(), 4294967296)::text::pg_catalog.xid);
            tables := tables || detached;
        end if;
        -- All that is in a schema has another name once that has.
        select tables || coalesce(pg_catalog.array_agg(c.oid), '{}') into tables
        from pg_catalog.pg_event_trigger_ddl_commands() d
        join pg_catalog.pg_class c on c.relnamespace = d.objid and c.relkind in ('r', 'p')
        where d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and d.command_tag = 'ALTER SCHEMA';
        select pg_catalog.array_agg(distinct d.objid) into objects
        from pg_catalog.pg_event_trigger_ddl_commands() d
        where d.schema_name is distinct from 'pg_temp' and not d.in_extension
          and d.command_tag !~ '^(COMMENT|GRANT|REVOKE|SECURITY)'
          and d.classid in (
              'pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_constraint'::pg_catalog.regclass,
              'pg_catalog.pg_trigger'::pg_catalog.regclass, 'pg_catalog.pg_policy'::pg_catalog.regclass,
              'pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_namespace'::pg_catalog.regclass,
              'pg_catalog.pg_rewrite'::pg_catalog.regclass, 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass,
              'pg_catalog.pg_extension'::pg_catalog.regclass);
        -- Detached concurrently it got a constraint in a transaction before this.
        objects := objects || (
            select coalesce(pg_catalog.array_agg(k.oid), '{}') from pg_catalog.pg_constraint k
            where k.conrelid = any (detached) and k.contype = 'c');
        select pg_catalog.array_agg(has.it) into owners
        from (
            select c.oid from pg_catalog.pg_class c where c.oid = any (objects) and c.relkind in ('r', 'p', 'v', 'm')
            -- its column's identity is altered as a sequence
            union select d.refobjid from pg_catalog.pg_depend d
            where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = any (objects)
              and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjsubid > 0 and d.deptype = 'i'
            union select r.ev_class from pg_catalog.pg_rewrite r where r.oid = any (objects) and r.rulename <> '_RETURN'
            union select s.stxrelid from pg_catalog.pg_statistic_ext s where s.oid = any (objects)
            union select i.indrelid from pg_catalog.pg_index i where i.indexrelid = any (objects)
            union select k.conrelid from pg_catalog.pg_constraint k where k.oid = any (objects)
            union select t.tgrelid from pg_catalog.pg_trigger t where t.oid = any (objects)
            union select p.polrelid from pg_catalog.pg_policy p where p.oid = any (objects)) has (it)
        where has.it <> 0;
        -- Grants do not say on what.
        if tg_tag in ('REASSIGN OWNED', 'DROP OWNED') or exists (
            select from pg_catalog.pg_event_trigger_ddl_commands() d where d.command_tag in ('GRANT', 'REVOKE')) then
            select pg_catalog.array_agg(written.oid) into granted
            from (select pg_catalog.age(pg_catalog.mod(pg_catalog.txid_current(), 4294967296)::text::pg_catalog.xid)) own (age),
            lateral (
                select c.oid from pg_catalog.pg_class c
                where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.relpersistence <> 't' and pg_catalog.age(c.xmin) <= own.age
                union all select a.attrelid from pg_catalog.pg_attribute a
                where a.attnum > 0 and pg_catalog.age(a.xmin) <= own.age
                union all select p.oid from pg_catalog.pg_proc p where pg_catalog.age(p.xmin) <= own.age
                union all select t.oid from pg_catalog.pg_type t where pg_catalog.age(t.xmin) <= own.age
                union all select n.oid from pg_catalog.pg_namespace n where pg_catalog.age(n.xmin) <= own.age) written (oid);
        end if;
        granted := coalesce(objects || types, objects, types, '{}') || coalesce(granted, '{}');
        select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                   'kind', now.kind, 'names', known.names, 'arguments', now.arguments, 'after', now.names))
                   filter (where now.is_by_name and known.names <> now.names),
               pg_catalog.jsonb_agg(now.told) filter (where known.access is distinct from now.access)
            into renamed, access
        from (
            select n.*, a.described as told
            from transhume_00000000_ddl.names(granted) n
            left join transhume_00000000_ddl.access(granted) a using (class, object)) now
        left join transhume_00000000_ddl.named known using (class, object);
        insert into transhume_00000000_ddl.named as known
        select now.* from transhume_00000000_ddl.names(
            case when exists (
                select from pg_catalog.pg_event_trigger_ddl_commands() d
                where d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and d.command_tag = 'ALTER SCHEMA')
            then null else granted end) now
        on conflict (class, object) do update
        set names = excluded.names, arguments = excluded.arguments, is_by_name = excluded.is_by_name, access = excluded.access
        where known.names <> excluded.names or known.arguments <> excluded.arguments or known.access <> excluded.access;
        select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'kind', a.type, 'names', a.object_names, 'arguments', a.object_args,
            'text', (select c.description from pg_catalog.pg_description c
                     where c.classoid = d.classid and c.objoid = d.objid and c.objsubid = d.objsubid))) into comments
        from pg_catalog.pg_event_trigger_ddl_commands() d,
             pg_catalog.pg_identify_object_as_address(d.classid, d.objid, d.objsubid) a
        where d.schema_name is distinct from 'pg_temp' and d.command_tag = 'COMMENT' and d.classid <> 0 and not d.in_extension;
    end if;
    facts := pg_catalog.jsonb_build_object(
        'tables', coalesce((
            select pg_catalog.jsonb_agg(f.described) from transhume_00000000_ddl.facts(tables, 'transhume_00000000') f), '[]'),
        'types', coalesce((
            select pg_catalog.jsonb_agg(u.described) from transhume_00000000_ddl.user_types() u
            where (u.described ->> 'oid')::pg_catalog.oid = any (types)), '[]'),
        'objects', coalesce((
            select pg_catalog.jsonb_agg(o.described) from transhume_00000000_ddl.objects(owners, objects) o), '[]'),
        'gone', coalesce(pg_catalog.to_jsonb(gone::bigint[]), '[]'),
        'renamed', coalesce(renamed, '[]'),
        'access', coalesce(access, '[]'),
        'gone_objects', coalesce(gone_objects, '[]'),
        'comments', coalesce(comments, '[]'));
    if not exists (select from pg_catalog.jsonb_each(facts) told where told.value <> '[]') then
        return;
    end if;
    select k.key into secret from transhume_00000000_ddl.key k;
    content := (facts || pg_catalog.jsonb_build_object(
        'xid', pg_catalog.mod(pg_catalog.txid_current(), 4294967296)))::text;
    perform pg_catalog.pg_logical_emit_message(true, 'transhume.ddl', pg_catalog.convert_to(
        pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
            secret || pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(secret || content, 'UTF8')), 'hex'), 'UTF8')), 'hex')
        || content, 'UTF8'));
    -- A message is decoded as if it stood at its end, which is where the next record begins. This block is a subtransaction, and
    -- of two changes of different ones at one place either may come first: so nothing else may begin there.
    perform pg_catalog.pg_logical_emit_message(true, 'transhume.ddl', '');
exception when others then
    raise log 'transhume: a statement could not be announced: %', sqlerrm;
    perform pg_catalog.pg_logical_emit_message(true, 'transhume.ddl', 'untold');
    perform pg_catalog.pg_logical_emit_message(true, 'transhume.ddl', '');
end
$function$;
