-- What calls the function, whichever of the two it is.
create event trigger transhume_00000000_ddl_end on ddl_command_end
    execute function transhume_00000000_ddl.announce();
create event trigger transhume_00000000_ddl_drop on sql_drop
    execute function transhume_00000000_ddl.announce();
-- For every session, also for one that says that it replicates.
alter event trigger transhume_00000000_ddl_end enable always;
alter event trigger transhume_00000000_ddl_drop enable always;
