# The built-in subscription, from its start to the last row of the backlog.
psql -Xq -v ON_ERROR_STOP=1 -d "$TARGET" -c "alter subscription bench enable"
psql -Xq -v ON_ERROR_STOP=1 -d "$TARGET" -c "
    do \$\$ begin
        while not exists (select from bench_done) loop perform pg_sleep(0.005); end loop;
    end \$\$"
