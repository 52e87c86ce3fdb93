-- A schema of this program's on the source; the key is nobody else's to read, and every function finds only what it names.
create schema transhume_00000000_ddl;
revoke all on schema transhume_00000000_ddl from public;
create table transhume_00000000_ddl.key (key text not null);
revoke all on table transhume_00000000_ddl.key from public;
