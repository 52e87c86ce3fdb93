insert into transhume.large_object_part (oids) values ($1::oid[])
