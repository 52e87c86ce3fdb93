-- Statements announce what they leave behind: a logical message within their own transaction, at their place in the stream.
-- The digest says that the message is from here (the key), and of this transaction. What cannot be told is not told: the
-- statement itself must not fail because of it.
insert into transhume_00000000_ddl.key
select pg_catalog.replace(pg_catalog.gen_random_uuid()::text || pg_catalog.gen_random_uuid()::text, '-', '');
create function transhume_00000000_ddl.announce() returns event_trigger
    language plpgsql security definer set search_path = '' as $function$
declare
    tables pg_catalog.oid[];
    types pg_catalog.oid[];
    gone pg_catalog.oid[];
    -- Those that have or are what was made, altered or renamed, and what that is.
    owners pg_catalog.oid[];
    objects pg_catalog.oid[];
    gone_objects pg_catalog.jsonb;
    comments pg_catalog.jsonb;
    facts pg_catalog.jsonb;
    content text;
    secret text;
begin
    if tg_event = 'sql_drop' then
        select pg_catalog.array_agg(d.objid) into gone
        from pg_catalog.pg_event_trigger_dropped_objects() d
        where d.object_type = 'table' and d.objsubid = 0 and not d.is_temporary;
        select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'kind', d.object_type, 'names', d.address_names, 'arguments', d.address_args)) into gone_objects
        from pg_catalog.pg_event_trigger_dropped_objects() d
        where (d.original or d.normal) and not d.is_temporary
          and d.object_type in ('table', 'index', 'table constraint', 'trigger', 'policy', 'view', 'materialized view', 'function', 'procedure');
    else
        select pg_catalog.array_agg(distinct d.objid) filter (where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass),
               pg_catalog.array_agg(distinct d.objid) filter (where d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass)
            into tables, types
        from pg_catalog.pg_event_trigger_ddl_commands() d
        where d.schema_name is distinct from 'pg_temp' and d.command_tag !~ '^(COMMENT|GRANT|REVOKE|SECURITY)';
        -- A composite is altered as a relation.
        select nullif(types || coalesce(pg_catalog.array_agg(c.reltype), '{}'), '{}') into types
        from pg_catalog.pg_class c where c.oid = any (tables) and c.relkind = 'c';
        select pg_catalog.array_agg(distinct d.objid) into objects
        from pg_catalog.pg_event_trigger_ddl_commands() d
        where d.schema_name is distinct from 'pg_temp' and d.command_tag !~ '^(COMMENT|GRANT|REVOKE|SECURITY)'
          and d.classid in (
              'pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_constraint'::pg_catalog.regclass,
              'pg_catalog.pg_trigger'::pg_catalog.regclass, 'pg_catalog.pg_policy'::pg_catalog.regclass,
              'pg_catalog.pg_proc'::pg_catalog.regclass);
        select pg_catalog.array_agg(has.it) into owners
        from (
            select c.oid from pg_catalog.pg_class c where c.oid = any (objects) and c.relkind in ('r', 'p')
            union select i.indrelid from pg_catalog.pg_index i where i.indexrelid = any (objects)
            union select k.conrelid from pg_catalog.pg_constraint k where k.oid = any (objects)
            union select t.tgrelid from pg_catalog.pg_trigger t where t.oid = any (objects)
            union select p.polrelid from pg_catalog.pg_policy p where p.oid = any (objects)) has (it)
        where has.it <> 0;
        select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'kind', a.type, 'names', a.object_names, 'arguments', a.object_args,
            'text', (select c.description from pg_catalog.pg_description c
                     where c.classoid = d.classid and c.objoid = d.objid and c.objsubid = d.objsubid))) into comments
        from pg_catalog.pg_event_trigger_ddl_commands() d,
             pg_catalog.pg_identify_object_as_address(d.classid, d.objid, d.objsubid) a
        where d.schema_name is distinct from 'pg_temp' and d.command_tag = 'COMMENT' and d.classid <> 0;
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
