# The built-in subscription, from its start to the last row of the backlog.
psql -Xq -v ON_ERROR_STOP=1 -d "$TARGET" -c "alter subscription bench enable"
# COMMIT lets its snapshot go: an old one would keep every version of the rows that change again and again.
psql -Xq -v ON_ERROR_STOP=1 -d "$TARGET" -c "
    do \$\$ begin
        while not exists (select from bench_done) loop commit; perform pg_sleep(0.005); end loop;
    end \$\$"
