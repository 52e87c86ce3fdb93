-- The first archive with the plans of load and builds, before any row was copied.
delete from transhume.build;
-- By this line build work counts as planned.
delete from transhume.history where step = 'builds planned';
delete from transhume.large_object_part;
delete from transhume.part;
delete from transhume.partition;
delete from transhume.relation;
delete from transhume.snapshot;
delete from transhume.archive where number = 0;
