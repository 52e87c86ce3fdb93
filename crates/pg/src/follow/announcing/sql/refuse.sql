-- Statements that would alter the schema fail, but for this program's own and for what is in no schema that is moved.
create function transhume_00000000_ddl.refuse() returns event_trigger
    language plpgsql set search_path = '' as $function$
declare
    what text;
begin
    if pg_catalog.current_setting('application_name') like 'transhume:00000000:%' then
        return;
    end if;
    if tg_event = 'sql_drop' then
        select d.object_type || ' ' || d.object_identity into what
        from pg_catalog.pg_event_trigger_dropped_objects() d
        where d.original and not d.is_temporary limit 1;
    else
        select d.object_type || ' ' || coalesce(d.object_identity, '') into what
        from pg_catalog.pg_event_trigger_ddl_commands() d
        where d.schema_name is distinct from 'pg_temp'
          and d.command_tag !~ '^(COMMENT|GRANT|REVOKE|SECURITY LABEL|REINDEX|REFRESH MATERIALIZED VIEW)' limit 1;
    end if;
    if what is not null then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = pg_catalog.format('%s of %s is refused while this database is being moved', tg_tag, what),
            detail = 'The migration 00000000 of transhume follows this database with follow.schema_changes = "refuse".',
            hint = 'It is refused until "transhume finish" or "transhume abort"; to allow it before, run with another value of that setting.';
    end if;
end
$function$;
