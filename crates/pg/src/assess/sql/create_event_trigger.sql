create schema transhume_probe;
create function transhume_probe.nothing() returns event_trigger language plpgsql as 'begin end';
create event trigger transhume_probe on ddl_command_end execute function transhume_probe.nothing();
