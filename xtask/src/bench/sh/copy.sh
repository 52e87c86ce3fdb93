# The least that copying the tables and building the rest takes, with no snapshot shared and nothing remembered.
pg_dump -Fc -Z0 -s -f schema -d "$SOURCE"
pg_restore --section=pre-data -d "$TARGET" schema
psql -XqAt -d "$SOURCE" -c "
    select c.oid::regclass, (select string_agg(quote_ident(attname), ',' order by attnum) from pg_attribute
           where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = '')
    from pg_class c where c.relkind = 'r' and c.relnamespace::regnamespace::text = 'public'
    order by pg_table_size(c.oid) desc" |
    xargs -d '\n' -n 1 -P "$AT_ONCE" bash -euo pipefail -c '
        table=${1%%|*} columns=${1#*|}
        psql -Xq -d "$SOURCE" -c "copy $table ($columns) to stdout" |
            psql -Xq -d "$TARGET" -c "copy $table ($columns) from stdin"' copy
pg_restore --section=post-data -j "$AT_ONCE" -d "$TARGET" schema
