# The usual switch by hand, from a subscription that follows: stop the application, wait, sequences, switch it over. Clients
# of PgBouncer are held by it; others find the database read-only and their sessions ended.
if [ -n "$CONSOLE" ]
then psql -Xq -v ON_ERROR_STOP=1 -d "$CONSOLE" -c "pause app" >&2
else psql -Xq -v ON_ERROR_STOP=1 -d "$SOURCE" -c "alter database app set default_transaction_read_only = on" -c "
    select count(pg_terminate_backend(pid)) from pg_stat_activity
    where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()" >&2
fi
end=$(psql -XqAt -v ON_ERROR_STOP=1 -d "$SOURCE" -c "select pg_current_wal_insert_lsn()")
until [ "$(psql -XqAt -d "$SOURCE" -c "
    select coalesce(bool_and(confirmed_flush_lsn >= '$end'), false) from pg_replication_slots where slot_name = 'bench'")" = t ]
do :; done
psql -XqAt -v ON_ERROR_STOP=1 -d "$SOURCE" -c "
    select format('select setval(%L, %s);', format('%I.%I', schemaname, sequencename),
                  coalesce(last_value, start_value) + 32 * increment_by)
    from pg_sequences" | psql -Xq -v ON_ERROR_STOP=1 -d "$TARGET" >&2
psql -Xq -v ON_ERROR_STOP=1 -d "$TARGET" -c "alter subscription bench disable" >&2
if [ -n "$CONSOLE" ]
then
    sed -i "s/port=$SOURCE_PORT/port=$TARGET_PORT/" "$FILE"
    psql -Xq -v ON_ERROR_STOP=1 -d "$CONSOLE" -c reload -c "resume app" >&2
fi
