select pg_catalog.to_regnamespace('transhume') is not null as has_state
