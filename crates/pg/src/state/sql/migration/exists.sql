select pg_catalog.to_regclass('transhume.migration') is not null
