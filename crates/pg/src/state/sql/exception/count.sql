select pg_catalog.count(*) from transhume.exception
