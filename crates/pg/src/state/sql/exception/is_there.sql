select pg_catalog.to_regclass('transhume.exception') is not null
