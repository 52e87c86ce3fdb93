select from pg_stat_reset();
