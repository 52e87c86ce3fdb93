select coalesce(pg_catalog.sum(w.size), 0)::bigint
from pg_catalog.pg_ls_waldir() w
