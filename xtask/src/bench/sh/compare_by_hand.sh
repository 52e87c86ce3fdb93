# What people run by hand: one aggregate ($AGGREGATE) of each table, on both sides at once.
psql -XqAt -d "$SOURCE" -c "
    select c.oid::regclass, coalesce((
        select string_agg(quote_ident(a.attname), ', ' order by k.n)
        from pg_index i, unnest(i.indkey::int2[]) with ordinality k (attnum, n), pg_attribute a
        where i.indrelid = c.oid and i.indisprimary and a.attrelid = c.oid and a.attnum = k.attnum), 'md5(t::text)')
    from pg_class c where c.relkind = 'r' and c.relnamespace::regnamespace::text = 'public'
    order by pg_table_size(c.oid) desc" |
    xargs -d '\n' -n 1 -P "$AT_ONCE" bash -euo pipefail -c '
        table=${1%%|*} key=${1#*|}
        query="select count(*), ${AGGREGATE//KEY/$key} from $table t"
        exec 3< <(psql -XqAt -d "$SOURCE" -c "$query")
        target=$(psql -XqAt -d "$TARGET" -c "$query")
        source=$(cat <&3)
        echo "$1: $source, $target"
        [ -n "$source" ] && [ "$source" = "$target" ]' compare
